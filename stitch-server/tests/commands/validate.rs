//! `stitch-server validate`.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{Folder, lines};

/// Windows line ends, a tab, vowels that stand above their consonants, wide characters, a long line.
const FAULTY: &str = "{\r\n\
    \t\"schema_version\": \"1.1\",\r\n\
    \t\"ชื่อ\": \"日本\", \"flags\": [{\"key\": \"a b\"},\r\n\
    \t\t{\"key\": \"b\", \"default_value\": \"yes\", \"rollout_ptc\": 5, \"rollout_stage\": \"ful\"}]\r\n\
    }\r\n";

#[test]
fn several_faults_are_told_in_the_order_of_the_document() {
    let outcome = Folder::with("faulty", "flags.json", FAULTY).run(&["validate", "flags.json"]);
    let expected = [
        "flags.json:2:20: error[bad_schema_version]: this reader knows schema version `\"1.0\"` only: write that, or use a newer reader",
        "  at /schema_version",
        "  2 |     \"schema_version\": \"1.1\",",
        "    |                       ^",
        "",
        "flags.json:3:38: error[missing_key]: `default_value` is required: say what to serve while the gate is closed",
        "  at /flags/0",
        "  3 |     \"ชื่อ\": \"日本\", \"flags\": [{\"key\": \"a b\"},",
        "    |                             ^",
        "",
        "flags.json:3:46: error[bad_key]: a key has 1 to 128 of the characters `A-Z a-z 0-9 . _ -` and begins with a letter or digit",
        "  at /flags/0/key",
        "  3 |     \"ชื่อ\": \"日本\", \"flags\": [{\"key\": \"a b\"},",
        "    |                                     ^",
        "",
        "flags.json:4:33: error[value_misfit]: the flag is of type boolean, this is a string",
        "  at /flags/1/default_value",
        "  4 |         {\"key\": \"b\", \"default_value\": \"yes\", \"rollout_ptc\": 5, \"rollout_stage\": \"ful\"}]",
        "    |                                       ^",
        "",
        "flags.json:4:55: warning[unknown_key]: `rollout_ptc` means nothing here: did you mean `rollout_pct`? Keys of your own begin with `x-`",
        "  at /flags/1/rollout_ptc",
        "  4 |         {\"key\": \"b\", \"default_value\": \"yes\", \"rollout_ptc\": 5, \"rollout_stage\": \"ful\"}]",
        "    |                                                             ^",
        "",
        "flags.json:4:75: error[unknown_stage]: no stage is named `ful`: did you mean `full`?",
        "  at /flags/1/rollout_stage",
        "  4 | … \"default_value\": \"yes\", \"rollout_ptc\": 5, \"rollout_stage\": \"ful\"}]",
        "    |                                                              ^",
        "",
        "5 errors, 1 warning in flags.json",
    ];
    assert_eq!(outcome.stdout, lines(&expected));
    assert_eq!((outcome.status, outcome.stderr.as_str()), (1, ""));
}

#[test]
fn as_json_it_is_one_object() {
    let outcome =
        Folder::with("faulty-json", "flags.json", FAULTY).run(&["validate", "--format", "json", "flags.json"]);
    assert_eq!((outcome.status, outcome.stdout.lines().count()), (1, 1));
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let summary = ["file", "valid", "errors", "warnings"].map(|key| report[key].clone());
    assert_eq!(summary, [json!("flags.json"), json!(false), json!(5), json!(1)]);
    assert_eq!(
        report["diagnostics"][4],
        json!({
            "severity": "warning",
            "code": "unknown_key",
            "pointer": "/flags/1/rollout_ptc",
            "message": "`rollout_ptc` means nothing here: did you mean `rollout_pct`? Keys of your own begin with `x-`",
            "position": {"line": 4, "column": 55},
        })
    );
}

#[test]
fn warnings_alone_are_sound() {
    let text =
        "{\"schema_version\": \"1.0\",\n \"flags\": [{\"key\": \"a\", \"default_value\": true, \"rolout_pct\": 5}]}";
    let outcome = Folder::with("warnings", "flags.json", text).run(&["validate", "flags.json"]);
    assert_eq!(outcome.status, 0);
    assert!(outcome.stdout.ends_with("\n\nflags.json is sound, with 1 warning: 1 flag, 0 segments, 0 overrides\n"));
}

