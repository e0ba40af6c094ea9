//! Holds what the messages say, by the letter of the contract (`spec/service.md`, section 11, "Definition sync").

use std::sync::Arc;

use indexmap::IndexMap;
use stitch_core::{DefinitionsError, Engine, Json, Parts};
use stitch_sync::v1::{Definition, SyncResponse};

/// By key, in the order of the document; each as it came, since a text takes a fraction of what it is once it is read.
/// Shared with what was compiled last: where a text stays the same, it is that very text, and need not be compiled again.
type Entries = Arc<IndexMap<Arc<str>, Arc<str>>>;

/// The definitions of one environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replica {
    history: String,
    number: u64,
    settings: String,
    flags: Entries,
    segments: Entries,
    overrides: Entries,
}

/// A message that cannot follow what is there.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Gap {
    #[error("the server is at number {told} and this client at {had}: asking for what is between")]
    Number { had: u64, told: u64 },
    #[error("the server tells of another history without a snapshot: asking for one")]
    History,
    #[error("a change removes what is not there: asking for a snapshot")]
    Unsound,
}

impl Replica {
    /// Which history it is of; empty for none.
    pub(crate) fn history(&self) -> &str {
        &self.history
    }

    /// The last change that is in it; 0 for none.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Takes a message over, whole or not at all; tells whether that changed anything.
    pub(crate) fn apply(&mut self, message: SyncResponse) -> Result<bool, Gap> {
        let SyncResponse { history_id, sequence_number, snapshot, heartbeat, settings, .. } = &message;
        let is_whole = *snapshot;
        if is_whole {
            (self.history, self.number) = (history_id.clone(), *sequence_number);
            self.settings.clear();
            for (entries, put) in [
                (&mut self.flags, &message.flags),
                (&mut self.segments, &message.segments),
                (&mut self.overrides, &message.overrides),
            ] {
                retain(entries, put);
            }
        } else {
            if *history_id != self.history {
                return Err(Gap::History);
            }
            let expected = if *heartbeat { self.number } else { self.number + 1 };
            if *sequence_number != expected {
                return Err(Gap::Number { had: self.number, told: *sequence_number });
            }
            if *heartbeat {
                return Ok(false);
            }
            let lists = [
                (&self.flags, &message.removed_flags),
                (&self.segments, &message.removed_segments),
                (&self.overrides, &message.removed_overrides),
            ];
            if lists.iter().any(|(entries, removed)| removed.iter().any(|key| !entries.contains_key(&**key))) {
                return Err(Gap::Unsound);
            }
            self.number = expected;
        }
        if let Some(settings) = settings {
            self.settings.clone_from(settings);
        }
        // In a snapshot nothing is there to be removed.
        let removed = |keys: Vec<String>| if is_whole { Vec::new() } else { keys };
        change(&mut self.flags, &removed(message.removed_flags), message.flags);
        change(&mut self.segments, &removed(message.removed_segments), message.segments);
        change(&mut self.overrides, &removed(message.removed_overrides), message.overrides);
        Ok(true)
    }

    /// All of it as one message.
    pub(crate) fn to_snapshot(&self) -> SyncResponse {
        let list = |entries: &Entries| {
            entries.iter().map(|(key, json)| Definition { key: key.to_string(), json: json.to_string() }).collect()
        };
        SyncResponse {
            history_id: self.history.clone(),
            sequence_number: self.number,
            snapshot: true,
            settings: Some(self.settings.clone()),
            flags: list(&self.flags),
            segments: list(&self.segments),
            overrides: list(&self.overrides),
            ..SyncResponse::default()
        }
    }

    /// Compiles it as a client does that hears of a newer server: what it cannot read is set aside, the rest serves.
    pub(crate) fn compile(&self) -> Result<Engine, DefinitionsError> {
        Engine::compile_parts_lenient(&self.parts(&self.settings()?))
    }

    /// The same, where an engine was compiled from what was there before: in a time that goes with what changed.
    pub(crate) fn recompile(&self, before: &Self, engine: &Engine) -> Result<Engine, DefinitionsError> {
        let (old, new) = (before.settings()?, self.settings()?);
        engine.recompile_parts(&before.parts(&old), &self.parts(&new))
    }

    fn settings(&self) -> Result<Json<'_>, DefinitionsError> {
        match Json::parse(&self.settings)? {
            settings @ Json::Object(_) => Ok(settings),
            // The core says what is wrong with a document that says nothing.
            _ => Ok(Json::Object(Vec::new())),
        }
    }

    fn parts<'a>(&'a self, settings: &'a Json<'a>) -> Parts<'a, &'a str> {
        let list = |entries: &'a Entries| entries.values().map(|text| &**text).collect();
        Parts {
            settings: Some(settings),
            flags: list(&self.flags),
            segments: list(&self.segments),
            overrides: list(&self.overrides),
        }
    }
}

/// Before a snapshot puts all of its entries: those that are there stand in its order, with a place for each other one.
fn retain(entries: &mut Entries, put: &[Definition]) {
    let nothing: Arc<str> = Arc::default();
    let entry = |Definition { key, .. }: &Definition| match entries.get_key_value(&**key) {
        Some((key, text)) => (Arc::clone(key), Arc::clone(text)),
        None => (key.as_str().into(), Arc::clone(&nothing)),
    };
    *entries = Arc::new(put.iter().map(entry).collect());
}

