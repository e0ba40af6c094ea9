//! Commands on a store: beside a server that serves it, or without one.

use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::{REFUSED, SUCCESS, UNUSABLE, complain, emit};
use crate::audit::{Action, Verifier};
use crate::caller::Caller;
use crate::error::Error;
use crate::model::Model;
use crate::source::Source;
use crate::start::store::Place;
use crate::store::sqlite::{Access, DATABASE};
use crate::store::{AuditQuery, Store, StoreError};
use crate::writes::{Draft, visit};

/// Audit entries that are read at a time.
const PAGE: usize = 1_000;

/// Which store.
#[derive(Args, Clone, Debug)]
pub(super) struct At {
    /// Where everything is kept: the file of a server, or postgres://…
    #[arg(long, value_name = "PLACE", env = "STITCH_STORE", hide_env_values = true, default_value = DATABASE)]
    store: Place,
}

/// Why a command did not do what it was asked.
pub(super) enum Failure {
    /// The answer is no.
    Refused(Error),
    /// It could not be asked.
    Unusable(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Unusable(error.to_string())
    }
}

/// A store that a command visits.
pub(super) struct Visit {
    store: Arc<dyn Store>,
    runtime: tokio::runtime::Runtime,
}

impl At {
    /// A file that is the store.
    pub(super) fn of(file: &Path) -> Self {
        Self { store: Place::File(file.to_owned()) }
    }

    /// Where the store is.
    pub(super) fn place(&self) -> &Place {
        &self.store
    }

    pub(super) fn open(&self) -> Result<Visit, Failure> {
        if self.store == Place::Memory {
            return Err(in_memory());
        }
        let unusable = |error: &dyn std::fmt::Display| Failure::Unusable(error.to_string());
        let runtime = runtime()?;
        let store = runtime.block_on(self.store.open(Access::Visit)).map_err(|error| unusable(&error))?;
        Ok(Visit { store, runtime })
    }
}

/// Nobody else reaches it.
pub(super) fn in_memory() -> Failure {
    Failure::Unusable("a store in memory is gone with its server: name a file".to_owned())
}

/// For a command that waits for a store.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::Unusable(error.to_string()))
}

impl Visit {
    /// What the store holds.
    pub(super) fn model(&self) -> Result<Model, Failure> {
        let contents = self.runtime.block_on(self.store.load());
        contents.and_then(Model::read).map_err(|error| Failure::Unusable(error.to_string()))
    }

    /// Writes, by the same rules as a server.
    pub(super) fn write<T>(
        &self,
        action: &Action,
        decide: impl Fn(&mut Draft) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        let caller = Caller::operator_of_the_machine();
        Ok(self.runtime.block_on(visit::write(&*self.store, &caller, action, decide))?)
    }

    /// Goes through the whole audit log, and says how long it is, or what is wrong with it.
    pub(super) fn verify_audit(&self) -> Result<Result<u64, String>, Failure> {
        let unusable = |error: StoreError| Failure::Unusable(error.to_string());
        // Where it stands first: what a server writes meanwhile comes after.
        let head = self.runtime.block_on(self.store.head()).map_err(unusable)?;
        let mut verifier = Verifier::default();
        let mut after = 0;
        while after < head.audit {
            let limit = usize::try_from(head.audit - after).unwrap_or(PAGE).min(PAGE);
            let query = AuditQuery { flag: None, after, limit };
            let rows = self.runtime.block_on(self.store.audit(query)).map_err(unusable)?;
            let Some(last) = rows.last() else { break };
            after = last.seq;
            for row in &rows {
                if let Err(wrong) = verifier.row(row) {
                    return Ok(Err(wrong));
                }
            }
        }
        Ok(verifier.finish(&head))
    }

    /// Refuses an environment that the store's registry does not list; one that defines nothing may serve a file's.
    pub(super) fn check_env(&self, env: &str) -> Result<(), Failure> {
        let model = self.model()?;
        if model.settings.is_empty() && model.flags.is_empty() {
            return Ok(());
        }
        let registry = Source::Store.compile_model(&model).map_err(|refused| Failure::Unusable(refused.to_string()))?;
        Ok(crate::extract::environment(&registry.engine, env, "/env")?)
    }
}

/// Says what came of a command.
pub(super) fn tell(outcome: Result<String, Failure>) -> ExitCode {
    match outcome {
        Ok(answer) => emit(&answer, SUCCESS),
        Err(Failure::Unusable(why)) => complain(&format!("error: {why}\n"), UNUSABLE),
        Err(Failure::Refused(error)) => {
            let details = error.details.iter().map(|detail| detail.message.as_str());
            let parts: Vec<_> = std::iter::once(&*error.message).chain(details).collect();
            let hint = error.hint.map_or_else(String::new, |hint| format!(" ({hint})"));
            complain(&format!("error: {}{hint}\n", parts.join(": ")), REFUSED)
        }
    }
}

/// A password, from standard input: the command line is for everybody on the machine to read.
pub(super) fn password() -> Result<String, Failure> {
    let mut input = io::stdin().lock();
    if input.is_terminal() {
        // Where this cannot be written, the password can be given all the same.
        let _ = write!(io::stderr(), "password (it is shown; end with Enter and Ctrl-D): ");
    }
    let mut text = String::new();
    let read = input.by_ref().take(1 << 16).read_to_string(&mut text);
    read.map_err(|error| Failure::Unusable(format!("cannot read the password: {error}")))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}
