//! Conditions over a small pool of attributes.

use serde_json::{Map, Value, json};

use super::registry::World;
use super::{Draw, pool};

const FOLDING: [&str; 8] = ["eq", "ne", "in", "not_in", "contains", "starts_with", "ends_with", "matches"];

/// A condition of at most so many more levels, over what the world has so far.
pub(super) fn condition(draw: &mut Draw<'_>, world: &World, levels: usize) -> Value {
    match draw.below(20) {
        11..=12 if levels > 0 => json!({"all": draw.list(3, |draw| condition(draw, world, levels - 1))}),
        13..=14 if levels > 0 => json!({"any": draw.list(3, |draw| condition(draw, world, levels - 1))}),
        15 if levels > 0 => json!({"not": condition(draw, world, levels - 1)}),
        16 if !world.segments.is_empty() => json!({"segment": draw.pick(&world.segments)}),
        17..=18 if !world.flags.is_empty() => world.requirement(draw),
        19 => bucket(draw),
        _ => attribute(draw),
    }
}

fn bucket(draw: &mut Draw<'_>) -> Value {
    let bounds = [0, 1, 10_000, 49_999, 50_000, 99_990, 99_999, 100_000];
    let from = draw.below(bounds.len() - 1);
    let to = from + 1 + draw.below(bounds.len() - from - 1);
    let mut bucket = json!({"salt": draw.pick(&pool::SALTS), "from": bounds[from], "to": bounds[to]});
    if draw.chance(30) {
        bucket["by"] = json!(pool::unit_name(draw));
    }
    json!({"bucket": bucket})
}

fn attribute(draw: &mut Draw<'_>) -> Value {
    let text = |draw: &mut Draw<'_>| json!(draw.pick(&pool::TEXTS));
    let (mut attr, ops): (&str, &[&str]) = draw.pick(&[
        ("country", &["eq", "ne", "in", "not_in", "contains", "starts_with", "ends_with", "matches", "exists"][..]),
        ("age", &["eq", "ne", "in", "not_in", "lt", "lte", "gt", "gte", "exists"]),
        ("beta", &["eq", "ne", "exists"]),
        ("plans", &["in", "not_in", "contains", "exists"]),
        (
            "version",
            &["semver_eq", "semver_lt", "semver_lte", "semver_gt", "semver_gte", "semver_tilde", "semver_caret"],
        ),
        ("since", &["before", "after"]),
        ("user_id", &["eq", "in", "starts_with"]),
        ("tenant_id", &["eq", "ne", "exists"]),
        ("tier", &["eq", "in"]),
        ("env", &["eq", "exists"]),
        ("kind", &["eq", "ne"]),
        ("role_key", &["eq", "exists"]),
        ("now", &["before", "after", "lt", "gte"]),
        ("overrides", &["exists"]),
    ]);
    let op = draw.pick(ops);
    if draw.chance(10) {
        // An attribute of another kind than the operator asks for.
        attr = draw.pick(&["country", "age", "beta", "plans", "version", "since", "nobody"]);
    }
    let value = match op {
        "eq" | "ne" => match attr {
            "age" => pool::number(draw),
            "beta" => json!(draw.chance(50)),
            "user_id" => json!(draw.pick(&pool::USERS)),
            "tenant_id" => json!(draw.pick(&pool::TENANTS)),
            "tier" => json!(draw.pick(&pool::TIERS)),
            "env" => json!("prod"),
            "kind" => json!("user"),
            _ => text(draw),
        },
        "in" | "not_in" => json!(draw.list(7, |draw| match attr {
            "user_id" => json!(draw.pick(&pool::USERS)),
            _ => pool::element(draw),
        })),
        "lt" | "lte" | "gt" | "gte" => pool::number(draw),
        "contains" => pool::element(draw),
        "starts_with" | "ends_with" if draw.chance(40) => json!(draw.list(3, text)),
        "starts_with" | "ends_with" => text(draw),
        "matches" => json!(draw.pick(&pool::PATTERNS)),
        "before" | "after" => pool::instant(draw),
        "exists" => Value::Null,
        _ => json!(draw.pick(&pool::VERSIONS)),
    };
    let mut condition = Map::from_iter([("attr".into(), json!(attr)), ("op".into(), json!(op))]);
    if op != "exists" {
        condition.insert("value".into(), value);
    }
    if FOLDING.contains(&op) && draw.chance(25) {
        condition.insert("ignore_case".into(), json!(draw.chance(80)));
    }
    Value::Object(condition)
}
