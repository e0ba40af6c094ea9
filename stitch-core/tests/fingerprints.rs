//! Fingerprints tell what really changed between two registries.

use stitch_core::Engine;

const BEFORE: &str = r#"{"schema_version": "1.0",
    "flags": [
        {"key": "alone", "type": "integer", "default_value": 1, "variants": {"one": 1, "two": 2}, "serve": "one"},
        {"key": "base", "default_value": false, "rollout_stage": "full"},
        {"key": "middle", "default_value": false, "rollout_stage": "full", "dependencies": ["base"]},
        {"key": "top", "default_value": false, "rollout_stage": "full",
         "rules": [{"id": "r", "when": {"flag": "middle"}, "serve": "on"}]},
        {"key": "pilot", "default_value": false, "rollout_stage": "pilot", "cohort": ["outer"]}],
    "segments": [{"key": "inner", "included": ["ann"]}, {"key": "outer", "when": {"segment": "inner"}}],
    "overrides": [{"id": "1", "scope": "user", "flag_key": "alone", "value": 2, "user_id": "ann", "rationale": "test"},
                  {"id": "2", "scope": "tenant", "flag_key": "alone", "value": 2, "tenant_id": "acme"}]}"#;

/// The flags whose fingerprint changes with what is written in place of something.
fn changed(old: &str, new: &str) -> Vec<String> {
    assert_eq!(BEFORE.matches(old).count(), 1, "{old}");
    let after = BEFORE.replace(old, new);
    let (before, after) = (engine(BEFORE), engine(&after));
    let fingerprint = |engine: &Engine, key: &str| engine.flag(key).map(|flag| flag.fingerprint());
    let differs = |key: &&str| fingerprint(&before, key) != fingerprint(&after, key);
    before.flag_keys().filter(differs).map(str::to_owned).collect()
}

fn engine(json: &str) -> Engine {
    Engine::compile_lenient(stitch_core::Definitions::from_json(json).expect("JSON")).expect("a registry")
}

#[test]
fn a_change_reaches_whatever_refers_to_it() {
    assert_eq!(changed(r#""serve": "one""#, r#""serve": "two""#), ["alone"]);
    assert_eq!(
        changed(r#""base", "default_value": false"#, r#""base", "default_value": true"#),
        ["base", "middle", "top"]
    );
    assert_eq!(changed(r#"["base"]"#, "[]"), ["middle", "top"]);
    assert_eq!(changed(r#""included": ["ann"]"#, r#""included": ["bob"]"#), ["pilot"]);
}

#[test]
fn override_rows_count_by_whom_they_are_for_and_what_they_give() {
    assert_eq!(changed(r#""value": 2, "user_id": "ann""#, r#""value": 1, "user_id": "ann""#), ["alone"]);
    assert_eq!(
        changed(r#""tenant_id": "acme""#, r#""tenant_id": "acme", "expires_at": "2026-01-01T00:00:00Z""#),
        ["alone"]
    );
    assert_eq!(changed(r#", "rationale": "test""#, ""), [""; 0]);
    assert_eq!(changed(r#""id": "2""#, r#""id": "3""#), [""; 0]);
}

#[test]
fn spelling_and_metadata_do_not_count() {
    assert_eq!(changed(r#"{"one": 1, "two": 2}"#, r#"{"two": 2.0, "one": 1}"#), [""; 0]);
    assert_eq!(changed(r#"{"key": "base","#, r#"{"key": "base", "owner": "payments", "x-note": 1,"#), [""; 0]);
    assert_eq!(
        changed(r#""schema_version": "1.0","#, r#""schema_version": "1.0", "bucketing": {"algorithm": "xxh64"},"#),
        [""; 0]
    );
}

#[test]
fn settings_concern_every_flag() {
    let all = ["alone", "base", "middle", "top", "pilot"];
    let version = r#""schema_version": "1.0","#;
    assert_eq!(changed(version, r#""schema_version": "1.0", "bucketing": {"algorithm": "djb2-xor"},"#), all);
    assert_eq!(changed(version, r#""schema_version": "1.0", "internal_tiers": ["staff"],"#), all);
}

#[test]
fn what_is_set_aside_changes_what_refers_to_it() {
    assert_eq!(
        changed(r#""base", "default_value": false"#, r#""base", "default_value": 1"#),
        ["base", "middle", "top"]
    );
}

/// Whether flags that serve these two values have different fingerprints.
fn differ(one: &str, other: &str) -> bool {
    let engine = |value: &str| {
        let flag = format!(
            r#"{{"key": "f", "type": "object", "default_value": {value}, "variants": {{"a": {{}}}}, "serve": "a"}}"#
        );
        engine(&format!(r#"{{"schema_version": "1.0", "flags": [{flag}]}}"#))
    };
    !engine(one).changed_flags(&engine(other)).is_empty()
}

#[test]
fn it_shows_where_a_list_ends() {
    let values =
        ["[[],1]", "[[1]]", "[[1],2]", "[[1,2]]", "[[],[]]", "[[[]]]", "[]", "[[]]", "[{}]", "{}", "[null]", "[1,[2]]"];
    for (index, one) in values.into_iter().enumerate() {
        assert!(!differ(one, one), "{one}");
        for other in &values[index + 1..] {
            assert!(differ(one, other), "{one} {other}");
        }
    }
}

#[test]
fn no_number_hides_what_stands_before_it() {
    // What the multiplier turns to zero, as an integer and as a double.
    for number in ["-2960836687051489901", "-4.696145977321566e110"] {
        assert!(differ(&format!(r#"["x", {number}]"#), &format!(r#"["y", {number}]"#)));
        assert!(differ(&format!("[1, {number}]"), &format!("[2, {number}]")));
        assert!(differ(&format!(r#"{{"a": {number}}}"#), &format!(r#"{{"b": {number}}}"#)));
    }
}
