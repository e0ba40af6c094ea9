//! What becomes of the client's context.

use open_feature::{
    Client, EvaluationContext, EvaluationContextFieldValue as Field, EvaluationErrorCode, StructValue, Value,
};
use stitch_openfeature::StitchProvider;
use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

use crate::{client, client_of, failure, registry, user};

/// A client of one flag, `f`, that is on where the condition holds.
async fn client_when(condition: &str) -> Client {
    client(&flag_when(condition)).await
}

fn flag_when(condition: &str) -> String {
    format!(
        r#"[{{"key": "f", "default_value": false, "rollout_stage": "full", "serve": "off",
             "rules": [{{"id": "r", "when": {condition}, "serve": "on"}}]}}]"#
    )
}

async fn holds(condition: &str, context: EvaluationContext) -> bool {
    client_when(condition).await.get_bool_value("f", Some(&context), None).await.expect("an answer")
}

async fn refusal(context: EvaluationContext) -> String {
    let (code, message) = failure(client_when(r#"{"all": []}"#).await.get_bool_value("f", Some(&context), None).await);
    assert_eq!(code, EvaluationErrorCode::InvalidContext);
    message
}

fn eq(name: &str, value: &str) -> String {
    format!(r#"{{"attr": "{name}", "op": "eq", "value": {value}}}"#)
}

fn field(name: &str, value: impl Into<Field>) -> EvaluationContext {
    EvaluationContext::default().with_custom_field(name, value)
}

fn instant(year: i32, nanosecond: u32, offset: UtcOffset) -> OffsetDateTime {
    let date = Date::from_calendar_date(year, Month::January, 2).expect("a date");
    date.with_time(Time::from_hms_nano(3, 4, 5, nanosecond).expect("a time")).assume_offset(offset)
}

#[tokio::test]
async fn the_targeting_key_is_the_user() {
    assert!(holds(&eq("user_id", r#""ann""#), user("ann")).await);
    assert!(holds(&eq("user_id", r#""ann""#), field("user_id", "ann")).await);
    assert!(holds(&eq("user_id", r#""ann""#), user("ann").with_custom_field("user_id", "bob")).await);
}

#[tokio::test]
async fn fields_of_the_contract_are_set_and_others_are_attributes() {
    for name in ["kind", "tenant_id", "tier", "env", "role_key", "country"] {
        assert!(holds(&eq(name, r#""x""#), field(name, "x")).await, "{name}");
    }
    assert!(holds(&eq("a", "true"), field("a", true)).await);
    assert!(holds(&eq("a", "9007199254740993"), field("a", 9_007_199_254_740_993_i64)).await);
    assert!(!holds(&eq("a", "9007199254740992"), field("a", 9_007_199_254_740_993_i64)).await);
    assert!(holds(&eq("a", "0.5"), field("a", 0.5)).await);
}

#[tokio::test]
async fn lists_are_attributes() {
    let has = |value: &str| format!(r#"{{"attr": "a", "op": "contains", "value": {value}}}"#);
    let mixed = || field("a", Field::new_struct(Value::Array(vec!["pro".into(), 2.into(), 0.5.into()])));
    for value in [r#""pro""#, "2", "0.5"] {
        assert!(holds(&has(value), mixed()).await, "{value}");
    }
    assert!(!holds(&has("3"), mixed()).await);
    assert!(holds(&has(r#""pro""#), field("a", Field::new_struct(vec!["pro".to_owned()]))).await);
}

#[tokio::test]
async fn date_times_are_instants() {
    let east = UtcOffset::from_hms(7, 0, 1).expect("an offset");
    let date = instant(2026, 120_000_000, east);
    assert!(holds(&eq("a", r#""2026-01-01T20:04:04.12Z""#), field("a", date)).await);
    let whole = instant(2026, 0, UtcOffset::UTC);
    assert!(holds(&eq("a", r#""2026-01-02T03:04:05Z""#), field("a", whole)).await);
    let before = r#"{"attr": "a", "op": "before", "value": "2026-01-02T03:04:05.000000002Z"}"#;
    assert!(holds(before, field("a", instant(2026, 1, UtcOffset::UTC))).await);
    assert!(!holds(before, field("a", instant(2026, 2, UtcOffset::UTC))).await);
    assert_eq!(
        refusal(field("a", instant(-1, 0, UtcOffset::UTC))).await,
        "`a` is a date-time beyond the years 0000 to 9999"
    );
}

#[tokio::test]
async fn now_is_given_or_the_clock_says_it() {
    assert!(holds(&eq("now", "1767323045000"), field("now", 1_767_323_045_000_i64)).await);
    assert!(holds(&eq("now", "5"), field("now", 5.0)).await);
    assert!(holds(&eq("now", "1767323045000"), field("now", instant(2026, 999_999, UtcOffset::UTC))).await);
    let just_before_the_epoch = OffsetDateTime::UNIX_EPOCH - std::time::Duration::from_nanos(1);
    assert!(holds(&eq("now", "-1"), field("now", just_before_the_epoch)).await);

    let after_2026 = r#"{"attr": "now", "op": "after", "value": "2026-01-01T00:00:00Z"}"#;
    assert!(holds(after_2026, EvaluationContext::default()).await, "the system has a clock");
    let provider = StitchProvider::new(registry(&flag_when(&eq("now", "42")), "[]")).with_clock(|| 42);
    assert_eq!(client_of(provider).await.get_bool_value("f", None, None).await, Ok(true));
}

#[tokio::test]
async fn contexts_of_the_api_and_the_client_are_merged_by_the_sdk() {
    let mut client = client_when(&eq("tier", r#""gold""#)).await;
    client.set_evaluation_context(field("tier", "gold"));
    assert_eq!(client.get_bool_value("f", Some(&user("ann")), None).await, Ok(true));
}

#[tokio::test]
async fn what_the_contract_refuses_is_told_with_the_clients_names() {
    let empty = "is empty: give the user's stable id, or none at all for an anonymous context";
    assert_eq!(refusal(user("")).await, format!("`targeting_key` {empty}"));
    assert_eq!(refusal(field("user_id", "")).await, format!("`user_id` {empty}"));
    let long = "has 1025 bytes; at most 1024 are allowed";
    assert_eq!(refusal(user(&"u".repeat(1025))).await, format!("`targeting_key` {long}"));
    let many = (0..257).fold(user("ann"), |context, index| context.with_custom_field(format!("a{index}"), index));
    assert_eq!(refusal(many).await, "`context` has 257 attributes; at most 256 are allowed");
}

#[tokio::test]
async fn what_cannot_be_carried_is_refused_by_name_and_never_quoted() {
    let secret = || Field::new_struct(StructValue::default().with_field("card", "secret"));
    let context = ["kind", "tenant_id", "tier", "env", "role_key", "user_id"]
        .into_iter()
        .fold(user("ann"), |context, name| context.with_custom_field(name, 1))
        .with_custom_field("now", "secret")
        .with_custom_field("overrides", secret())
        .with_custom_field("approvals", "secret")
        .with_custom_field("attributes", "secret")
        .with_custom_field("nan", f64::NAN)
        .with_custom_field("list", Field::new_struct(Value::Array(vec![true.into()])))
        .with_custom_field("struct", secret());
    let expected = [
        "`approvals` is reserved: name the attribute otherwise",
        "`attributes` is reserved: name the attribute otherwise",
        "`env` must be a string",
        "`kind` must be a string",
        "`list` must hold strings and numbers only",
        "`nan` must be a finite number",
        "`now` must be a date-time, or an integer of milliseconds since the epoch",
        "`overrides` is reserved: name the attribute otherwise",
        "`role_key` must be a string",
        "`struct` is a structure: give a string, number, boolean or date-time, or as a structure a `Value` that is an \
         array, or a `Vec<String>`",
        "`tenant_id` must be a string",
        "`tier` must be a string",
        "`user_id` must be a string",
    ];
    assert_eq!(refusal(context).await.split("; ").collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_refused_context_comes_before_an_unknown_flag() {
    let client = client("[]").await;
    let (code, _) = failure(client.get_bool_value("unknown", Some(&user("")), None).await);
    assert_eq!(code, EvaluationErrorCode::InvalidContext);
}
