//! A registry document, into the store: whole, in place of what is there.

use serde_json::json;
use stitch_core::Json;

use super::Draft;
use crate::model::{Flag, OverrideRow, Segment, Settings, Stored};

impl Draft {
    /// Puts a document in place of all definitions. Whether it is sound, the core says once it is decided.
    pub fn import(&mut self, document: Json<'static>) {
        let before = self.counts();
        self.clear::<Flag>();
        self.clear::<Segment>();
        self.clear::<OverrideRow>();
        let Json::Object(members) = document else { return };
        let mut settings = Vec::new();
        for (key, value) in members {
            match (&*key, value) {
                ("flags", Json::Array(items)) => self.put_all(items, "key", Flag),
                ("segments", Json::Array(items)) => self.put_all(items, "key", Segment),
                ("overrides", Json::Array(items)) => self.put_all(items, "id", OverrideRow),
                ("segments" | "overrides", Json::Null) => {}
                (_, value) => settings.push((key, value)),
            }
        }
        self.put(Settings::KEY, Settings(Json::Object(settings)));
        self.record(before, self.counts(), None);
    }

    fn counts(&self) -> serde_json::Value {
        let model = self.model();
        json!({"flags": model.flags.len(), "segments": model.segments.len(), "overrides": model.overrides.len()})
    }

    fn clear<T: Stored>(&mut self) {
        let keys: Vec<String> = T::among(self.model()).keys().cloned().collect();
        keys.iter().for_each(|key| self.remove::<T>(key));
    }

    fn put_all<T: Stored>(&mut self, items: Vec<Json<'static>>, name: &str, make: fn(Json<'static>) -> T) {
        for item in items {
            let key = item.get(name).and_then(Json::as_text).unwrap_or_default().to_owned();
            self.put(&key, make(item));
        }
    }
}
