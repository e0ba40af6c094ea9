//! Texts that are meant to hurt: too deep, too long, numbers and escapes at their edges. Each is read on a thread
//! with little stack, and is accepted or refused as the contract says.

use std::fmt::Write;
use std::thread;

use stitch_core::{Code, Context, ContextDocument, Definitions, DefinitionsError, Engine, Json, Parts, limits};

/// Runs on a thread with a stack of 2 MiB, as threads of a server have.
fn with_little_stack<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(2 << 20).spawn_scoped(scope, run).expect("a thread");
        thread.join().expect("no panic")
    })
}

fn codes(error: &DefinitionsError) -> Vec<Code> {
    error.diagnostics().iter().map(|diagnostic| diagnostic.code).collect()
}

/// What strict compiling has against a document; nothing, where it accepts it.
fn refusal(text: impl AsRef<[u8]> + Sync) -> Vec<Code> {
    with_little_stack(|| {
        let refused = Engine::from_json(&text).map_or_else(|error| codes(&error), |_| Vec::new());
        // A document that was read as JSON, where every string has room, is judged alike.
        if let Ok(document) = Json::parse(&text) {
            let in_parts = Engine::compile_parts(&parts(&document));
            assert_eq!(in_parts.map_or_else(|error| codes(&error), |_| Vec::new()), refused);
            let again = Definitions::from_document(document).and_then(|definitions| Engine::compile(&definitions));
            assert_eq!(again.map_or_else(|error| codes(&error), |_| Vec::new()), refused);
        }
        refused
    })
}

/// A document in parts.
fn parts<'d>(document: &'d Json<'d>) -> Parts<'d> {
    let list = |name| match document.get(name) {
        Some(Json::Array(entries)) => entries.iter().collect(),
        _ => Vec::new(),
    };
    Parts { settings: Some(document), flags: list("flags"), segments: list("segments"), overrides: list("overrides") }
}

/// A registry with that under a key that means nothing.
fn with_metadata(json: &str) -> String {
    format!(r#"{{"schema_version": "1.0", "flags": [], "note": {json}}}"#)
}

/// A registry whose second flag has that under a key that means nothing.
fn with_flag_metadata(json: &str) -> String {
    format!(
        r#"{{"schema_version": "1.0", "flags": [{{"key": "sound", "default_value": true}},
            {{"key": "a", "default_value": true, "x-note": {json}}}]}}"#
    )
}

fn arrays(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

fn objects(depth: usize) -> String {
    r#"{"a":"#.repeat(depth) + "1" + &"}".repeat(depth)
}

const DEPTHS: [usize; 8] = [10, 63, 64, 65, 127, 128, 5_000, 1_000_000];

#[test]
fn up_to_64_levels_are_read() {
    for depth in DEPTHS {
        for nested in [arrays(depth), objects(depth)] {
            // The root is the first level.
            let expected = if depth < limits::NESTING { vec![] } else { vec![Code::NestingTooDeep] };
            assert_eq!(refusal(with_metadata(&nested)), expected, "{depth} levels under the root");

            let expected = if depth + 3 <= limits::NESTING { vec![] } else { vec![Code::NestingTooDeep] };
            let in_flag = with_flag_metadata(&nested);
            assert_eq!(refusal(&in_flag), expected, "{depth} levels in a flag");
            let lenient = with_little_stack(|| {
                let definitions = Definitions::from_json(&in_flag).expect("the rest can be read");
                let engine = Engine::compile_lenient(definitions).expect("the rest works");
                let context = Context::user("u");
                ["sound", "a"].map(|key| engine.evaluate(key, &context).reason.as_str())
            });
            let reason = if expected.is_empty() { "default" } else { "flag_invalid" };
            assert_eq!(lenient, ["default", reason], "{depth} levels in a flag, leniently");

            with_little_stack(|| {
                assert_eq!(Json::parse(&nested).is_ok(), depth <= limits::NESTING);
                assert!(ContextDocument::from_json(&nested).is_err());
            });
        }
        let unclosed = "[".repeat(depth);
        assert!(refusal(with_metadata(&unclosed)).contains(&Code::MalformedJson), "{depth} levels, unclosed");
    }
}

#[test]
fn conditions_nest_as_deep_as_documents_may() {
    for form in ["not", "all", "any"] {
        let (open, close) = if form == "not" { ("", "") } else { ("[", "]") };
        for depth in DEPTHS {
            let condition = format!(r#"{{"{form}":{open}"#).repeat(depth)
                + r#"{"attr": "a", "op": "exists"}"#
                + &format!("{close}}}").repeat(depth);
            let text = format!(
                r#"{{"schema_version": "1.0", "flags": [{{"key": "a", "default_value": false, "rollout_stage": "full",
                    "rules": [{{"id": "r", "when": {condition}, "serve": "on"}}]}}]}}"#
            );
            // Around the condition: the root, the flags, the flag, its rules, the rule.
            let levels = 5 + depth * (1 + open.len()) + 1;
            let expected = if levels <= limits::NESTING { vec![] } else { vec![Code::NestingTooDeep] };
            assert_eq!(refusal(&text), expected, "{form}, {depth} levels");
            if expected.is_empty() {
                let holds = with_little_stack(|| {
                    let engine = Engine::from_json(&text).expect("sound");
                    engine.evaluate("a", &Context::user("u").with("a", 1)).rule_id.is_some()
                });
                assert_eq!(holds, form != "not" || depth.is_multiple_of(2), "{form}, {depth} levels");
            }
        }
    }
}

