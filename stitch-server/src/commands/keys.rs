//! `stitch-server keys`: the keys of SDK clients, by the same functions as `/v1/keys`.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::table::table;
use super::visit::{At, Failure, tell};
use crate::audit::Action;
use crate::auth::sdk_keys::Fresh;
use crate::error::Error;

/// Make, list and revoke the keys of SDK clients.
#[derive(Args, Debug)]
pub struct Keys {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key for one environment; it is shown this once
    Create {
        #[command(flatten)]
        at: At,
        /// Environment that it may ask for
        #[arg(long)]
        env: String,
        /// What it is for, in your words
        #[arg(long)]
        name: String,
    },
    /// List the keys, without the keys themselves
    List {
        #[command(flatten)]
        at: At,
    },
    /// Revoke a key, for good
    Revoke {
        #[command(flatten)]
        at: At,
        /// Its id: what stands between `stitch_` and the next `_`
        id: String,
    },
}

impl Keys {
    /// Does it, and says what came of it.
    pub fn run(&self) -> ExitCode {
        tell(self.command.run())
    }
}

impl Command {
    fn run(&self) -> Result<String, Failure> {
        match self {
            Self::Create { at, env, name } => {
                let visit = at.open()?;
                visit.check_env(env)?;
                let fresh = Fresh::make().map_err(|_| Error::internal())?;
                let action = Action::new("sdk_key.create", fresh.id.clone()).in_env(Some(env));
                visit.write(&action, |draft| draft.create_key(&fresh, env, name))?;
                Ok(format!("{}\n", fresh.key))
            }
            Self::List { at } => {
                let model = at.open()?.model()?;
                let rows = model.keys.iter().map(|(id, key)| {
                    let key = &key.body;
                    let state =
                        key.revoked_at.as_ref().map_or_else(|| "valid".to_owned(), |at| format!("revoked {at}"));
                    vec![id.clone(), key.env.clone(), key.name.clone(), key.created_at.clone(), state]
                });
                Ok(table(&["id", "env", "name", "created", "state"], &rows.collect::<Vec<_>>()))
            }
            Self::Revoke { at, id } => {
                let action = Action::new("sdk_key.revoke", id.clone());
                at.open()?.write(&action, |draft| draft.revoke_key(id))?;
                Ok(format!("revoked {id}\n"))
            }
        }
    }
}
