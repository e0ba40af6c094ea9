//! The one way to write: decided on a copy of the model, checked by the core, committed by the store, then served.
//!
//! ```text
//! Draft (a copy of the model) ──decide──▶ rows + audit entries ──compile──▶ Registry ──commit──▶ takes over
//! ```
//!
//! Deciding is pure and quick, and one at a time; whoever lost a race decides again on what won. What is denied leaves
//! an entry in the audit log and nothing else.

use std::sync::Arc;
use std::time::Instant;

use crate::audit::Action;
use crate::caller::Caller;
use crate::error::{Code, Error};
use crate::hints::Kind;
use crate::model::Model;
use crate::source::Registry;
use crate::state::{AppState, Served};
use crate::store::{FeedRow, Head, StoreError};

pub mod approval;
mod draft;
mod feed;
mod flag;
mod guard;
mod import;
mod override_row;
mod references;
pub mod rollback;
mod segment;
pub mod stage;
pub mod visit;
pub mod wish;

pub use draft::Draft;
pub use guard::{Need, Settled};
pub use wish::{Change, Terms};

/// How often a write is decided again because another process was faster.
const TRIES: usize = 5;

impl AppState {
    /// Writes what `decide` decides, and answers once it is durable and serves. A refusal writes nothing but, where it
    /// is a denial, an entry in the audit log.
    ///
    /// # Errors
    ///
    /// What `AppState::may_write` and `decide` refuse; `invalid_request` where the core refuses the definitions as they would be;
    /// `not_ready` where the store is away.
    pub async fn write<T: Send + 'static>(
        &self,
        caller: Caller,
        action: Action,
        decide: impl Fn(&mut Draft) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.may_write()?;
        let state = self.clone();
        // On its own: a caller that goes away meanwhile must not leave the store ahead of what serves.
        let write = async move { state.write_in_turn(&caller, &action, decide).await };
        tokio::spawn(write).await.unwrap_or_else(|_| Err(Error::internal()))
    }

    async fn write_in_turn<T>(
        &self,
        caller: &Caller,
        action: &Action,
        decide: impl Fn(&mut Draft) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let _turn = self.turn().await;
        for _ in 0..TRIES {
            let served = self.load_full();
            let (mut draft, mut decided) = Draft::decided(&served.model, caller, &decide)?;
            let registry = match self.registry_of(&draft, &served).await {
                Ok(None) => None,
                Ok(Some((registry, feed))) => {
                    draft.tell(feed);
                    Some(registry)
                }
                Err(error) if error.code.is_denial() => {
                    draft = draft.denied(&served.model, &error);
                    decided = Err(error);
                    None
                }
                Err(error) => return Err(error),
            };
            let (model, commit) = draft.finish(action)?;
            let (before, hint) = (served.model.head.revision, Kind::of(&commit.rows, &served.model));
            drop(served);
            let began = Instant::now();
            let committed = self.store().commit(commit).await;
            self.metrics().committed(began.elapsed());
            match committed {
                Ok(()) => {
                    let revision = model.head.revision;
                    self.take_model(model, registry);
                    if revision > before {
                        self.hints().tell(hint, revision);
                    }
                    return decided;
                }
                Err(StoreError::Conflict) => self.reload_in_turn().await.map_err(|error| self.away(&error))?,
                Err(error) => return Err(self.away(&error)),
            }
        }
        Err(Error::new(Code::Conflict, "others write all the time").hint("try again"))
    }

    /// Refuses every write while anybody may say who they are, and send it in the clear. Nothing is kept of the attempt
    /// either: it would be a write that anybody can cause.
    ///
    /// # Errors
    ///
    /// `forbidden`.
    pub(crate) fn may_write(&self) -> Result<(), Error> {
        if !self.settings().insecure_dev_context {
            return Ok(());
        }
        Err(Error::new(
            Code::Forbidden,
            "this server was started with `--insecure-dev-context`, and refuses all writes",
        )
        .hint("start it with `--auth jwt` to write to it from other machines"))
    }

    /// The registry as it would be, and what streams tell of it, where the write changes it.
    async fn registry_of(
        &self,
        draft: &Draft,
        served: &Arc<Served>,
    ) -> Result<Option<(Registry, Vec<FeedRow>)>, Error> {
        if !draft.defines {
            return Ok(None);
        }
        let source = self.source().clone();
        if !source.is_written_here() {
            return Err(Error::new(Code::Conflict, "the definitions come from a file, and are written there")
                .hint("edit the file, or start the server without `--registry`"));
        }
        let (before, model) = (Arc::clone(served), draft.model().clone());
        // A large registry takes a while: not on a thread that answers.
        let compile =
            move || Ok((source.recompile_model(&model, &before.registry)?, feed::changes(&before.model, &model)));
        let compiled = tokio::task::spawn_blocking(compile).await.map_err(|_| Error::internal())?;
        compiled.map(Some).map_err(|refused| Error::definitions(&refused, draft.body.as_deref()))
    }

    /// Takes over what another process wrote. The caller has the turn.
    async fn reload_in_turn(&self) -> Result<(), StoreError> {
        let before = self.load_full();
        let model = Model::read_after(self.store().load().await?, &before.model)?;
        check_onward(&before.model.head, &model.head)?;
        let source = self.source().clone();
        if !source.is_written_here() {
            self.take_model(model, None);
            return Ok(());
        }
        let compile = move || (source.recompile_model(&model, &before.registry), model);
        match tokio::task::spawn_blocking(compile).await {
            Ok((Ok(registry), model)) => self.take_model(model, Some(registry)),
            Ok((Err(refused), _)) => return Err(StoreError::Unusable(refused.to_string())),
            Err(_) => return Err(StoreError::Away("compiling its registry failed".to_owned())),
        }
        Ok(())
    }

    /// Takes over what another process wrote, if there is anything new.
    ///
    /// # Errors
    ///
    /// If the store is away, or holds nothing that can serve.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        if self.store().head().await? == self.load().model.head {
            return Ok(());
        }
        let _turn = self.turn().await;
        if self.store().head().await? == self.load().model.head {
            return Ok(());
        }
        self.reload_in_turn().await
    }
}

/// Refuses a store that lost writes which were seen here, such as a database whose stand-in lacked the last ones.
fn check_onward(known: &Head, now: &Head) -> Result<(), StoreError> {
    if now.history == known.history && now.audit < known.audit {
        return Err(StoreError::Unusable(format!(
            "it went back from entry {} of its audit log to {}: `backup` and `restore` make another history of what is \
             left, or start the server anew to go on with it",
            known.audit, now.audit
        )));
    }
    Ok(())
}

/// What a caller is told of a store that does not answer. Why, its health says, and its log.
pub(crate) fn away(error: &StoreError) -> Error {
    let (message, hint) = match error {
        StoreError::Unsettled(_) => (
            "the store went away while it wrote; whether that was done shows once it is back",
            "evaluations go on; read again later, or send events again under the same `event_id`",
        ),
        _ => ("the store is away; nothing was written", "evaluations go on; try again later, and see the server's log"),
    };
    Error::new(Code::NotReady, message).hint(hint)
}
