//! JSON that is near the shape of a registry and seldom right: known keys, with whatever under them.

use std::borrow::Cow;

use stitch_core::{Json, Number};

use super::Draw;

type Tree = Json<'static>;

const ROOT: [&str; 8] =
    ["schema_version", "flags", "segments", "bucketing", "internal_tiers", "environments", "overrides", "segmnets"];
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
const PATTERNS: [&str; 12] = [
    "^a",
    "a{2}{3}",
    "((a{1000}){1000}){1000}",
    "(",
    "[^\\s-é]",
    "\\p{L}",
    "(?i)a",
    "a|",
    "[]",
    "x{1,1001}",
    "\\",
    "[a-\u{10ffff}]+?",
];
const WORDS: [&str; 52] = [
    "1.0",
    "f0",
    "f1",
    "f2",
    "segment 0",
    "s1",
    "on",
    "off",
    "a",
    "user",
    "tenant",
    "global",
    "boolean",
    "string",
    "integer",
    "double",
    "object",
    "draft",
    "staged",
    "pilot",
    "full",
    "paused",
    "rolled_back",
    "xxh64",
    "djb2-xor",
    "murmur3-x64-128",
    "prod",
    "staging",
    "user_id",
    "attributes",
    "eq",
    "not_in",
    "lt",
    "contains",
    "starts_with",
    "matches",
    "exists",
    "semver_caret",
    "before",
    "after",
    "1.2.3",
    "2024-01-01T00:00:00Z",
    "2024-13-01T00:00:00Z",
    "(",
    "a{2}{3}",
    "[^a-z]+",
    "((a{1000}){1000}){1000}",
    "",
    "é\u{1f600}",
    "\u{0}\u{7f}",
    "~/~1",
    "\"\\",
];

/// The words that make sense under a key, where there are such.
fn words(key: &str) -> &'static [&'static str] {
    match key {
        "op" => &[
            "eq",
            "ne",
            "in",
            "not_in",
            "lt",
            "gte",
            "contains",
            "starts_with",
            "ends_with",
            "matches",
            "exists",
            "semver_eq",
            "semver_tilde",
            "semver_caret",
            "before",
            "after",
        ],
        "type" => &["boolean", "string", "integer", "double", "object"],
        "scope" | "allowed_scopes" => &["user", "tenant", "global"],
        "rollout_stage" | "paused_from" => &["full", "staged", "pilot", "internal", "paused"],
        "algorithm" => &["xxh64", "djb2-xor", "murmur3-x64-128"],
        "key" => &["f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7"],
        "flag" | "flag_key" | "dependencies" | "segment" | "cohort" => &["f0", "f1", "f2", "f3"],
        "variant" | "serve" => &["on", "off", "a"],
        "attr" | "by" | "bucket_by" => &["user_id", "country", "age", "version", "overrides"],
        "user_id" | "tenant_id" => &["u0", "t0"],
        "salt" => &["f0", "f1", "s"],
        "id" => &["r0", "r1", "r2"],
        _ => &WORDS,
    }
}

/// A registry, more or less.
pub(crate) fn registry(draw: &mut Draw<'_>) -> Tree {
    if draw.chance(3) {
        return value(draw, 5);
    }
    let version = if draw.chance(2) { scalar(draw) } else { Json::from("1.0") };
    let mut members = vec![("schema_version".into(), version), ("flags".into(), under(draw, "flags", 12))];
    if let Json::Object(more) = object(draw, &[], 4, &ROOT, 12) {
        let double = draw.chance(5);
        members.extend(more.into_iter().filter(|(key, _)| double || (key != "flags" && key != "schema_version")));
    }
    Json::Object(members)
}

/// A context, more or less.
pub(crate) fn context(draw: &mut Draw<'_>) -> Tree {
    if draw.chance(5) { value(draw, 5) } else { object(draw, &[], 8, &CONTEXT, 4) }
}

/// Any JSON, of at most so many more levels.
pub(crate) fn value(draw: &mut Draw<'_>, levels: usize) -> Tree {
    match draw.below(10) {
        8 if levels > 0 => Json::Array(draw.list(4, |draw| value(draw, levels - 1))),
        9 if levels > 0 => {
            let keys = draw.pick(&KEYS);
            object(draw, &[], 4, keys, levels)
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
        Json::from(1),
        Json::from(0),
        Json::from(50.0),
        Json::from(100_000),
        Json::from(12.345_678),
        Json::from(u32::MAX),
        Json::from(4_294_967_296_i64),
        Json::Number(Number::Integer(i64::MAX)),
        Json::from(-1),
        Json::from(1e300),
        Json::from(-5e-324),
    ])
}

