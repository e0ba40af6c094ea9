//! `stitch-server eval`.

use serde_json::{Value, json};

use crate::{Folder, Outcome, lines};

/// A flag for each way through the steps.
const REGISTRY: &str = r#"{
    "schema_version": "1.0",
    "bucketing": {"algorithm": "djb2-xor"},
    "flags": [
        {"key": "staged", "default_value": false, "rollout_stage": "staged", "rollout_pct": 50},
        {"key": "theme", "type": "string", "default_value": "light", "variants": {"light": "light", "dark": "dark"},
         "serve": {"split": [{"variant": "dark", "weight": 1}], "by": "org"}, "rollout_stage": "full",
         "rules": [{"id": "adults", "when": {"attr": "age", "op": "gte", "value": 18}, "serve": "dark"},
                   {"id": "zip", "when": {"attr": "zip", "op": "eq", "value": "01234"}, "serve": "light"}]},
        {"key": "needs", "default_value": false, "rollout_stage": "full", "dependencies": ["closed"]},
        {"key": "closed", "default_value": false, "environments": {"prod": {"rollout_stage": "full"}}},
        {"key": "pilot", "default_value": false, "rollout_stage": "pilot", "cohort": ["friends"],
         "requires_approval": true, "audit": {"last_approval_ref": "CAB-1"}}
    ],
    "segments": [{"key": "friends", "when": {"attr": "now", "op": "before", "value": "2026-01-01T00:00:00Z"}}],
    "overrides": [
        {"id": "row-1", "scope": "user", "flag_key": "closed", "user_id": "ann", "value": true},
        {"id": "row-2", "scope": "tenant", "flag_key": "closed", "tenant_id": "acme", "value": true,
         "expires_at": "2026-01-01T00:00:00Z"}
    ]
}"#;

/// Runs `eval` on that registry; arguments are separated by single spaces.
fn eval(test: &str, arguments: &str) -> Outcome {
    let all: Vec<&str> = ["eval", "flags.json"].into_iter().chain(arguments.split(' ')).collect();
    Folder::with(&format!("eval-{test}"), "flags.json", REGISTRY).run(&all)
}

/// The result for one flag.
fn result(test: &str, arguments: &str) -> Value {
    let outcome = eval(test, &format!("{arguments} --format json"));
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""), "{arguments}");
    serde_json::from_str(&outcome.stdout).unwrap()
}

/// The detail of one step in the table of steps.
fn detail(test: &str, step: u8, arguments: &str) -> String {
    let outcome = eval(test, &format!("{arguments} --explain"));
    let line = outcome.stdout.lines().find(|line| line.starts_with(&format!("{step}  "))).unwrap();
    let head = outcome.stdout.lines().find(|line| line.starts_with("step")).unwrap();
    line[head.find("detail").unwrap()..].to_owned()
}

#[test]
fn all_flags_are_a_table() {
    let outcome = eval("all", "--user U-1 --attr age=18 --now 2026-01-01T00:00:00Z");
    let expected = [
        "flag    value   variant  enabled  reason           rule    dependency",
        "------  ------  -------  -------  ---------------  ------  ----------",
        "staged  false   off      no       staged_out       -       -",
        "theme   \"dark\"  dark     yes      stage_full       adults  -",
        "needs   false   off      no       dep_unsatisfied  -       closed",
        "closed  false   off      no       default          -       -",
        "pilot   false   off      no       default          -       -",
    ];
    assert_eq!(outcome, Outcome { status: 0, stdout: lines(&expected), stderr: String::new() });
}

#[test]
fn an_explanation_has_all_nine_steps() {
    let outcome = eval("explain", "--user ann --flag closed --explain");
    let expected = [
        "flag    value  variant  enabled  reason         rule  dependency",
        "------  -----  -------  -------  -------------  ----  ----------",
        "closed  true   on       yes      user_override  -     -",
        "",
        "step  name              outcome      detail",
        "----  ----------------  -----------  -------------------------",
        "1     exists            pass         there is such a flag",
        "2     halted            pass         the stage is draft",
        "3     dependencies      pass         none is unsatisfied",
        "4     approval          pass         not required",
        "5     user override     decided      the stored override row-1",
        "6     tenant override   not reached",
        "7     cohort bucketing  not reached",
        "8     stage map         not reached",
        "9     default           not reached",
    ];
    assert_eq!(outcome, Outcome { status: 0, stdout: lines(&expected), stderr: String::new() });
}

