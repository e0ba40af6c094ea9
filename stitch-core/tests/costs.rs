//! What reading a registry costs grows with its size, not with the square of it, whether it is accepted or refused.
//!
//! The limits are far above what linear cost takes, and far below what was measured.

use std::time::{Duration, Instant};

use stitch_core::{Context, Diagnostic, Engine};

const PATIENCE: Duration = Duration::from_secs(2);

fn timed<T>(run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = run();
    assert!(start.elapsed() < PATIENCE, "took {:?}", start.elapsed());
    result
}

fn join(count: usize, make: impl Fn(usize) -> String) -> String {
    (0..count).map(make).collect::<Vec<_>>().join(",")
}

fn registry(flags: &str, rest: &str) -> String {
    format!(r#"{{"schema_version": "1.0", "flags": [{flags}]{rest}}}"#)
}

fn refusal(text: &str) -> Vec<Diagnostic> {
    timed(|| Engine::from_json(text).expect_err("refused").into_diagnostics())
}

/// Messages are for people: a few lines each.
fn check_messages(text: &str, problems: usize) {
    let diagnostics = refusal(text);
    assert!(diagnostics.len() >= problems, "all {problems} are reported");
    let longest = diagnostics.iter().map(|diagnostic| diagnostic.message.len()).max().unwrap_or_default();
    assert!(longest < 4_096, "a message has {longest} bytes");
}

#[test]
fn many_problems_of_every_flag() {
    let flags = join(20_000, |index| format!(r#"{{"key": "f{index}", "type": "strange", "rollout_pct": 101}}"#));
    assert_eq!(refusal(&registry(&flags, "")).len(), 60_000);
}

#[test]
fn many_short_cycles() {
    let flags = join(40_000, |index| {
        format!(r#"{{"key": "f{index}", "default_value": true, "dependencies": ["f{}"]}}"#, index ^ 1)
    });
    assert_eq!(refusal(&registry(&flags, "")).len(), 20_000);
}

#[test]
fn many_references_to_flags_that_are_not_there() {
    let flags = join(3_000, |index| {
        format!(
            r#"{{"key": "payments.flag-{index}", "default_value": true, "dependencies": ["checkout.flag-{index}"]}}"#
        )
    });
    assert_eq!(refusal(&registry(&flags, "")).len(), 3_000);
}

#[test]
fn many_environments_that_are_not_listed() {
    let environments = join(1_000, |index| format!(r#""environment-{index}""#));
    let patches = join(1_000, |index| format!(r#""unlisted-{index}": {{}}"#));
    let flag = format!(r#"{{"key": "a", "default_value": true, "environments": {{{patches}}}}}"#);
    check_messages(&registry(&flag, &format!(r#", "environments": [{environments}]"#)), 1_000);
}

#[test]
fn many_variants_that_are_not_there() {
    let variants = join(1_000, |index| format!(r#""variant-{index}": {index}"#));
    let rules = join(1_000, |index| {
        format!(r#"{{"id": "r{index}", "when": {{"attr": "a", "op": "exists"}}, "serve": "missing-{index}"}}"#)
    });
    let flag = format!(
        r#"{{"key": "a", "type": "integer", "default_value": 1, "variants": {{{variants}}}, "serve": "variant-0", "rules": [{rules}]}}"#
    );
    check_messages(&registry(&flag, ""), 1_000);
}

#[test]
fn many_places_that_are_too_deep_among_many_other_problems() {
    let count = 20_000;
    let nested = "[".repeat(63) + &join(count, |_| "[]".into()) + &"]".repeat(63);
    let found = refusal(&registry(&join(count, |_| "1".into()), &format!(r#", "note": {nested}"#)));
    assert_eq!(found.len(), 2 * count);
}

#[test]
fn many_rows_of_one_user() {
    let rows = join(80_000, |index| {
        format!(
            r#"{{"id": "{index}", "scope": "user", "flag_key": "a", "value": true, "user_id": "u", "tenant_id": "t{index}"}}"#
        )
    });
    let text = registry(r#"{"key": "a", "default_value": false}"#, &format!(r#", "overrides": [{rows}]"#));
    let engine = timed(|| Engine::from_json(&text).expect("sound"));
    let context = Context::user("u").tenant_id("t79999");
    assert!(engine.bool("a", &context, false));
}
