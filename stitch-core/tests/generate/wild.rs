//! JSON that is near the shape of a registry and seldom right: known keys, with whatever under them.

use std::borrow::Cow;

use stitch_core::{Json, Number};

use super::Draw;

type Tree = Json<'static>;

const ROOT: [&str; 8] = [
    "schema_version",
    "flags",
    "segments",
    "bucketing",
    "internal_tiers",
    "environments",
    "overrides",
    "segmnets",
];
const FLAG: [&str; 22] = [
    "key",
    "type",
    "default_value",
    "variants",
    "serve",
    "rules",
    "rollout_stage",
    "rollout_pct",
    "cohort",
    "bucket_by",
    "salt",
    "algorithm",
    "dependencies",
    "requires_approval",
    "sensitive_flag",
    "approval_matrix_row",
    "allowed_scopes",
    "environments",
    "audit",
    "paused_from",
    "description",
    "rollout_ptc",
];
const SEGMENT: [&str; 5] = ["key", "included", "excluded", "by", "when"];
const RULE: [&str; 3] = ["id", "when", "serve"];
const SERVE: [&str; 3] = ["split", "by", "salt"];
const SHARE: [&str; 2] = ["variant", "weight"];
const BUCKET: [&str; 4] = ["salt", "by", "from", "to"];
const CONDITION: [&str; 11] =
    ["all", "any", "not", "segment", "flag", "variant", "bucket", "attr", "op", "value", "ignore_case"];
const ROW: [&str; 9] =
    ["id", "scope", "flag_key", "value", "tenant_id", "user_id", "expires_at", "approval_ref", "rationale"];
const AUDIT: [&str; 3] = ["created_at", "last_flipped_by", "last_approval_ref"];
const CONTEXT: [&str; 10] =
    ["user_id", "kind", "tenant_id", "tier", "env", "role_key", "attributes", "overrides", "approvals", "now"];
const KEYS: [&[&str]; 10] = [&ROOT, &FLAG, &SEGMENT, &RULE, &SERVE, &SHARE, &BUCKET, &CONDITION, &ROW, &CONTEXT];
const WORDS: [&str; 52] = [
    "1.0", "f0", "f1", "f2", "segment 0", "s1", "on", "off", "a", "user", "tenant", "global", "boolean", "string", "integer",
    "double", "object", "draft", "staged", "pilot", "full", "paused", "rolled_back", "xxh64", "djb2-xor", "murmur3-x64-128",
    "prod", "staging", "user_id", "attributes", "eq", "not_in", "lt", "contains", "starts_with", "matches", "exists",
    "semver_caret", "before", "after", "1.2.3", "2024-01-01T00:00:00Z", "2024-13-01T00:00:00Z", "(", "a{2}{3}", "[^a-z]+",
    "((a{1000}){1000}){1000}", "", "é\u{1f600}", "\u{0}\u{7f}", "~/~1", "\"\\",
];

/// A registry, more or less.
pub(crate) fn registry(draw: &mut Draw<'_>) -> Tree {
    if draw.chance(3) {
        return value(draw, 5);
    }
    let mut members = vec![("schema_version".into(), Json::from("1.0")), ("flags".into(), entries(draw, 6, &FLAG, 9))];
    if let Json::Object(more) = object(draw, 4, &ROOT, 9) {
        let double = draw.chance(5);
        members.extend(more.into_iter().filter(|(key, _)| double || (key != "flags" && key != "schema_version")));
    }
    Json::Object(members)
}

/// A context, more or less.
pub(crate) fn context(draw: &mut Draw<'_>) -> Tree {
    if draw.chance(5) { value(draw, 5) } else { object(draw, 8, &CONTEXT, 4) }
}

/// Any JSON, of at most so many more levels.
pub(crate) fn value(draw: &mut Draw<'_>, levels: usize) -> Tree {
    match draw.below(10) {
        8 if levels > 0 => Json::Array(draw.list(4, |draw| value(draw, levels - 1))),
        9 if levels > 0 => {
            let keys = draw.pick(&KEYS);
            object(draw, 4, keys, levels)
        }
        _ => scalar(draw),
    }
}

fn scalar(draw: &mut Draw<'_>) -> Tree {
    match draw.below(10) {
        0 => Json::Null,
        1 => Json::Boolean(draw.chance(50)),
        2..=3 => number(draw),
        _ => Json::from(draw.pick(&WORDS)),
    }
}

fn number(draw: &mut Draw<'_>) -> Tree {
    draw.pick(&[
        Json::from(0),
        Json::from(1),
        Json::from(-1),
        Json::from(50.0),
        Json::from(12.345_678),
        Json::from(100_000),
        Json::from(4_294_967_296_i64),
        Json::Number(Number::Integer(i64::MAX)),
        Json::from(1e300),
        Json::from(-5e-324),
    ])
}

/// An object of up to `most` members under some of those keys.
fn object(draw: &mut Draw<'_>, most: usize, keys: &[&'static str], levels: usize) -> Tree {
    let mut members: Vec<(Cow<'static, str>, Tree)> = Vec::new();
    for _ in 0..=draw.below(most) {
        let key = if draw.chance(3) { draw.pick(&WORDS) } else { draw.pick(keys) };
        if members.iter().all(|(other, _)| other != key) || draw.chance(2) {
            let value = under(draw, key, levels.saturating_sub(1));
            members.push((key.into(), value));
        }
    }
    Json::Object(members)
}

fn entries(draw: &mut Draw<'_>, most: usize, keys: &[&'static str], levels: usize) -> Tree {
    let levels = levels.saturating_sub(2);
    Json::Array(draw.list(most, |draw| if draw.chance(3) { value(draw, 2) } else { object(draw, 8, keys, levels) }))
}

/// What stands under a key, more or less.
fn under(draw: &mut Draw<'_>, key: &str, levels: usize) -> Tree {
    if levels == 0 || draw.chance(15) {
        return value(draw, levels.min(3));
    }
    let words = |draw: &mut Draw<'_>| Json::Array(draw.list(4, |draw| Json::from(draw.pick(&WORDS))));
    match key {
        "flags" => entries(draw, 6, &FLAG, levels),
        "segments" => entries(draw, 4, &SEGMENT, levels),
        "overrides" => entries(draw, 4, &ROW, levels),
        "rules" => entries(draw, 4, &RULE, levels),
        "split" => entries(draw, 3, &SHARE, levels),
        "all" | "any" => entries(draw, 3, &CONDITION, levels),
        "when" | "not" => object(draw, 4, &CONDITION, levels),
        "bucket" => object(draw, 4, &BUCKET, levels),
        "audit" => object(draw, 3, &AUDIT, levels),
        "environments" | "attributes" | "approvals" if draw.chance(60) => {
            object(draw, 3, &["prod", "dev", "f0", "age"], levels)
        }
        "variants" => object(draw, 3, &["on", "off", "a"], 1),
        "prod" | "dev" => object(draw, 5, &FLAG, levels),
        "serve" if draw.chance(40) => object(draw, 3, &SERVE, levels),
        "dependencies" if draw.chance(40) => entries(draw, 3, &["flag", "variant"], levels),
        "dependencies" | "cohort" | "included" | "excluded" | "internal_tiers" | "allowed_scopes" => words(draw),
        "rollout_pct" | "weight" | "from" | "to" | "now" => number(draw),
        "requires_approval" | "sensitive_flag" | "ignore_case" => Json::Boolean(draw.chance(50)),
        "bucketing" => Json::Object(vec![("algorithm".into(), scalar(draw))]),
        _ => scalar(draw),
    }
}
