//! The parts of the registry document as one environment sees them.

use prost::Message;
use stitch_core::{Json, Parts};
use stitch_sync::v1::{Definition, SyncResponse};

use super::pieces::{Piece, cut};

/// The parts that are told entry by entry.
const LISTS: [&str; 3] = ["flags", "segments", "overrides"];

/// A flag.
pub(crate) fn flag(flag: &Json<'_>, env: &str) -> String {
    flag.for_environment(env).to_string()
}

/// Everything else but segments and overrides, which are the same everywhere.
pub(crate) fn settings(document: Option<&Json<'_>>, env: &str) -> String {
    let members = match (Parts { settings: document, ..Parts::default() }).document() {
        Json::Object(members) => members,
        _ => Vec::new(),
    };
    let own = members.into_iter().filter(|(key, _)| key != "environments" && !LISTS.contains(&&**key));
    let listed = Json::from(vec![Json::from(env.to_owned())]);
    Json::Object(own.chain([("environments".into(), listed)]).collect()).to_string()
}

/// The beginning of a snapshot: all of it but the lists.
pub(super) fn beginning(parts: &Parts<'_>, env: &str, history: &str, number: u64) -> Vec<u8> {
    let message = SyncResponse {
        history_id: history.to_owned(),
        sequence_number: number,
        snapshot: true,
        settings: Some(settings(parts.settings, env)),
        ..SyncResponse::default()
    };
    message.encode_to_vec()
}

/// The rest of it: a message's encoding is that of its fields, one after the other.
pub(super) fn pieces(parts: &Parts<'_>, env: &str, [flags, segments, overrides]: [&[Piece]; 3]) -> [Vec<Piece>; 3] {
    let whole = |json: &Json<'_>| json.to_string();
    let of_flags = |flags| SyncResponse { flags, ..SyncResponse::default() };
    let of_segments = |segments| SyncResponse { segments, ..SyncResponse::default() };
    let of_overrides = |overrides| SyncResponse { overrides, ..SyncResponse::default() };
    [
        list(&parts.flags, flags, "key", |json| flag(json, env), of_flags),
        list(&parts.segments, segments, "key", whole, of_segments),
        list(&parts.overrides, overrides, "id", whole, of_overrides),
    ]
}

/// The pieces of a list, whose entries are seen as `see` says and stand in the messages that `message` makes of them.
fn list(
    entries: &[&Json<'_>],
    before: &[Piece],
    id: &str,
    see: impl Fn(&Json<'_>) -> String,
    message: impl Fn(Vec<Definition>) -> SyncResponse,
) -> Vec<Piece> {
    let definition = |json: &&Json<'_>| Definition { key: name(json, id).to_owned(), json: see(json) };
    let encode = |entries: &[&Json<'_>]| message(entries.iter().map(definition).collect()).encode_to_vec();
    cut(entries, before, |entry| name(entry, id), encode)
}

/// What an entry calls itself.
fn name<'e>(entry: &'e Json<'_>, id: &str) -> &'e str {
    entry.get(id).and_then(Json::as_text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_in_which_nobody_has_written_is_a_document_too() {
        assert_eq!(settings(None, "prod"), r#"{"schema_version":"1.0","environments":["prod"]}"#);
    }
}
