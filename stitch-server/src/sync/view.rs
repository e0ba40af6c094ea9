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

/// Everything else but segments and overrides, which are the same everywhere. Where nobody has written any, it is what
/// every document has.
pub(crate) fn settings(document: Option<&Json<'_>>, env: &str) -> String {
    let unwritten = [("schema_version".into(), Json::from("1.0"))];
    let members = match document {
        Some(Json::Object(members)) => members.as_slice(),
        _ => &unwritten,
    };
    let own = members.iter().filter(|(key, _)| key != "environments" && !LISTS.contains(&&**key)).cloned();
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
pub(super) fn pieces(parts: &Parts<'_>, env: &str, before: [&[Piece]; 3]) -> [Vec<Piece>; 3] {
    let [flags, segments, overrides] = before;
    let entry = |json: &Json<'_>, id| Definition { key: name(json, id).to_owned(), json: json.to_string() };
    [
        cut(
            &parts.flags,
            flags,
            |flag| name(flag, "key"),
            |list| {
                let seen =
                    list.iter().map(|json| Definition { key: name(json, "key").to_owned(), json: flag(json, env) });
                SyncResponse { flags: seen.collect(), ..SyncResponse::default() }.encode_to_vec()
            },
        ),
        cut(
            &parts.segments,
            segments,
            |segment| name(segment, "key"),
            |list| {
                let segments = list.iter().map(|json| entry(json, "key")).collect();
                SyncResponse { segments, ..SyncResponse::default() }.encode_to_vec()
            },
        ),
        cut(
            &parts.overrides,
            overrides,
            |row| name(row, "id"),
            |list| {
                let overrides = list.iter().map(|json| entry(json, "id")).collect();
                SyncResponse { overrides, ..SyncResponse::default() }.encode_to_vec()
            },
        ),
    ]
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
