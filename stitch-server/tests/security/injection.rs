//! SQL in every place that takes a text: it is a text like any other, and comes back as it was sent.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use stitch_server::state::Settings;

use crate::House;
use crate::common::{Answer, scratch};
use crate::tour::{FLAG, METRIC, ROW, SEGMENT, SOMEBODY, Site, Stop, Texts, Who, stops};

/// Each with a text that has the same signs in the same places, and means nothing to a database.
const ODD: [(&str, &str); 6] = [
    ("\\\"'; DROP TABLE rows; --", "\\\"'; LOOK ABOVE cats; --"),
    ("x'); DELETE FROM audit; --", "x'); LOVING FROM plums; --"),
    ("'||(SELECT body FROM rows LIMIT 1)||'", "'||(SALADS both FLOW rain LEMON 1)||'"),
    ("$1 ?1 :name @name %s {} NULL", "$2 ?2 :mean @mean %t {} NOLL"),
    ("x'or'1'='1@example.com", "x'as'2'='2@example.com"),
    ("\0'; DROP TABLE events; --", "\0'; LOOK ABOVE clouds; --"),
];

/// Each table with its rows.
pub(crate) type Contents = BTreeMap<String, BTreeMap<String, String>>;

/// All that a store holds, as another connection sees it.
pub(crate) fn contents(file: &Path) -> Contents {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    connection.busy_timeout(crate::common::PATIENCE).unwrap();
    let mut names = connection.prepare("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").unwrap();
    let names = names.query_map([], |row| Ok((row.get(0)?, row.get::<_, Option<String>>(1)?.unwrap_or_default())));
    let names: Vec<(String, String)> = names.unwrap().map(Result::unwrap).collect();
    let mut contents = BTreeMap::new();
    for (name, sql) in names {
        let mut rows = BTreeMap::from([("made by".to_owned(), sql.clone())]);
        if sql.starts_with("CREATE TABLE") {
            let mut statement = connection.prepare(&format!("SELECT * FROM {name}")).unwrap();
            let columns = statement.column_count();
            let mut all = statement.query([]).unwrap();
            while let Some(row) = all.next().unwrap() {
                let cells: Vec<Cell> = (0..columns).map(|column| row.get(column).unwrap()).collect();
                // What names a row: its first cells; those of `rows` have a counted place before.
                let naming = if name == "rows" { 3 } else { 2 };
                let key = format!("{:?}", &cells[..columns.min(naming)]);
                rows.insert(key, format!("{cells:?}"));
            }
        }
        contents.insert(name, rows);
    }
    contents
}

/// Nothing is lost, and nothing is otherwise but what the tour itself writes again and again.
fn nothing_is_lost(before: &Contents, after: &Contents) {
    let own = [FLAG, SEGMENT, METRIC, ROW, SOMEBODY, "sdk_key"];
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    // The feed keeps its last thousand changes, whatever they are.
    for (table, rows) in before.iter().filter(|(table, _)| *table != "feed") {
        for (key, row) in rows {
            let now = after[table].get(key).unwrap_or_else(|| panic!("{table} lost {key}"));
            let may_change = table == "head" || table == "rows" && own.iter().any(|own| key.contains(own));
            assert!(may_change || row == now, "{table} {key}:\n{row}\n{now}");
        }
    }
    assert_eq!(after["head"].len(), before["head"].len());
}

