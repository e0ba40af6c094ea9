//! Evaluating allocates nothing, and neither does building a context of up to eight attributes.

use std::hint::black_box;

use allocation_counter::measure;
use stitch_core::{Approvals, Context, Element, Engine, InlineOverrides, Reason};

/// A registry in which one evaluation goes through all nine steps' data: dependencies, approval, overrides, cohort,
/// bucket, rules of every operator but `matches`, a split, a patched environment.
const REGISTRY: &str = r#"{
    "schema_version": "1.0",
    "segments": [
        {"key": "testers", "included": ["T-1", "T-2", "T-3", "T-4", "T-5", "T-6"], "excluded": ["T-9"]},
        {"key": "grown up", "when": {"all": [{"attr": "age", "op": "gte", "value": 18}, {"not": {"segment": "testers"}}]}}
    ],
    "flags": [
        {"key": "base", "default_value": false, "rollout_stage": "full"},
        {"key": "plan", "type": "string", "default_value": "free", "variants": {"free": "free", "pro": "pro"},
            "serve": {"split": [{"variant": "free", "weight": 1}, {"variant": "pro", "weight": 1}], "by": "seat"},
            "rollout_stage": "full", "dependencies": ["base"]},
        {"key": "checkout", "type": "object", "default_value": {"version": 1},
            "variants": {"old": {"version": 1}, "new": {"version": 2, "steps": ["a", "b"]}},
            "rollout_stage": "staged", "rollout_pct": 100, "cohort": ["testers", "grown up"], "requires_approval": true,
            "dependencies": ["base", {"flag": "plan", "variant": "pro"}],
            "rules": [
                {"id": "text", "serve": "old", "when": {"any": [
                    {"attr": "country", "op": "eq", "value": "th", "ignore_case": true},
                    {"attr": "country", "op": "in", "value": ["a", "b", "c", "d", "e", "f", 1, 2.5]},
                    {"attr": "country", "op": "contains", "value": "XYZ", "ignore_case": true},
                    {"attr": "country", "op": "starts_with", "value": ["X", "Y"]},
                    {"attr": "country", "op": "ends_with", "value": "Z"}]}},
                {"id": "number", "serve": "old", "when": {"any": [
                    {"attr": "age", "op": "lt", "value": 18},
                    {"attr": "seat", "op": "eq", "value": 3.5},
                    {"attr": "plans", "op": "contains", "value": 77},
                    {"attr": "plans", "op": "in", "value": ["none", 99]}]}},
                {"id": "version", "serve": "old", "when": {"any": [
                    {"attr": "version", "op": "semver_lt", "value": "1.0.0-rc.1"},
                    {"attr": "version", "op": "semver_caret", "value": "99999999999999999999.0.0"}]}},
                {"id": "time", "serve": "old", "when": {"any": [
                    {"attr": "since", "op": "after", "value": 1893456000000.5},
                    {"attr": "now", "op": "before", "value": "1999-01-01T00:00:00.00001Z"}]}},
                {"id": "references", "serve": "old", "when": {"any": [
                    {"segment": "testers"}, {"not": {"flag": "plan"}},
                    {"bucket": {"salt": "holdout", "by": "seat", "from": 0, "to": 1}}]}},
                {"id": "all others", "when": {"attr": "beta", "op": "exists"},
                    "serve": {"split": [{"variant": "old", "weight": 0}, {"variant": "new", "weight": 1}]}}
            ],
            "serve": "old",
            "environments": {"prod": {"salt": "prod", "audit": {"last_approval_ref": "CAB-1"}}}},
        {"key": "older", "default_value": false, "rollout_stage": "staged", "rollout_pct": 50, "algorithm": "djb2-xor",
            "serve": {"split": [{"variant": "on", "weight": 1}, {"variant": "off", "weight": 1}]}},
        {"key": "oldest", "default_value": false, "rollout_stage": "full", "algorithm": "murmur3-x64-128",
            "serve": {"split": [{"variant": "on", "weight": 1}, {"variant": "off", "weight": 1}]}},
        {"key": "by-number", "default_value": false, "rollout_stage": "staged", "rollout_pct": 50, "bucket_by": "age"}
    ],
    "overrides": [
        {"id": "1", "scope": "user", "flag_key": "checkout", "value": {"version": 2}, "user_id": "O-1"},
        {"id": "2", "scope": "user", "flag_key": "checkout", "value": {"version": 3}, "user_id": "O-1", "tenant_id": "t",
            "expires_at": "2020-01-01T00:00:00Z"},
        {"id": "3", "scope": "tenant", "flag_key": "checkout", "value": {"version": 4}, "tenant_id": "overridden"}
    ]
}"#;

fn engine() -> Engine {
    Engine::from_json(REGISTRY).expect("sound")
}

