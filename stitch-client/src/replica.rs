//! Holds what the messages say, by the letter of the contract (`spec/service.md`, section 11, "Definition sync").

use indexmap::IndexMap;
use stitch_core::{Definitions, DefinitionsError, Engine, Json};
use stitch_sync::v1::{Definition, SyncResponse};

/// By key, in the order of the document; each as it came, since a text takes a fraction of what it is once it is read.
type Entries = IndexMap<String, String>;

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
        if *snapshot {
            *self = Self { history: history_id.clone(), number: *sequence_number, ..Self::default() };
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
            if lists.iter().any(|(entries, removed)| removed.iter().any(|key| !entries.contains_key(key))) {
                return Err(Gap::Unsound);
            }
            self.number = expected;
        }
        if let Some(settings) = settings {
            self.settings.clone_from(settings);
        }
        change(&mut self.flags, &message.removed_flags, message.flags);
        change(&mut self.segments, &message.removed_segments, message.segments);
        change(&mut self.overrides, &message.removed_overrides, message.overrides);
        Ok(true)
    }

    /// All of it as one message.
    pub(crate) fn to_snapshot(&self) -> SyncResponse {
        let list = |entries: &Entries| {
            entries.iter().map(|(key, json)| Definition { key: key.clone(), json: json.clone() }).collect()
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
        let mut members = match Json::parse(&self.settings)? {
            Json::Object(members) => members,
            // The core says what is wrong with a document that is none.
            _ => Vec::new(),
        };
        for (name, entries) in [("flags", &self.flags), ("segments", &self.segments), ("overrides", &self.overrides)] {
            let read: Result<_, _> = entries.values().map(Json::parse).collect();
            members.push((name.into(), Json::Array(read?)));
        }
        Engine::compile_lenient(Definitions::from_document(Json::Object(members))?)
    }
}

fn change(entries: &mut Entries, removed: &[String], put: Vec<Definition>) {
    for key in removed {
        entries.shift_remove(key);
    }
    entries.extend(put.into_iter().map(|Definition { key, json }| (key, json)));
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
