//! A write while it is decided.

use std::sync::Arc;

use serde_json::Value;

use crate::audit::{self, Action, Outcome};
use crate::caller::Caller;
use crate::error::{Code, Error};
use crate::instant::{self, of_the_clock};
use crate::model::{Model, Object, Stored};
use crate::store::{Commit, FeedRow, Head, Row, RowChange};

/// The model as it would be, and what is said of it.
#[derive(Debug)]
pub struct Draft {
    model: Model,
    caller: Caller,
    now: i64,
    /// The revision that this write gives.
    revision: u64,
    rows: Vec<RowChange>,
    records: Vec<(Option<Action>, Outcome)>,
    pub(super) defines: bool,
    feed: Vec<FeedRow>,
    /// Where what the caller sent stands in the registry document.
    pub(super) body: Option<String>,
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
    pub(super) fn decided<T>(
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
    pub(super) fn denied(self, model: &Model, error: &Error) -> Self {
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
    pub(super) fn put_back<T: Stored>(&mut self, key: &str, object: Arc<Object<T>>) {
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
    pub(super) fn body_is<T: Stored>(&mut self, key: &str) {
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

    /// Says what streams tell of this write: see [`feed::changes`](super::feed::changes).
    pub(super) fn tell(&mut self, feed: Vec<FeedRow>) {
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