#[test]
fn numbers_are_read_up_to_the_largest_double() {
    let zeros = "0".repeat(1_000_000);
    for number in [
        "1e308",
        "-1.7976931348623157e308",
        "1e-400",
        "0e999999999999999999999",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "-0",
        "-0.0",
        &format!("1{}", &zeros[..308]),
        &format!("0.{zeros}1"),
        &format!("1.{zeros}"),
        &format!("{}.5", "9".repeat(300)),
    ] {
        assert_eq!(refusal(with_metadata(number)), [], "{number:.40}");
    }
    for number in [
        "1e309",
        "-1e400",
        "1e999999999999999999999",
        "1.7976931348623159e308",
        &format!("1{}", &zeros[..309]),
        &format!("1{zeros}"),
        "NaN",
        "Infinity",
        "01",
        "+1",
        ".5",
        "1.",
        "0x10",
        "1_000",
    ] {
        assert_eq!(refusal(with_metadata(number)), [Code::MalformedJson], "{number:.40}");
    }
}

#[test]
fn surrogates_come_in_pairs() {
    for escaped in [r"\ud83d\ude00", r"\u0000", r"\uFFFF", r"\/"] {
        assert_eq!(refusal(with_metadata(&format!(r#""{escaped}""#))), [], "{escaped}");
    }
    for escaped in [
        r"\ud800",
        r"\udc00",
        r"\udbff\ud800",
        r"\ud800x",
        r"\ud800\n",
        r"\udc00\ud800",
        r"\ud83d\u0041",
        r"\ud8",
        r"\x41",
    ] {
        for json in [format!(r#""{escaped}""#), format!(r#"{{"{escaped}": 1}}"#), format!(r#"["a", ["{escaped}"]]"#)] {
            assert_eq!(refusal(with_metadata(&json)), [Code::MalformedJson], "{json}");
        }
    }
}

#[test]
fn a_key_is_given_once() {
    for doubled in [r#"{"a": 1, "a": 1}"#, r#"{"a": 1, "\u0061": null}"#, r#"[{"": [], "b": 2, "": {}}]"#] {
        for text in [with_metadata(doubled), with_flag_metadata(doubled)] {
            assert_eq!(refusal(text), [Code::DuplicateKey], "{doubled}");
        }
    }
    for members in [2, 15, 16, 17, 18, 100_000] {
        let mut object = String::from("{");
        for index in 0..members {
            write!(object, r#""k{index}": {index}, "#).expect("a string takes it");
        }
        let all_different = format!(r#"{object}"last": 0}}"#);
        assert_eq!(refusal(with_metadata(&all_different)), [], "{members} members");
        for doubled in [0, members / 2, members - 1] {
            let doubled = format!(r#"{object}"k{doubled}": 0}}"#);
            assert_eq!(refusal(with_metadata(&doubled)), [Code::DuplicateKey], "{members} members");
        }
    }
}

#[test]
fn a_document_that_is_put_together_has_the_same_levels() {
    for depth in 60..=limits::NESTING {
        let note = Json::parse(&arrays(depth)).expect("few enough levels").into_owned();
        let members = vec![("schema_version".into(), Json::from("1.0")), ("flags".into(), Json::Array(vec![]))];
        let members = members.into_iter().chain([("note".into(), note)]).collect();
        let compiled = Definitions::from_document(Json::Object(members)).and_then(|read| Engine::compile(&read));
        let expected = if depth < limits::NESTING { vec![] } else { vec![Code::NestingTooDeep] };
        assert_eq!(compiled.map_or_else(|error| codes(&error), |_| Vec::new()), expected, "{depth}");
    }
}

#[test]
fn strings_have_at_most_64_kib_of_utf_8() {
    let limit = limits::STRING_BYTES;
    for length in [limit - 1, limit, limit + 1] {
        let expected = if length <= limit { vec![] } else { vec![Code::StringTooLong] };
        let plain = "x".repeat(length);
        let wide = format!("{}{}", "é".repeat(length / 2), "x".repeat(length % 2));
        let escaped = r"\u0041".repeat(length);
        for text in [plain, wide, escaped] {
            assert_eq!(refusal(with_metadata(&format!(r#""{text}""#))), expected, "a value of {length} bytes");
            assert_eq!(refusal(with_metadata(&format!(r#"{{"{text}": 1}}"#))), expected, "a key of {length} bytes");
            let in_flag = with_flag_metadata(&format!(r#""{text}""#));
            assert_eq!(refusal(in_flag), expected, "a value of {length} bytes in a flag");
        }
    }
    let long = "x".repeat(10 << 20);
    assert_eq!(refusal(with_metadata(&format!(r#"["{long}"]"#))), [Code::StringTooLong]);
}

#[test]
fn what_is_no_utf_8_is_no_json() {
    for bytes in [&b"\xff"[..], b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\xe2\x82"] {
        let text = [br#"{"schema_version": "1.0", "flags": [], "note": ""#, bytes, br#""}"#].concat();
        assert_eq!(refusal(text), [Code::MalformedJson]);
    }
    assert_eq!(refusal("\u{feff}{}"), [Code::ByteOrderMark]);
    for text in ["", " ", "{", "{}{}", "nul", "\u{0}", "[1,]", "{\"a\" 1}", "// no\n{}", "{'a': 1}"] {
        assert_eq!(refusal(text), [Code::MalformedJson], "{text}");
    }
}

#[test]
fn parts_are_the_document_that_they_are_of() {
    let text = r#"{"schema_version":"1.0","owner":"a","flags":[{"key":"a","default_value":1},{"key":"b","default_value":true,"cohort":["s"]}],"segments":[{"key":"s","included":["U-1"]},{"key":"t"}],"overrides":[{"id":"o","flag_key":"c","scope":"user","user_id":"U-2","value":true}]}"#;
    let document = Json::parse(text).unwrap();
    assert_eq!(parts(&document).document().to_string(), text);
    let [whole, in_parts] = [Engine::from_json(text), Engine::compile_parts(&parts(&document))].map(Result::unwrap_err);
    let said = |error: &DefinitionsError| error.diagnostics().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert!(said(&whole).len() > 1);
    assert_eq!(said(&in_parts), said(&whole));
    let mends =
        [(r#"_value":1"#, r#"_value":false"#), (r#","flag_key":"c""#, r#","flag_key":"b""#), (r#",{"key":"t"}"#, "")];
    let sound = mends.iter().fold(text.to_owned(), |text, (wrong, right)| text.replace(wrong, right));
    let document = Json::parse(&sound).unwrap();
    let [whole, in_parts] = [Engine::from_json(&sound), Engine::compile_parts(&parts(&document))].map(Result::unwrap);
    assert_eq!(in_parts.changed_flags(&whole), [""; 0]);
}