#[test]
fn every_step_says_what_it_looked_at() {
    // The buckets of `staged:U-1` and `staged:U-20`, worked out by the contract's formula elsewhere.
    for (step, arguments, words) in [
        (7, "--user U-1 --flag staged", "out: bucket 78 of 100, those below 50 are in"),
        (7, "--user U-20 --flag staged", "in: bucket 37 of 100, those below 50 are in"),
        (7, "--flag staged", "there is no unit to bucket by"),
        (8, "--flag theme --attr age=18", "the stage is full, open to all; 1 rule tried, adults holds"),
        (
            8,
            "--flag theme",
            "the stage is full, open to all; 2 rules tried, none holds; the split has no unit to bucket by",
        ),
        (3, "--flag needs", "closed is not satisfied"),
        (4, "--flag pilot", "required, and there is one"),
        (8, "--flag pilot --now 0", "the stage is pilot, the context is in its cohort"),
        (8, "--flag pilot", "the stage is pilot, the context is not in its cohort"),
        (6, "--flag closed --tenant acme --now 1767225599999", "the stored override row-2"),
        (6, "--flag closed --tenant acme --now 1767225600000", "none applies"),
        (8, "--flag closed --env prod", "the stage is full, open to all"),
        (8, "--flag closed", "the stage is draft, open to nobody"),
        (9, "--flag closed", "the gate is closed: the default value"),
        (5, r#"--flag closed --context {"overrides":{"user":{"closed":true}}}"#, "given with the request"),
    ] {
        assert_eq!(detail("words", step, arguments), words, "{arguments}");
    }
}

#[test]
fn one_flag_is_the_cores_result_and_several_are_an_array() {
    let adults = json!({"flag_key": "theme", "value": "dark", "variant_key": "dark", "is_enabled": true,
                        "reason": "stage_full", "rule_id": "adults"});
    assert_eq!(result("json", "--flag theme --attr age=18"), adults);
    let several = result("json", "--flag theme --flag theme --attr age=18");
    assert_eq!(several, json!([adults, adults]));
    assert_eq!(result("json", "--user U-1").as_array().unwrap().len(), 5);
    let explained = result("json", "--flag closed --explain");
    assert_eq!(explained["trace"].as_array().unwrap().len(), 9);
    assert_eq!(result("json", "--explain").as_array().unwrap().len(), 5);
}

#[test]
fn attributes_are_json_where_they_look_like_it() {
    let rule = |arguments: &str| result("attributes", &format!("--flag theme {arguments}"))["rule_id"].clone();
    assert_eq!(rule("--attr age=18"), "adults");
    assert_eq!(rule("--attr age=\"18\""), Value::Null);
    assert_eq!(rule("--attr zip=01234"), "zip");
    assert_eq!(rule("--attr zip=\"01234\""), "zip");
    assert_eq!(rule("--attr zip=1234"), Value::Null);
    assert_eq!(rule("--context {\"attributes\":{\"age\":20}}"), "adults");
    assert_eq!(rule("--context {\"attributes\":{\"age\":20}} --attr age=5"), Value::Null);
}

#[test]
fn a_refused_context_says_what_is_wrong() {
    for (arguments, complaint) in [
        (
            "--user ",
            "error: the context is refused: /user_id: is empty: give the user's stable id, or none at all for an anonymous context\n",
        ),
        ("--attr a=1 --attr a=2", "error: the attribute `a` is given twice: give each name once\n"),
        (
            "--attr tier=gold",
            "error: the context is refused: /attributes/tier: `tier` is a field of the context: set the field, or name the attribute otherwise\n",
        ),
        ("--context {\"usr\":1}", "error: the context is refused: /usr: is no field of a context: known are "),
        ("--context {", "error: --context, at 1:1: not valid JSON: "),
        ("--attr a", "error: invalid value 'a' for '--attr <NAME=VALUE>': write NAME=VALUE\n"),
        (
            "--now noon",
            "error: invalid value 'noon' for '--now <INSTANT>': give milliseconds since the epoch, or RFC 3339 ",
        ),
    ] {
        let outcome = eval("refused", arguments);
        assert!(outcome.stderr.starts_with(complaint), "{arguments}: {}", outcome.stderr);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (2, ""), "{arguments}");
    }
}

#[test]
fn an_unknown_flag_is_refused_with_the_nearest() {
    let outcome = eval("unknown", "--flag thme --flag staged --flag zzzzzzzz");
    let complaint = [
        "error: there is no flag `thme`: did you mean `theme`?",
        "error: there is no flag `zzzzzzzz`: leave --flag out to see all flags",
    ];
    assert_eq!(outcome, Outcome { status: 1, stdout: String::new(), stderr: lines(&complaint) });
}

#[test]
fn an_environment_that_is_not_listed_is_noted() {
    let outcome = eval("environment", "--flag closed --env prodd --format json");
    let note = "note: the registry lists no environment `prodd`, only prod, staging, dev: no patch applies\n";
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, note));
    assert!(outcome.stdout.contains("\"reason\":\"default\""));
}

#[test]
fn faulty_definitions_are_told_as_validate_tells_them() {
    let folder = Folder::with("eval-faulty", "flags.json", "{\"schema_version\": \"1.0\"}");
    for format in ["text", "json"] {
        let validated = folder.run(&["validate", "flags.json", "--format", format]);
        let evaluated = folder.run(&["eval", "flags.json", "--user", "U-1", "--format", format]);
        assert_eq!(evaluated, Outcome { status: 1, stdout: String::new(), stderr: validated.stdout });
    }
    assert_eq!(folder.run(&["eval", "missing.json", "--user", "U-1"]).status, 2);
}

#[test]
fn definitions_come_from_standard_input_too() {
    let outcome = Folder::new("eval-stdin").run_with_input(&["eval", "-", "--flag", "closed"], REGISTRY.as_bytes());
    assert_eq!((outcome.status, outcome.stdout.contains("closed  false")), (0, true));
}
