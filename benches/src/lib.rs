//! What is measured: one registry of a thousand flags, large enough that caches are honest, and two hundred and
//! fifty-six users, so that no branch is learnt by heart.

use std::fmt::Write;

use stitch_core::Context;

/// Flags in [`registry`].
pub const FLAGS: usize = 1_000;
/// Users in [`users`].
pub const USERS: usize = 256;

/// A registry with the flags of every row among a thousand others.
///
/// ```
/// let engine = stitch_core::Engine::from_json(&benches::registry()).expect("the registry is sound");
/// assert_eq!(engine.flag_keys().count(), benches::FLAGS);
/// assert!(engine.diagnostics().is_empty());
/// ```
pub fn registry() -> String {
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
    for index in flags.len()..FLAGS {
        let key = format!("team-{}.feature-{index}", index % 17);
        flags.push(row(&key, "staged", &format!(r#", "rollout_pct": {}"#, index % 101)));
    }
    format!(r#"{{"schema_version": "1.0", "flags": [{}]}}"#, flags.join(",\n"))
}

fn row(key: &str, stage: &str, more: &str) -> String {
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
    (0..USERS).map(|index| format!("user-{index:07}")).collect()
}

/// A context with an id and eight text attributes.
pub fn context(user_id: &str) -> Context<'_> {
    let mut context = Context::user(user_id).tier("staff");
    context
        .set("country", "TH")
        .set("device", "ios")
        .set("plan", "pro")
        .set("language", "th")
        .set("app_version", "4.2.0")
        .set("channel", "organic")
        .set("currency", "THB")
        .set("cohort", "2026-w47");
    context
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_answers_as_it_is_meant_to() {
        let engine = stitch_core::Engine::from_json(&registry()).expect("the registry is sound");
        let users = users();
        let inside = users.iter().filter(|user| engine.bool("staged", &context(user), false)).count();
        assert!((90..166).contains(&inside), "{inside} of 256 are in at 50 %");
        for user in &users {
            let context = context(user);
            assert!(engine.bool("plain", &context, false));
            assert_eq!(engine.evaluate("one-rule", &context).rule_id, Some("staff"));
            assert_eq!(engine.evaluate("ten-rules", &context).rule_id, Some("rule-9"));
            assert!(engine.bool("dependent", &context, false));
        }
    }
}