fn change(entries: &mut Entries, removed: &[String], put: Vec<Definition>) {
    if removed.is_empty() && put.is_empty() {
        return;
    }
    let entries = Arc::make_mut(entries);
    for key in removed {
        entries.shift_remove(&**key);
    }
    for Definition { key, json } in put {
        if entries.get(&*key).is_none_or(|text| **text != *json) {
            entries.insert(key.into(), json.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: &str = r#"{"schema_version":"1.0","environments":["prod"]}"#;

    fn flag(key: &str, default: bool) -> Definition {
        let json = format!(r#"{{"key":"{key}","default_value":{default}}}"#);
        Definition { key: key.to_owned(), json }
    }

    fn snapshot(number: u64, flags: &[&str]) -> SyncResponse {
        SyncResponse {
            history_id: "h".to_owned(),
            sequence_number: number,
            snapshot: true,
            settings: Some(SETTINGS.to_owned()),
            flags: flags.iter().map(|key| flag(key, false)).collect(),
            ..SyncResponse::default()
        }
    }

    fn change(number: u64) -> SyncResponse {
        SyncResponse { history_id: "h".to_owned(), sequence_number: number, ..SyncResponse::default() }
    }

    fn keys(replica: &Replica) -> Vec<String> {
        replica.compile().unwrap().flag_keys().map(str::to_owned).collect()
    }

    #[test]
    fn a_change_removes_first_keeps_places_and_appends() {
        let mut replica = Replica::default();
        assert!(replica.apply(snapshot(1, &["a", "b", "c"])).unwrap());
        let put = vec![flag("d", true), flag("b", true), flag("a", true)];
        let message = SyncResponse { removed_flags: vec!["a".to_owned()], flags: put, ..change(2) };
        assert!(replica.apply(message).unwrap());
        assert_eq!(keys(&replica), ["b", "c", "d", "a"]);
        assert_eq!(replica.number(), 2);
        let mut again = Replica::default();
        again.apply(replica.to_snapshot()).unwrap();
        assert_eq!(again.to_snapshot(), replica.to_snapshot());
        replica.apply(snapshot(9, &["z"])).unwrap();
        assert_eq!(keys(&replica), ["z"]);
    }

    #[test]
    fn a_snapshot_gives_the_order_whatever_was_there() {
        let mut replica = Replica::default();
        replica.apply(snapshot(1, &["a", "b", "c"])).unwrap();
        let again = SyncResponse { removed_flags: vec!["c".to_owned()], ..snapshot(2, &["c", "new", "a"]) };
        let kept = replica.clone();
        replica.apply(again).unwrap();
        assert_eq!(keys(&replica), ["c", "new", "a"]);
        let is_shared = |key| Arc::ptr_eq(&replica.flags[key], &kept.flags[key]);
        assert!(is_shared("a") && is_shared("c"), "a text that stays the same is the very same");
        let engine = replica.recompile(&kept, &kept.compile().unwrap()).unwrap();
        assert!(engine.flag_keys().eq(["c", "new", "a"]));
    }

    #[test]
    fn what_does_not_follow_changes_nothing() {
        let mut replica = Replica::default();
        replica.apply(snapshot(5, &["a"])).unwrap();
        let before = replica.to_snapshot();
        let other = SyncResponse { history_id: "other".to_owned(), ..change(6) };
        let gone = vec!["a".to_owned(), "b".to_owned()];
        for (message, gap) in [
            (change(5), Gap::Number { had: 5, told: 5 }),
            (change(7), Gap::Number { had: 5, told: 7 }),
            (SyncResponse { heartbeat: true, ..change(6) }, Gap::Number { had: 5, told: 6 }),
            (other.clone(), Gap::History),
            (SyncResponse { heartbeat: true, ..other }, Gap::History),
            (SyncResponse { removed_flags: gone, ..change(6) }, Gap::Unsound),
        ] {
            assert_eq!(replica.apply(message), Err(gap));
            assert_eq!(replica.to_snapshot(), before);
        }
        assert_eq!(replica.apply(SyncResponse { heartbeat: true, ..change(5) }), Ok(false));
    }

    #[test]
    fn what_a_newer_server_says_is_set_aside_and_a_document_that_makes_no_sense_refused() {
        let mut replica = Replica::default();
        let newer = r#"{"key":"n","default_value":false,"rules":[{"id":"r","when":{"attr":"a","op":"newer","value":1},"serve":"on"}]}"#;
        let mut message = snapshot(1, &["a"]);
        message.flags.push(Definition { key: "n".to_owned(), json: newer.to_owned() });
        replica.apply(message).unwrap();
        let engine = replica.compile().unwrap();
        let context = stitch_core::Context::user("U-1");
        assert_eq!(engine.evaluate("n", &context).reason.as_str(), "flag_invalid");
        assert_eq!(engine.evaluate("a", &context).reason.as_str(), "default");
        for settings in ["", "7", "{}", r#"{"schema_version":"9.0"}"#] {
            let message = SyncResponse { settings: Some(settings.to_owned()), ..snapshot(1, &["a"]) };
            replica.apply(message).unwrap();
            assert!(replica.compile().is_err(), "{settings}");
        }
    }
}
