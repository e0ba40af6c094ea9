//! The few words and values that conditions ask for and contexts have, so that they meet.

use serde_json::{Value, json};

use super::Draw;

pub(super) const TEXTS: [&str; 10] = ["TH", "th", "US", "", "a", "ab", "abc-12", "Straße", "\u{212a}", "日本\u{1f600}"];
pub(super) const USERS: [&str; 7] = ["u0", "u1", "u2", "u3", "18", "é", "\u{1f600}"];
pub(super) const TENANTS: [&str; 3] = ["t0", "t1", "t2"];
pub(super) const TIERS: [&str; 5] = ["anonymous", "staff", "admin", "gold", ""];
pub(super) const SALTS: [&str; 5] = ["s0", "s1", "", "f0", "ü"];
pub(super) const PERCENTAGES: [f64; 9] = [50.0, 0.0, 100.0, 0.001, 12.5, 33.333, 99.999, 1.0, 66.666_666];
pub(super) const ALGORITHMS: [&str; 3] = ["xxh64", "djb2-xor", "murmur3-x64-128"];
pub(super) const STAGES: [&str; 7] = ["full", "staged", "pilot", "internal", "draft", "paused", "rolled_back"];
pub(super) const PATTERNS: [&str; 9] =
    ["^a", "b+c?", r"\d{2,3}$", r"[^\w.-]", r"\bTH\b", "", "(?:a|b)*?c", ".", "x{0,1000}|[a-zß]"];
/// Strictly three parts, as a condition's value must be.
pub(super) const VERSIONS: [&str; 9] = [
    "1.2.3",
    "v1.2.3",
    "1.2.3-rc.1",
    "1.2.3-rc.2+build",
    "0.0.0",
    "0.1.2",
    "1.3.0",
    "2.0.0",
    "99999999999999999999999.0.0",
];

pub(super) fn number(draw: &mut Draw<'_>) -> Value {
    draw.pick(&[
        json!(18),
        json!(0),
        json!(18.0),
        json!(18.5),
        json!(-1),
        json!(0.1),
        json!(9_007_199_254_740_991_i64),
        json!(9_007_199_254_740_993_i64),
        json!(9_007_199_254_740_992.0),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(9.223_372_036_854_776e18),
        json!(-0.0),
        json!(1e300),
        json!(5e-324),
    ])
}

/// Texts and numbers that are instants, close to each other.
pub(super) fn instant(draw: &mut Draw<'_>) -> Value {
    draw.pick(&[
        json!("2024-01-01T00:00:00Z"),
        json!(1_704_067_200_000_i64),
        json!("2024-01-01T00:00:00.0001Z"),
        json!("2023-12-31t23:59:59.999999999999z"),
        json!("2024-01-01T01:00:00+01:00"),
        json!(1_704_067_200_000.5),
        json!("0000-01-01T00:00:00-00:00"),
        json!("9999-12-31T23:59:59Z"),
        json!(-1),
        json!(1e300),
    ])
}

/// A text, or a number, as lists hold them.
pub(super) fn element(draw: &mut Draw<'_>) -> Value {
    if draw.chance(35) { number(draw) } else { json!(draw.pick(&TEXTS)) }
}

/// The name of what can be the unit.
pub(super) fn unit_name(draw: &mut Draw<'_>) -> &'static str {
    draw.pick(&["user_id", "tenant_id", "country", "age", "tier", "beta", "now", "attributes", "nobody"])
}
