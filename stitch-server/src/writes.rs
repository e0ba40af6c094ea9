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

use serde_json::Value;

use crate::audit::{self, Action, Outcome};
use crate::caller::Caller;
use crate::error::{Code, Error};
use crate::hints::Kind;
use crate::instant::{self, of_the_clock};
use crate::model::{Model, Object, Stored};
use crate::source::Registry;
use crate::state::{AppState, Served};
use crate::store::{Commit, FeedRow, Head, Row, RowChange, StoreError};

pub mod approval;
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

pub use guard::{Need, Settled};
pub use wish::{Change, Terms};

/// How often a write is decided again because another process was faster.
const TRIES: usize = 5;

/// A write while it is decided: the model as it would be.
#[derive(Debug)]
pub struct Draft {
    model: Model,
    caller: Caller,
    now: i64,
    /// The revision that this write gives.
    revision: u64,
    rows: Vec<RowChange>,
    records: Vec<(Option<Action>, Outcome)>,
    defines: bool,
    feed: Vec<FeedRow>,
    /// Where what the caller sent stands in the registry document.
    body: Option<String>,
}

impl Draft {
    /// On a copy of what is there.
    pub fn new(model: &Model, caller: &Caller, now: i64) -> Self {
        Self {
            model: model.clone(),
            caller: caller.clone(),
            now,
            revision: model.head.revision + 1,
            rows: Vec::new(),
            records: Vec::new(),
            defines: false,
            feed: Vec::new(),
            body: None,
        }
    }

    /// A draft on which something was decided, and what came of it. Of what is denied nothing is left but an entry for
    /// the audit log.
    ///
    /// # Errors
    ///
    /// What is refused and is no denial.
    fn decided<T>(
        model: &Model,
        caller: &Caller,
        decide: impl Fn(&mut Self) -> Result<T, Error>,
    ) -> Result<(Self, Result<T, Error>), Error> {
        let mut draft = Self::new(model, caller, of_the_clock());
        match decide(&mut draft) {
            Err(error) if error.code.is_denial() => Ok((draft.denied(model, &error), Err(error))),
            Err(error) => Err(error),
            Ok(decided) => Ok((draft, Ok(decided))),
        }
    }

    /// What is left of a write that is denied.
    fn denied(self, model: &Model, error: &Error) -> Self {
        let mut denied = Self::new(model, &self.caller, self.now);
        denied.records.push((None, Outcome::Denied(error.code.as_str())));
        denied
    }

    /// The model as it would be.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Who writes.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// When (milliseconds), the same for all of the write.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// The revision that what is written gets.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Makes a thing, or writes it again; one that is written again keeps its place.
    pub fn put<T: Stored>(&mut self, key: &str, body: T) {
        let (revision, text) = (self.revision, body.write());
        let object = Arc::new(Object::new(revision, body, &text));
        self.rows.push(RowChange::Put(Row { kind: T::KIND.to_owned(), key: key.to_owned(), revision, body: text }));
        self.defines |= T::DEFINES;
        T::among_mut(&mut self.model).insert(key.to_owned(), object);
    }

    /// Takes back the last `put`, since it changed nothing.
    fn put_back<T: Stored>(&mut self, key: &str, object: Arc<Object<T>>) {
        self.rows.pop();
        T::among_mut(&mut self.model).insert(key.to_owned(), object);
    }

    /// Removes a thing.
    pub fn remove<T: Stored>(&mut self, key: &str) {
        self.rows.push(RowChange::Remove { kind: T::KIND.to_owned(), key: key.to_owned() });
        self.defines |= T::DEFINES;
        T::among_mut(&mut self.model).remove(key);
    }

    /// Says that the caller sent this very thing, so that what the core finds wrong with it points into the body.
    fn body_is<T: Stored>(&mut self, key: &str) {
        let index = T::among(&self.model).get_index_of(key);
        self.body = index.map(|index| format!("/{}/{index}", T::COLLECTION));
    }

    /// The thing as it was when the caller saw it.
    ///
    /// # Errors
    ///
    /// `not_found` if there is none, `invalid_request` without a revision, `conflict` if it was written since.
    pub fn seen<T: Stored>(&self, key: &str, revision: Option<u64>) -> Result<Arc<Object<T>>, Error> {
        let object = T::among(&self.model).get(key).ok_or_else(|| {
            let message = format!("there is no {} of this key", T::KIND.replace('_', " "));
            Error::new(Code::NotFound, message)
        })?;
        match revision {
            None => Err(Error::invalid("there is no `revision`").hint("say which one you saw: a read tells it")),
            Some(revision) if revision == object.revision => Ok(Arc::clone(object)),
            Some(_) => Err(Error::new(Code::Conflict, "it was written since you saw it")
                .hint(format!("it has revision {} now: read it again and decide again", object.revision))),
        }
    }

    /// Says in the audit log what this write does. Every write says at least one such thing.
    pub fn record(&mut self, from: Value, to: Value, approval_ref: Option<String>) {
        self.records.push((None, Outcome::Done { from, to, approval_ref }));
    }

    /// The same of something else that this write does along the way.
    pub fn record_also(&mut self, action: Action, from: Value, to: Value, approval_ref: Option<String>) {
        self.records.push((Some(action), Outcome::Done { from, to, approval_ref }));
    }

    /// Says what streams tell of this write: see [`feed::changes`].
    fn tell(&mut self, feed: Vec<FeedRow>) {
        for row in &feed {
            self.model.feed.push(row);
        }
        self.feed = feed;
    }

    /// What goes to the store, and the model that takes over.
    ///
    /// # Errors
    ///
    /// If nothing is said of it in the audit log, which is a mistake of ours.
    pub fn finish(mut self, action: &Action) -> Result<(Model, Commit), Error> {
        if self.records.is_empty() {
            return Err(Error::internal());
        }
        let seen = self.model.head.clone();
        let mut head = Head { revision: seen.revision + u64::from(!self.rows.is_empty()), ..seen.clone() };
        let at = instant::text(self.now);
        let chain = |(own, outcome): &(Option<Action>, Outcome)| {
            audit::chain(&mut head, &at, &self.caller.subject, own.as_ref().unwrap_or(action), outcome)
        };
        let audit = self.records.iter().map(chain).collect::<Result<_, _>>().map_err(|_| Error::internal())?;
        self.model.head = head.clone();
        Ok((self.model, Commit { seen, head, rows: self.rows, audit, feed: self.feed }))
    }
}

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
        let (before, model) = (Arc::clone(served), draft.model.clone());
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
