//! A small document cannot make its diagnostics fill the memory: a place can be as long as the document is.

use stitch_core::{Code, ContextDocument, Engine, Json, Severity};

fn bytes(diagnostics: &[stitch_core::Diagnostic]) -> usize {
    diagnostics.iter().map(|diagnostic| diagnostic.pointer.len() + diagnostic.message.len()).sum()
}

#[test]
fn many_problems_within_a_long_key_of_the_text() {
    let text = format!(r#"{{"{}": {{{}"a": 1}}}}"#, "k".repeat(500_000), r#""a": 1, "#.repeat(80_000));
    let diagnostics = Json::parse(&text).unwrap_err().into_diagnostics();
    assert!(bytes(&diagnostics) < 20 << 20);
    assert_eq!(diagnostics.last().map(|last| last.code), Some(Code::TooManyProblems));
}

#[test]
fn many_problems_within_a_long_key_of_a_registry() {
    let value = format!(r#"{{"{}": [{}1]}}"#, "k".repeat(60_000), "9007199254740993, ".repeat(20_000));
    let flag =
        format!(r#"{{"key": "a", "type": "object", "default_value": {value}, "variants": {{}}, "serve": "on"}}"#);
    let error = Engine::from_json(&format!(r#"{{"schema_version": "1.0", "flags": [{flag}]}}"#)).unwrap_err();
    assert!(bytes(error.diagnostics()) < 20 << 20);
    assert_eq!(error.diagnostics().last().map(|last| last.code), Some(Code::TooManyProblems));
}

#[test]
fn many_problems_within_a_long_name_of_an_attribute() {
    let text = format!(r#"{{"attributes": {{"{}": [{}1]}}}}"#, "k".repeat(50_000), "null, ".repeat(40_000));
    let error = ContextDocument::from_json(&text).unwrap_err();
    assert!(error.problems().len() < 100, "{}", error.problems().len());
}

#[test]
fn warnings_alone_refuse_nothing_however_many() {
    let value = format!(r#"{{"{}": [{}1]}}"#, "k".repeat(60_000), "9007199254740993, ".repeat(20_000));
    let flag = format!(
        r#"{{"key": "a", "type": "object", "default_value": {value}, "variants": {{"on": {{}}}}, "serve": "on"}}"#
    );
    let engine = Engine::from_json(&format!(r#"{{"schema_version": "1.0", "flags": [{flag}]}}"#)).unwrap();
    let last = engine.diagnostics().last().unwrap();
    assert_eq!((last.code, last.severity), (Code::TooManyProblems, Severity::Warning));
}