#[test]
fn a_sound_file_is_summed_up() {
    let folder = Folder::with("sound", "registry.json", include_str!("../../registry.json"));
    let outcome = folder.run(&["validate", "registry.json"]);
    assert_eq!(outcome.stdout, "registry.json is sound: 16 flags, 0 segments, 2 overrides\n");
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""));
    let report: Value =
        serde_json::from_str(&folder.run(&["validate", "registry.json", "--format", "json"]).stdout).unwrap();
    assert_eq!(report, json!({"file": "registry.json", "valid": true, "errors": 0, "warnings": 0, "diagnostics": []}));
}

#[test]
fn standard_input_is_read_for_a_dash() {
    let outcome = Folder::new("stdin").run_with_input(&["validate", "-"], b"{\"a\": [1,\n2,]}");
    let expected = [
        "<stdin>:2:3: error[malformed_json]: not valid JSON: trailing comma: remove the comma before the closing bracket",
        "  at the document",
        "  2 | 2,]}",
        "    |   ^",
        "",
        "1 error in <stdin>",
    ];
    assert_eq!(outcome.stdout, lines(&expected));
    assert_eq!(outcome.status, 1);
}

#[test]
fn an_empty_file_and_one_that_is_no_text_are_refused() {
    let outcome = Folder::with("empty", "empty.json", "").run(&["validate", "empty.json"]);
    let expected = [
        "empty.json:1:1: error[malformed_json]: not valid JSON: EOF while parsing a value: mend the JSON at this place",
        "  at the document",
        "",
        "1 error in empty.json",
    ];
    assert_eq!((outcome.status, outcome.stdout), (1, lines(&expected)));

    let outcome = Folder::with("latin", "latin.json", b"{\"a\": \"\xe9\"}").run(&["validate", "latin.json"]);
    assert_eq!(outcome.status, 1);
    assert!(outcome.stdout.contains("  1 | {\"a\": \"\u{fffd}\"}\n    |        ^\n"), "{}", outcome.stdout);
}

#[test]
fn what_cannot_be_read_is_another_status() {
    let folder = Folder::new("unreadable");
    for (path, why) in [("missing.json", "there is no such file"), (".", "it is a directory; name a file in it")] {
        let outcome = folder.run(&["validate", path]);
        assert_eq!(outcome.stderr, format!("error: cannot read `{path}`: {why}\n"));
        assert_eq!((outcome.status, outcome.stdout.as_str()), (2, ""));
    }
    assert_eq!(folder.run(&["validate"]).status, 2);
}

#[test]
fn nothing_in_a_file_acts_on_the_terminal() {
    let text =
        "{\"schema_version\": \"1.0\", \"flags\": [{\"key\": \"a\", \"default_value\": true, \"\\u001b[31m\\n\": 1}]}";
    let outcome = Folder::with("escapes", "flags.json", text).run(&["validate", "flags.json"]);
    assert!(!outcome.stdout.contains('\u{1b}'), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("\n  at /flags/0/\\u{1b}[31m\\u{a}\n"), "{}", outcome.stdout);
}

#[test]
fn thousands_of_faults_are_told_quickly_and_errors_before_warnings() {
    let mut text = "{\"schema_version\": \"1.0\", \"flags\": [".to_owned();
    for index in 0..10_000 {
        let padding = "x".repeat(900);
        write!(
            text,
            "{{\"key\": \"f{index}\", \"default_value\": true, \"colour\": 1, \"x-padding\": \"{padding}\"}},"
        )
        .unwrap();
    }
    text += "{\"key\": \"last\", \"default_value\": 1}]}";
    let folder = Folder::with("many", "flags.json", text);
    let before = Instant::now();
    let outcome = folder.run(&["validate", "flags.json"]);
    let took = before.elapsed();
    assert_eq!(outcome.stdout.matches("warning[unknown_key]").count(), 99);
    assert_eq!(outcome.stdout.matches("error[value_misfit]").count(), 1);
    let end = "\nand 9901 more (--format json has them all)\n\n1 error, 10000 warnings in flags.json\n";
    assert!(outcome.stdout.ends_with(end), "{}", &outcome.stdout[outcome.stdout.len() - 300..]);
    assert!(outcome.stdout.len() < 100_000, "each line is cut");
    let report: Value =
        serde_json::from_str(&folder.run(&["validate", "flags.json", "--format", "json"]).stdout).unwrap();
    assert_eq!(report["diagnostics"].as_array().unwrap().len(), 10_001);
    // One pass over the text takes milliseconds, one for each diagnostic would take minutes.
    assert!(took < Duration::from_secs(20), "{took:?}");
}
