//! The parts of the registry document as one environment sees them.

use prost::Message;
use stitch_core::Json;
use stitch_sync::v1::{Definition, SyncResponse};

/// The parts that are told entry by entry.
const LISTS: [&str; 3] = ["flags", "segments", "overrides"];

/// A flag.
pub(crate) fn flag(flag: &Json<'_>, env: &str) -> String {
    flag.for_environment(env).to_string()
}

/// Everything else but segments and overrides, which are the same everywhere.
pub(crate) fn settings(document: Option<&Json<'_>>, env: &str) -> String {
    let members = match document {
        Some(Json::Object(members)) => members.as_slice(),
        _ => &[],
    };
    let own = members.iter().filter(|(key, _)| key != "environments" && !LISTS.contains(&&**key)).cloned();
    let listed = Json::from(vec![Json::from(env.to_owned())]);
    Json::Object(own.chain([("environments".into(), listed)]).collect()).to_string()
}

/// All of it, as it is sent.
pub(super) fn snapshot(document: &Json<'_>, env: &str, history: &str, number: u64) -> Vec<u8> {
    let list = |name: &str, id: &str, view: &dyn Fn(&Json<'_>) -> String| -> Vec<Definition> {
        let Some(Json::Array(entries)) = document.get(name) else { return Vec::new() };
        let key = |entry: &Json<'_>| entry.get(id).and_then(Json::as_text).unwrap_or_default().to_owned();
        entries.iter().map(|entry| Definition { key: key(entry), json: view(entry) }).collect()
    };
    let message = SyncResponse {
        history_id: history.to_owned(),
        sequence_number: number,
        snapshot: true,
        settings: Some(settings(Some(document), env)),
        flags: list("flags", "key", &|entry| flag(entry, env)),
        segments: list("segments", "key", &|entry| entry.to_string()),
        overrides: list("overrides", "id", &|entry| entry.to_string()),
        ..SyncResponse::default()
    };
    message.encode_to_vec()
}
