//! `stitch-server signing-keys`: what the tokens of this server are signed with.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::table::table;
use super::visit::{At, Failure, tell};
use crate::audit::Action;
use crate::auth::signing::{self, Term};
use crate::error::Error;
use crate::instant::{self, of_the_clock};

/// List and rotate what the tokens of people are signed with.
#[derive(Args, Debug)]
pub struct SigningKeys {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the keys, without the keys themselves
    List {
        #[command(flatten)]
        at: At,
    },
    /// Make a key that signs five minutes from now on; what was signed before stays valid until it expires
    Rotate {
        #[command(flatten)]
        at: At,
        /// It signs at once, and all other keys are removed: everybody has to log in again. For when somebody else may
        /// know a key
        #[arg(long)]
        at_once: bool,
    },
}

impl SigningKeys {
    /// Does it, and says what came of it.
    pub fn run(&self) -> ExitCode {
        tell(self.command.run())
    }
}

impl Command {
    fn run(&self) -> Result<String, Failure> {
        match self {
            Self::List { at } => {
                let model = at.open()?.model()?;
                let now = of_the_clock();
                let signer = signing::signer(&model, now).map(|term| term.id);
                let rows = signing::terms(&model).into_iter().map(|term| {
                    vec![term.id.to_owned(), instant::text(term.key.created_at), state(&term, signer, now)]
                });
                Ok(table(&["id", "created", "state"], &rows.collect::<Vec<_>>()))
            }
            Self::Rotate { at, at_once } => {
                let visit = at.open()?;
                let (id, key) = signing::make(of_the_clock()).map_err(|_| Error::internal())?;
                let action = Action::new("signing_key.rotate", id.clone());
                let signs_from = visit.write(&action, |draft| {
                    draft.rotate_signing_key(&id, &key, *at_once);
                    Ok(signing::terms(draft.model()).last().map_or(i64::MIN, |term| term.signs_from))
                })?;
                Ok(if signs_from == i64::MIN {
                    format!("{id} signs from now on: everybody has to log in again\n")
                } else {
                    format!("{id} signs from {} on: nobody has to log in again\n", instant::text(signs_from))
                })
            }
        }
    }
}

fn state(term: &Term<'_>, signer: Option<&str>, now: i64) -> String {
    if signer == Some(term.id) {
        "signs".to_owned()
    } else if now < term.signs_from {
        format!("signs from {} on", instant::text(term.signs_from))
    } else if now < term.counts_until {
        format!("counts until {}", instant::text(term.counts_until))
    } else {
        "is over".to_owned()
    }
}
