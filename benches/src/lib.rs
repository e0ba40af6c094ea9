//! What is measured: one registry of a thousand flags, and two hundred and fifty-six users.

use std::fmt::Write;

use stitch_core::{AttributeValue, Context};

pub mod floor;
pub mod plot;
pub mod storm;

/// Flags in [`registry`].
pub const FLAGS: usize = 1_000;
/// Users in [`users`].
pub const USERS: usize = 256;

/// The flags of the rows A to E.
pub const ROWS: [(&str, &str); 5] =
    [("A", "plain"), ("B", "one-rule"), ("C", "staged"), ("D", "ten-rules"), ("E", "dependent")];

/// A registry with the flags of every row among a thousand others.
///
/// ```
/// let engine = stitch_core::Engine::from_json(&benches::registry()).expect("the registry is sound");
/// assert_eq!(engine.flag_keys().count(), benches::FLAGS);
/// assert!(engine.diagnostics().is_empty());
/// ```
pub fn registry() -> String {
    registry_of(FLAGS)
}

/// A registry of so many flags, those of the rows among them.
pub fn registry_of(count: usize) -> String {
    let mut flags = vec![
        row("plain", "full", ""),
        row(
            "one-rule",
            "full",
            r#", "serve": "off", "rules": [{"id": "staff", "when": {"attr": "tier", "op": "eq", "value": "staff"}, "serve": "on"}]"#,
        ),
        row("staged", "staged", r#", "rollout_pct": 50"#),
        row("ten-rules", "full", &ten_rules()),
        row("dependent", "full", r#", "dependencies": ["one-rule"]"#),
    ];
    for index in flags.len()..count {
        flags.push(row(&feature(index), "staged", &format!(r#", "rollout_pct": {}"#, index % 101)));
    }
    document(&flags, "")
}

/// The key of a flag of [`registry_of`] that is no row's.
pub fn feature(index: usize) -> String {
    format!("team-{}.feature-{index}", index % 17)
}

/// A registry of so many flags of one to three rules, for row G.
///
/// ```
/// let engine = stitch_core::Engine::from_json(&benches::rules_registry(1_000)).expect("the registry is sound");
/// assert!(engine.diagnostics().is_empty());
/// ```
pub fn rules_registry(count: usize) -> String {
    let conditions = [
        r#"{"attr": "country", "op": "eq", "value": "TH"}"#,
        r#"{"all": [{"attr": "plan", "op": "in", "value": ["pro", "team"]}, {"attr": "app_version", "op": "semver_gte", "value": "4.2.0"}]}"#,
        r#"{"any": [{"attr": "tier", "op": "eq", "value": "staff"}, {"attr": "channel", "op": "starts_with", "value": "org"}]}"#,
    ];
    let flag = |index: usize| {
        let rules: Vec<String> = (0..=index % conditions.len())
            .map(|rule| {
                format!(r#"{{"id": "rule-{rule}", "when": {}, "serve": "on"}}"#, conditions[(index + rule) % 3])
            })
            .collect();
        let more = format!(r#", "rollout_pct": {}, "serve": "off", "rules": [{}]"#, index % 101, rules.join(", "));
        row(&feature(index), "staged", &more)
    };
    document(&(0..count).map(flag).collect::<Vec<_>>(), "")
}

/// A registry of one flag for the users of a segment that lists so many ids, for row I.
pub fn segment_registry(ids: usize) -> String {
    let ids: Vec<String> = (0..ids).map(|index| format!(r#""{}""#, user(index))).collect();
    let flag = row("members", "pilot", r#", "cohort": ["listed"]"#);
    document(&[flag], &format!(r#", "segments": [{{"key": "listed", "included": [{}]}}]"#, ids.join(",")))
}

/// A registry document.
pub fn document(flags: &[String], more: &str) -> String {
    format!(r#"{{"schema_version": "1.0", "flags": [{}]{more}}}"#, flags.join(",\n"))
}

/// A boolean flag of that stage, off unless its gate is open.
pub fn row(key: &str, stage: &str, more: &str) -> String {
    format!(r#"{{"key": "{key}", "default_value": false, "rollout_stage": "{stage}"{more}}}"#)
}

/// Ten rules of three conditions; only the last one matches a user of [`context`].
fn ten_rules() -> String {
    let mut rules = String::new();
    for index in 0..10 {
        let plan = if index == 9 { "pro".to_owned() } else { format!("plan-{index}") };
        let separator = if index == 0 { "" } else { ", " };
        let _ = write!(
            rules,
            r#"{separator}{{"id": "rule-{index}", "when": {{"all": [
                {{"attr": "country", "op": "eq", "value": "TH"}},
                {{"attr": "device", "op": "in", "value": ["ios", "android"]}},
                {{"attr": "plan", "op": "eq", "value": "{plan}"}}]}}, "serve": "on"}}"#
        );
    }
    format!(r#", "serve": "off", "rules": [{rules}]"#)
}

/// The users' ids, twelve bytes each.
pub fn users() -> Vec<String> {
    (0..USERS).map(user).collect()
}

/// A user's id.
pub fn user(index: usize) -> String {
    format!("user-{index:07}")
}

/// A context with an id and eight text attributes.
pub fn context(user_id: &str) -> Context<'_> {
    let mut context = Context::user(user_id).tier("staff");
    for (name, value) in attributes() {
        context.set(name, value);
    }
    context
}

/// The same context, which borrows its attributes.
#[inline]
pub fn borrowing<'a>(user_id: &'a str, attributes: &'a Attributes) -> Context<'a> {
    Context::user(user_id).tier("staff").attributes(attributes)
}

/// The attributes of a context.
pub type Attributes = [(&'static str, AttributeValue<'static>); 8];

/// The attributes of [`context`].
#[inline]
pub fn attributes() -> Attributes {
    [
        ("country", "TH".into()),
        ("device", "ios".into()),
        ("plan", "pro".into()),
        ("language", "th".into()),
        ("app_version", "4.2.0".into()),
        ("channel", "organic".into()),
        ("currency", "THB".into()),
        ("cohort", "2026-w47".into()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_answers_as_it_is_meant_to() {
        let engine = stitch_core::Engine::from_json(&registry()).expect("the registry is sound");
        let floor = floor::Registry::new(FLAGS);
        let users = users();
        let inside = users.iter().filter(|user| engine.bool("staged", &context(user), false)).count();
        assert!((90..166).contains(&inside), "{inside} of 256 are in at 50 %");
        for user in &users {
            let (context, profile) = (context(user), floor::Profile::new(user));
            assert_eq!(engine.evaluate("one-rule", &context).rule_id, Some("staff"));
            assert_eq!(engine.evaluate("ten-rules", &context).rule_id, Some("rule-9"));
            for (_, key) in ROWS {
                let on = engine.bool(key, &context, false);
                assert!(on || key == "staged");
                assert_eq!(floor.by_name(key, &profile), on, "{key} for {user}");
            }
        }
    }

    #[test]
    fn the_segment_takes_in_those_it_lists() {
        let engine = stitch_core::Engine::from_json(&segment_registry(1_000)).expect("the registry is sound");
        assert!(engine.bool("members", &context(&user(999)), false));
        assert!(!engine.bool("members", &context(&user(1_000)), true));
    }
}
