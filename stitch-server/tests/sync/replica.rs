//! Holds what the messages say, by the letter of the contract, and evaluates with it.

use indexmap::IndexMap;
use stitch_core::{Definitions, Engine};
use stitch_sync::v1::{Definition, SyncResponse};

type Entries = IndexMap<String, String>;

#[derive(Default)]
pub(crate) struct Replica {
    pub(crate) history: String,
    pub(crate) number: u64,
    settings: String,
    flags: Entries,
    segments: Entries,
    overrides: Entries,
}

impl Replica {
    /// Takes a message over.
    #[track_caller]
    pub(crate) fn apply(&mut self, message: SyncResponse) {
        if message.heartbeat {
            assert_eq!((&message.history_id, message.sequence_number), (&self.history, self.number));
            return;
        }
        if message.snapshot {
            *self = Self { history: message.history_id.clone(), ..Self::default() };
        } else {
            assert_eq!((&message.history_id, message.sequence_number), (&self.history, self.number + 1), "a gap");
        }
        self.number = message.sequence_number;
        if let Some(settings) = message.settings {
            self.settings = settings;
        }
        change(&mut self.flags, &message.removed_flags, message.flags);
        change(&mut self.segments, &message.removed_segments, message.segments);
        change(&mut self.overrides, &message.removed_overrides, message.overrides);
    }

    /// The registry document that they make up.
    pub(crate) fn document(&self) -> String {
        let list = |entries: &Entries| entries.values().map(String::as_str).collect::<Vec<_>>().join(",");
        let settings = self.settings.strip_suffix('}').unwrap();
        let comma = if settings == "{" { "" } else { "," };
        let (flags, segments, overrides) = (list(&self.flags), list(&self.segments), list(&self.overrides));
        format!(r#"{settings}{comma}"flags":[{flags}],"segments":[{segments}],"overrides":[{overrides}]}}"#)
    }

    pub(crate) fn engine(&self) -> Engine {
        Engine::compile(Definitions::from_json(&self.document()).unwrap()).unwrap()
    }
}

#[track_caller]
fn change(entries: &mut Entries, removed: &[String], put: Vec<Definition>) {
    for key in removed {
        assert!(entries.shift_remove(key).is_some(), "{key} is removed and was not there");
    }
    for Definition { key, json } in put {
        entries.insert(key, json);
    }
}
