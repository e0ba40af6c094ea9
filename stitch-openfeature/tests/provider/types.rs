//! Five types, and numbers that convert without loss or not at all.

use open_feature::{EvaluationErrorCode, StructValue, Value};

use crate::{client, failure};

const FLAGS: &str = r#"[
    {"key": "boolean", "default_value": true},
    {"key": "string", "type": "string", "default_value": "hi", "variants": {"greeting": "hi"}, "serve": "greeting"},
    {"key": "integer", "type": "integer", "default_value": 10, "variants": {"ten": 10}, "serve": "ten"},
    {"key": "exact", "type": "integer", "default_value": 9007199254740992, "variants": {"a": 1}, "serve": "a"},
    {"key": "inexact", "type": "integer", "default_value": 9007199254740993, "variants": {"a": 1}, "serve": "a"},
    {"key": "largest", "type": "integer", "default_value": 9223372036854775807, "variants": {"a": 1}, "serve": "a"},
    {"key": "smallest", "type": "integer", "default_value": -9223372036854775808, "variants": {"a": 1}, "serve": "a"},
    {"key": "half", "type": "double", "default_value": 0.5, "variants": {"a": 1}, "serve": "a"},
    {"key": "whole", "type": "double", "default_value": 2.0, "variants": {"a": 1}, "serve": "a"},
    {"key": "huge", "type": "double", "default_value": 9223372036854775808.0, "variants": {"a": 1}, "serve": "a"},
    {"key": "object", "type": "object", "variants": {"a": {}}, "serve": "a",
     "default_value": {"on": true, "size": 10, "ratio": 2.0, "title": "x", "none": null, "list": [1, "a", {"b": null}]}},
    {"key": "array", "type": "object", "default_value": [1], "variants": {"a": {}}, "serve": "a"},
    {"key": "holes", "type": "object", "default_value": {"list": [1, null]}, "variants": {"a": {}}, "serve": "a"}]"#;

#[tokio::test]
async fn each_type_is_read_as_itself() {
    let client = client(FLAGS).await;
    assert_eq!(client.get_bool_value("boolean", None, None).await, Ok(true));
    assert_eq!(client.get_string_value("string", None, None).await, Ok("hi".to_owned()));
    assert_eq!(client.get_int_value("integer", None, None).await, Ok(10));
    assert_eq!(client.get_int_value("largest", None, None).await, Ok(i64::MAX));
    assert_eq!(client.get_float_value("half", None, None).await, Ok(0.5));
}

#[tokio::test]
async fn an_object_is_a_structure_without_its_nulls() {
    let client = client(FLAGS).await;
    let expected = StructValue::default()
        .with_field("on", true)
        .with_field("size", 10)
        .with_field("ratio", 2.0)
        .with_field("title", "x")
        .with_field("list", Value::Array(vec![1.into(), "a".into(), StructValue::default().into()]));
    assert_eq!(client.get_struct_value::<StructValue>("object", None, None).await, Ok(expected));
}

#[tokio::test]
async fn what_a_structure_cannot_hold_is_a_mismatch() {
    let client = client(FLAGS).await;
    for key in ["array", "holes", "string", "integer"] {
        let (code, message) = failure(client.get_struct_value::<StructValue>(key, None, None).await);
        assert_eq!(code, EvaluationErrorCode::TypeMismatch, "{key}");
        assert_eq!(message, format!("the value of flag `{key}` cannot be read as a struct without loss"));
    }
}

#[tokio::test]
async fn numbers_convert_without_loss() {
    let client = client(FLAGS).await;
    assert_eq!(client.get_float_value("integer", None, None).await, Ok(10.0));
    assert_eq!(client.get_float_value("exact", None, None).await, Ok(9_007_199_254_740_992.0));
    assert_eq!(client.get_float_value("smallest", None, None).await, Ok(-9_223_372_036_854_775_808.0));
    assert_eq!(client.get_int_value("whole", None, None).await, Ok(2));
    for key in ["inexact", "largest"] {
        let (code, _) = failure(client.get_float_value(key, None, None).await);
        assert_eq!(code, EvaluationErrorCode::TypeMismatch, "{key}");
    }
    for key in ["half", "huge"] {
        let (code, _) = failure(client.get_int_value(key, None, None).await);
        assert_eq!(code, EvaluationErrorCode::TypeMismatch, "{key}");
    }
}

#[tokio::test]
async fn nothing_else_converts() {
    let client = client(FLAGS).await;
    let mismatch = EvaluationErrorCode::TypeMismatch;
    assert_eq!(failure(client.get_int_value("boolean", None, None).await).0, mismatch);
    assert_eq!(failure(client.get_float_value("boolean", None, None).await).0, mismatch);
    assert_eq!(failure(client.get_string_value("boolean", None, None).await).0, mismatch);
    assert_eq!(failure(client.get_bool_value("integer", None, None).await).0, mismatch);
    assert_eq!(failure(client.get_string_value("integer", None, None).await).0, mismatch);
    assert_eq!(failure(client.get_bool_value("string", None, None).await).0, mismatch);
    assert_eq!(failure(client.get_int_value("string", None, None).await).0, mismatch);
}