/// An object that mostly has those keys, and up to `most` others.
fn object(draw: &mut Draw<'_>, required: &[&'static str], most: usize, keys: &[&'static str], levels: usize) -> Tree {
    let mut names: Vec<&'static str> = required.iter().copied().filter(|_| !draw.chance(5)).collect();
    for _ in 0..draw.below(most + 1) {
        let key = if draw.chance(3) { draw.pick(&WORDS) } else { draw.pick(keys) };
        if !names.contains(&key) || draw.chance(1) {
            names.push(key);
        }
    }
    let member = |key| (Cow::Borrowed(key), under(draw, key, levels.saturating_sub(1)));
    Json::Object(names.into_iter().map(member).collect())
}

fn entries(draw: &mut Draw<'_>, most: usize, mut entry: impl FnMut(&mut Draw<'_>) -> Tree) -> Tree {
    Json::Array(draw.list(most, |draw| if draw.chance(2) { value(draw, 2) } else { entry(draw) }))
}

fn condition(draw: &mut Draw<'_>, levels: usize) -> Tree {
    let keys = match draw.below(12) {
        11 => {
            let pattern = Json::from(draw.pick(&PATTERNS));
            let members = [("attr", Json::from("country")), ("op", Json::from("matches")), ("value", pattern)];
            return Json::Object(members.map(|(key, value)| (key.into(), value)).into());
        }
        10 => return Json::Object(vec![("all".into(), Json::Array(Vec::new()))]),
        0..=3 => &["attr", "op", "value"][..],
        4 => &["attr", "op", "value", "ignore_case"],
        5 => &["segment"],
        6 => &["flag", "variant"],
        7 => &["bucket"],
        8 => &["all"],
        _ => &["not"],
    };
    let extra = usize::from(draw.chance(10));
    object(draw, keys, extra, &CONDITION, levels)
}

/// What stands under a key, more or less.
fn under(draw: &mut Draw<'_>, key: &str, levels: usize) -> Tree {
    if levels == 0 || draw.chance(4) {
        return value(draw, levels.min(3));
    }
    let inner = levels.saturating_sub(1);
    match key {
        "flags" => entries(draw, 6, |draw| object(draw, &["key", "default_value"], 6, &FLAG, inner)),
        "segments" => entries(draw, 4, |draw| object(draw, &["key"], 3, &SEGMENT, inner)),
        "overrides" => {
            entries(draw, 4, |draw| object(draw, &["id", "scope", "flag_key", "value", "user_id"], 3, &ROW, inner))
        }
        "rules" => entries(draw, 4, |draw| object(draw, &RULE, 0, &RULE, inner)),
        "split" => entries(draw, 3, |draw| object(draw, &SHARE, 0, &SHARE, inner)),
        "all" | "any" => entries(draw, 3, |draw| condition(draw, inner)),
        "when" | "not" => condition(draw, levels),
        "bucket" => object(draw, &["salt", "from", "to"], 1, &BUCKET, levels),
        "audit" => object(draw, &[], 3, &AUDIT, levels),
        "environments" | "attributes" | "approvals" if draw.chance(60) => {
            object(draw, &[], 3, &["prod", "dev", "f0", "age"], levels)
        }
        "variants" => object(draw, &["on", "off"], 1, &["a"], 1),
        "prod" | "dev" => object(draw, &[], 5, &FLAG, levels),
        "serve" if draw.chance(40) => object(draw, &["split"], 2, &SERVE, levels),
        "dependencies" if draw.chance(40) => entries(draw, 3, |draw| object(draw, &["flag"], 1, &["variant"], inner)),
        "dependencies" | "cohort" | "allowed_scopes" => {
            Json::Array(draw.list(3, |draw| Json::from(draw.pick(words(key)))))
        }
        "included" | "excluded" | "internal_tiers" | "environments" => {
            Json::Array(draw.list(3, |draw| Json::from(draw.pick(&WORDS))))
        }
        "rollout_pct" | "weight" | "from" | "to" | "now" => number(draw),
        "requires_approval" | "sensitive_flag" | "ignore_case" => Json::Boolean(draw.chance(50)),
        "default_value" | "value" if draw.chance(60) => Json::Boolean(draw.chance(50)),
        "value" if draw.chance(20) => Json::Array(draw.list(3, scalar)),
        "bucketing" => object(draw, &["algorithm"], 0, &[], levels),
        _ if draw.chance(5) => scalar(draw),
        _ => Json::from(draw.pick(words(key))),
    }
}