/// The context for a user, built anew.
fn context<'a>(user: &'a str, plans: &'a [Element<'a>]) -> Context<'a> {
    Context::user(user)
        .tenant_id("acme")
        .tier("gold")
        .env("prod")
        .role_key("buyer")
        .now(1_704_067_200_000)
        .with("country", "FR")
        .with("age", 41)
        .with("beta", true)
        .with("plans", plans)
        .with("version", "v2.10.3-rc.1+build.5")
        .with("since", "2024-02-29T12:00:00.123456789+07:00")
        .with("seat", 18.0)
        .with("score", 0.5)
}

/// Runs it and counts; the counting itself is tried first.
fn allocations(run: impl FnOnce()) -> u64 {
    assert_eq!(measure(|| drop(black_box(Box::new(1)))).count_total, 1, "the allocator counts");
    measure(run).count_total
}

#[test]
fn building_a_context_and_evaluating_allocate_nothing() {
    let engine = engine();
    let plans = [Element::from("pro"), Element::from(2), Element::from(2.5)];
    let users: Vec<String> =
        (0..200).map(|index| format!("user-{index}")).chain(["T-3".into(), "O-1".into()]).collect();
    let (mut long_way, mut overridden) = (false, false);
    let count = allocations(|| {
        for user in &users {
            let context = context(black_box(user), &plans);
            for key in ["base", "plan", "checkout", "older", "oldest", "by-number", "no such flag"] {
                black_box(engine.evaluate(black_box(key), &context));
            }
            let checkout = engine.evaluate("checkout", &context);
            long_way |= checkout.reason == Reason::StagedIn && checkout.rule_id == Some("all others");
            overridden |= checkout.reason == Reason::UserOverride;
            black_box(engine.bool("base", &context, false));
            black_box(engine.string("plan", &context, "free"));
        }
    });
    assert_eq!(count, 0);
    assert!(long_way, "past all rules to the split, which needs the dependency to serve `pro` to seat 18");
    assert!(overridden, "by a stored row");
}

#[test]
fn evaluating_by_a_handle_allocates_nothing() {
    let engine = engine();
    let plans = [Element::from("pro"), Element::from(2)];
    let handle = engine.flag("checkout").expect("there it is");
    let count = allocations(|| {
        let context = context(black_box("user-1"), &plans);
        for _ in 0..100 {
            black_box(handle.evaluate(black_box(&context)));
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn inline_overrides_and_approvals_allocate_nothing_more() {
    let engine = engine();
    let overrides = InlineOverrides::default().user("base", false).user("plan", "free").tenant("older", true);
    let approvals = Approvals::default().of("checkout", "CAB-2");
    let count = allocations(|| {
        let context = context("user-1", &[]).env("dev").overrides(&overrides).approvals(&approvals);
        for key in ["base", "plan", "checkout", "older"] {
            black_box(engine.evaluate(key, &context));
        }
        assert!(engine.check(&context).is_ok());
    });
    assert_eq!(count, 0);
}

/// The regex crate makes its scratch space when a pattern is first asked, once for each thread at a time.
#[test]
fn patterns_allocate_the_first_time_only() {
    let engine = Engine::from_json(
        r#"{"schema_version": "1.0", "flags": [{"key": "a", "default_value": false, "rollout_stage": "full", "rules": [
            {"id": "r", "when": {"attr": "email", "op": "matches", "value": "^[a-z]+(\\.[a-z]+)*@example\\.(org|com)$"},
                "serve": "off"}]}]}"#,
    )
    .expect("sound");
    let emails = ["a.b@example.org", "nobody", "someone@example.com", "x@example.net", "Üñï@example.org"];
    let evaluate_all = || {
        for email in emails {
            black_box(engine.evaluate("a", &Context::user("u").with("email", email)));
        }
    };
    evaluate_all();
    assert_eq!(allocations(evaluate_all), 0);
}

/// Room is made for as many entries as the last list had: a long one must not make room for each of a chain.
#[test]
fn long_lists_before_chains_take_no_more_than_they_are() {
    let long = vec!["1"; 255].join(",");
    let unit = format!("[{long}],{}{}", "[".repeat(57), "]".repeat(57));
    let lists = vec![unit; 500].join(",");
    let members: Vec<String> = (0..255).map(|index| format!(r#""{index}":1"#)).collect();
    let unit = format!("{{{}}},{}1{}", members.join(","), r#"{"":"#.repeat(56), "}".repeat(56));
    let objects = vec![unit; 200].join(",");
    for list in [lists, objects] {
        let text = format!(r#"{{"schema_version": "1.0", "flags": [], "x-a": [{list}]}}"#);
        let compiled = measure(|| drop(Engine::from_json(&text).unwrap()));
        let read = measure(|| drop(stitch_core::Json::parse(&text).unwrap()));
        for taken in [compiled.bytes_max, read.bytes_max] {
            assert!(taken < 60 * text.len() as u64, "{taken} bytes for {} of text", text.len());
        }
    }
}