/// An answer without what is another each time, and with one word for what was sent.
fn told(answer: &Answer, sent: [&str; 2]) -> Value {
    const CHANGES: [&str; 13] = [
        "request_id",
        "revision",
        "at",
        "hash",
        "prev",
        "seq",
        "id",
        "key",
        "token",
        "expires_at",
        "created_at",
        "requested_at",
        "uptime_seconds",
    ];
    fn plain(value: Value, sent: [&str; 2]) -> Value {
        match value {
            Value::String(text) => {
                let [odd, unique] = sent;
                let escaped = odd.replace('~', "~0").replace('/', "~1");
                let text = text.replace(odd, "ODD").replace(&escaped, "ODD").replace(unique, "UNIQUE");
                // Numbers in a sentence are revisions.
                Value::String(text.split(|sign: char| sign.is_ascii_digit()).collect())
            }
            Value::Array(items) => items.into_iter().map(|item| plain(item, sent)).collect(),
            Value::Object(members) => {
                let members = members.into_iter().filter(|(key, _)| !CHANGES.contains(&key.as_str()));
                members.map(|(key, value)| (key.replace(sent[0], "ODD"), plain(value, sent))).collect()
            }
            other => other,
        }
    }
    serde_json::from_slice(&answer.body).map_or(Value::Null, |json| plain(json, sent))
}

fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(other) => other == text,
        Value::Array(items) => items.iter().any(|item| holds(item, text)),
        Value::Object(members) => members.values().any(|value| holds(value, text)),
        _ => false,
    }
}

/// How often a text came back.
type Kept = BTreeMap<(&'static str, &'static str, &'static str), usize>;

/// One stop with a text in one place.
fn visit(site: &Site, stop: &Stop, place: &'static str, text: &'static str, kept: &mut Kept) -> (u16, Value) {
    let texts = Texts::new(move |other| (other == place).then(|| text.to_owned()));
    let call = (stop.call)(site, &texts);
    let answer = site.send(stop.method, &call);
    let success = (200..300).contains(&answer.status);
    if let Some((who, path, _)) = call.kept.as_ref().filter(|(_, _, places)| success && places.contains(&place)) {
        assert!(*who == Who::Person);
        assert!(holds(&site.read(path), text), "{} {} lost {text:?} of {place}", stop.method, stop.route);
        *kept.entry((stop.method, stop.route, place)).or_default() += 1;
    }
    if stop.route == "/v1/auth/login" && [401, 429].contains(&answer.status) {
        // Wrong is wrong; only so many of them are heard.
        return (401, Value::Null);
    }
    (answer.status, told(&answer, [text, texts.unique()]))
}

#[test]
fn sql_is_a_text_like_any_other_wherever_it_stands() {
    let file = scratch("injection").join("stitch.db");
    let house = House::in_file(Settings::default(), &file);
    let site = Site::of(&house);
    // What must be there afterwards: events, and whatever else a tour leaves behind.
    for stop in stops() {
        site.send(stop.method, &(stop.call)(&site, &Texts::usual()));
    }
    let before = contents(&file);
    assert!(before["rows"].len() > 25 && before["audit"].len() > 25 && before["events"].len() > 1, "{before:?}");
    let (mut asked, mut kept, mut keeps) = (0, Kept::new(), BTreeSet::new());
    for stop in stops() {
        let texts = Texts::usual();
        let call = (stop.call)(&site, &texts);
        keeps.extend(
            call.kept.iter().flat_map(|(_, _, places)| places.iter().map(|place| (stop.method, stop.route, *place))),
        );
        for place in texts.places() {
            // A head has no such characters, and its texts are in no body.
            let in_head = place.starts_with("header");
            for (odd, harmless) in ODD.into_iter().filter(|(odd, _)| !in_head || !odd.contains('\0')) {
                let [odd, harmless] = [odd, harmless].map(|text| visit(&site, &stop, place, text, &mut kept));
                assert_eq!(odd, harmless, "{} {} {place}", stop.method, stop.route);
                assert!(odd.0 < 500, "{} {} {place} {odd:?}", stop.method, stop.route);
                asked += 2;
            }
        }
    }
    nothing_is_lost(&before, &contents(&file));
    // The audit log's chain holds, too.
    house.audit();
    assert!(asked > 1_000, "{asked}");
    let unkept: Vec<_> = keeps.iter().filter(|place| kept.get(*place).is_none_or(|count| *count < 8)).collect();
    assert!(unkept.is_empty(), "{unkept:?} of {kept:?}");
}
