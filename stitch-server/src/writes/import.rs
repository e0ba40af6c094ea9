//! A registry document, into the store: as it is where nothing is yet, else by the rules of every write.

use std::collections::HashSet;

use serde_json::{Value, json};
use stitch_core::{Json, Member};

use super::guard::{Settled, to_value};
use super::wish::Terms;
use super::{Draft, flag, override_row};
use crate::audit::Action;
use crate::caller::Permission;
use crate::error::{Code, Error};
use crate::model::{Flag, OverrideRow, Segment, Settings, Stored};

impl Draft {
    /// Fills a store in which nothing is defined, stages and all.
    pub fn import(&mut self, document: Json<'static>) {
        let before = self.counts();
        let Parts { settings, flags, segments, overrides } = Parts::of(document);
        self.put_all(flags, "key", Flag);
        self.put_all(segments, "key", Segment);
        self.put_all(overrides, "id", OverrideRow);
        self.put(Settings::KEY, Settings(settings));
        self.record(before, self.counts(), None);
    }

    fn counts(&self) -> Value {
        let model = self.model();
        json!({"flags": model.flags.len(), "segments": model.segments.len(), "overrides": model.overrides.len()})
    }

    fn put_all<T: Stored>(&mut self, items: Vec<Json<'static>>, name: &str, make: fn(Json<'static>) -> T) {
        for item in items {
            self.put(&name_of(&item, name), make(item));
        }
    }
}

/// A document by its kinds.
struct Parts {
    settings: Json<'static>,
    flags: Vec<Json<'static>>,
    segments: Vec<Json<'static>>,
    overrides: Vec<Json<'static>>,
}

impl Parts {
    fn of(document: Json<'static>) -> Self {
        let (mut flags, mut segments, mut overrides) = (Vec::new(), Vec::new(), Vec::new());
        let mut settings: Vec<Member<'static>> = Vec::new();
        if let Json::Object(members) = document {
            for (key, value) in members {
                match (&*key, value) {
                    ("flags", Json::Array(items)) => flags = items,
                    ("segments", Json::Array(items)) => segments = items,
                    ("overrides", Json::Array(items)) => overrides = items,
                    ("flags" | "segments" | "overrides", _) => {}
                    (_, value) => settings.push((key, value)),
                }
            }
        }
        Self { settings: Json::Object(settings), flags, segments, overrides }
    }
}

/// Writes all definitions as a sound document has them: what it does not have goes, what is the same stays untouched,
/// and no stage moves.
pub(super) fn replace(draft: &mut Draft, document: &Json<'static>, terms: &Terms) -> Result<Settled, Error> {
    draft.caller().require(Permission::FlagsWrite, None)?;
    draft.caller().require(Permission::OverridesWrite, None)?;
    if let Terms::Make { revision, .. } = terms {
        let now = draft.model().head.revision;
        match revision {
            None => return Err(Error::invalid("there is no `revision`").hint("say which one you saw: a read tells it")),
            Some(revision) if *revision != now => {
                return Err(Error::new(Code::Conflict, "the store was written to since you saw it")
                    .hint(format!("it has revision {now} now: read it again and decide again")));
            }
            Some(_) => {}
        }
    }
    let before = draft.model().clone();
    let counts = draft.counts();
    let Parts { settings, flags, segments, overrides } = Parts::of(document.clone());
    // First, since the listed environments say which patches there can be.
    if draft.model().settings.get(Settings::KEY).is_none_or(|old| old.body.0 != settings) {
        draft.put(Settings::KEY, Settings(settings));
    }
    for document in &segments {
        let key = name_of(document, "key");
        let old = draft.model().segments.get(&key).map(|old| old.body.0.clone());
        if old.as_ref() != Some(document) {
            draft.put(&key, Segment(document.clone()));
            note(draft, Action::new("segment.import", key), old.as_ref(), Some(to_value(document)));
        }
    }
    for document in &flags {
        let key = name_of(document, "key");
        let old = draft.model().flags.get(&key).cloned();
        let to = flag::write(draft, &key, document);
        match old {
            Some(old) if to_value(&old.body.0) == to => draft.put_back(&key, old),
            old => {
                note(draft, Action::on_flag("flag.import", key), old.map(|old| old.body.0.clone()).as_ref(), Some(to));
            }
        }
    }
    for document in &overrides {
        let id = name_of(document, "id");
        let old = draft.model().overrides.get(&id).cloned();
        let to = override_row::write(draft, &id, document, None);
        match old {
            Some(old) if to_value(&old.body.0) == to => draft.put_back(&id, old),
            old => {
                let action = Action { target: id, ..Action::on_flag("override.import", name_of(document, "flag_key")) };
                note(draft, action, old.map(|old| old.body.0.clone()).as_ref(), Some(to));
            }
        }
    }
    remove_others::<OverrideRow>(draft, &overrides, "id", |id, row| Action {
        target: id,
        ..Action::on_flag("override.delete", name_of(row, "flag_key"))
    });
    remove_others::<Segment>(draft, &segments, "key", |key, _| Action::new("segment.delete", key));
    let removed = remove_others::<Flag>(draft, &flags, "key", |key, _| Action::on_flag("flag.delete", key));
    let settled = draft.settle(&before, None, terms, None)?;
    for key in &removed {
        flag::remove_approvals(draft, key);
    }
    draft.record(counts, draft.counts(), settled.approval_ref());
    Ok(settled)
}

/// Removes what a document does not have, and gives the keys.
fn remove_others<T: Stored + AsRef<Json<'static>>>(
    draft: &mut Draft,
    kept: &[Json<'static>],
    name: &str,
    action: impl Fn(String, &Json<'static>) -> Action,
) -> Vec<String> {
    let kept: HashSet<String> = kept.iter().map(|document| name_of(document, name)).collect();
    let gone = T::among(draft.model()).iter().filter(|(key, _)| !kept.contains(*key));
    let gone: Vec<_> = gone.map(|(key, object)| (key.clone(), object.body.as_ref().clone())).collect();
    for (key, body) in &gone {
        draft.remove::<T>(key);
        note(draft, action(key.clone(), body), Some(body), None);
    }
    gone.into_iter().map(|(key, _)| key).collect()
}

fn note(draft: &mut Draft, action: Action, from: Option<&Json<'static>>, to: Option<Value>) {
    draft.record_also(action, from.map(to_value).unwrap_or_default(), to.unwrap_or_default(), None);
}

/// What a document calls itself; a sound one does.
fn name_of(document: &Json<'_>, key: &str) -> String {
    document.get(key).and_then(Json::as_text).unwrap_or_default().to_owned()
}
