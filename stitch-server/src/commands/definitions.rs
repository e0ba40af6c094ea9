//! `stitch-server export` and `import`: the registry document, out of the store and into it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use stitch_core::Definitions;

use super::source::Source as Document;
use super::visit::{At, Failure, tell};
use crate::audit::Action;
use crate::source::Source;
use crate::writes::{Change, Draft, Terms};

/// Write the store's registry document to standard output
#[derive(Args, Clone, Debug)]
pub struct Export {
    #[command(flatten)]
    at: At,
}

impl Export {
    /// Does it.
    pub fn run(&self) -> ExitCode {
        tell(self.at.open().and_then(|visit| Ok(format!("{}\n", visit.model()?.document()))))
    }
}

/// Put a registry document into the store
///
/// Where nothing is defined yet it is taken whole. Else it is a write like any other: what the document does not have
/// goes, no stage moves, a new flag is a draft, and flags that require approvals require them here too.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Exit status: 0 done, 1 refused, 2 the file or the store cannot be used.")]
pub struct Import {
    /// The registry file (JSON); `-` reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// An approval that it is made with; repeatable
    #[arg(long = "approval-id", value_name = "ID")]
    approvals: Vec<String>,
    #[command(flatten)]
    at: At,
}

impl Import {
    /// Does it.
    pub fn run(&self) -> ExitCode {
        tell(self.import())
    }

    fn import(&self) -> Result<String, Failure> {
        let text = Document::read(&self.file).map_err(Failure::Unusable)?.text;
        let refused =
            |refused: crate::source::Refused| Failure::Refused(crate::error::Error::definitions(&refused, None));
        Source::Store.compile(&text).map_err(refused)?;
        let definitions = Definitions::from_json(&text).map_err(|error| Failure::Unusable(error.to_string()))?;
        let document = definitions.document().clone().into_owned();
        let change = Change::ReplaceRegistry(document.clone());
        let approvals = self.approvals.clone();
        self.at.open()?.write(&Action::new("registry.import", "registry"), |draft: &mut Draft| {
            if draft.model().defines_nothing() {
                draft.import(document.clone());
                return Ok(());
            }
            let revision = Some(draft.model().head.revision);
            change.make(draft, &Terms::Make { revision, approvals: approvals.clone() }).map(|_| ())
        })?;
        Ok(String::new())
    }
}
