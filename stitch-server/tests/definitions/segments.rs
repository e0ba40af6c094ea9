//! `/v1/segments`.

use serde_json::{Value, json};

use super::{House, OPERATOR, VIEWER, guarded};

#[test]
fn a_segment_is_made_read_changed_and_removed() {
    let house = House::new();
    let made = house.ask(OPERATOR, "POST", "/v1/segments", &json!({"key": "s", "included": ["U-1"]}));
    assert_eq!(made.status, 201);
    let made = made.json();
    assert_eq!(house.ok(VIEWER, "GET", "/v1/segments/s", &Value::Null), made);
    assert_eq!(house.ok(VIEWER, "GET", "/v1/segments", &Value::Null), json!({"segments": [made]}));
    house.refused(OPERATOR, "POST", "/v1/segments", &json!({"key": "s"}), 409, "conflict");
    let changed =
        house.ok(OPERATOR, "PUT", "/v1/segments/s", &json!({"included": ["U-2"], "revision": made["revision"]}));
    assert_eq!(changed["included"], json!(["U-2"]));
    house.refused(OPERATOR, "PUT", "/v1/segments/s", &made, 409, "conflict");
    house.refused(OPERATOR, "PUT", "/v1/segments/t", &made, 404, "not_found");
    let bad = json!({"when": {"segment": "none"}, "revision": changed["revision"]});
    let error = house.refused(OPERATOR, "PUT", "/v1/segments/s", &bad, 400, "invalid_request");
    assert_eq!(error["details"][0]["pointer"], "/when/segment");
    house.ok(OPERATOR, "DELETE", &format!("/v1/segments/s?revision={}", changed["revision"]), &Value::Null);
    house.refused(VIEWER, "GET", "/v1/segments/s", &Value::Null, 404, "not_found");
}

#[test]
fn what_others_use_stays() {
    let house = House::new();
    house.ok(OPERATOR, "POST", "/v1/segments", &json!({"key": "inner"}));
    house.ok(OPERATOR, "POST", "/v1/segments", &json!({"key": "outer", "when": {"all": [{"segment": "inner"}]}}));
    house.flag(&json!({"key": "a", "default_value": false, "environments": {"dev": {"cohort": ["inner"]}}}));
    let path = format!(
        "/v1/segments/inner?revision={}",
        house.ok(VIEWER, "GET", "/v1/segments/inner", &Value::Null)["revision"]
    );
    let error = house.refused(OPERATOR, "DELETE", &path, &Value::Null, 409, "conflict");
    let messages: Vec<_> =
        error["details"].as_array().unwrap().iter().map(|detail| detail["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["the flag `a` names it", "the segment `outer` names it"]);
}

#[test]
fn one_that_a_guarded_flag_uses_through_another_needs_an_approval() {
    let house = House::new();
    house.ok(OPERATOR, "POST", "/v1/segments", &json!({"key": "inner"}));
    house.ok(OPERATOR, "POST", "/v1/segments", &json!({"key": "outer", "when": {"segment": "inner"}}));
    let mut flag = guarded("a");
    flag["environments"] = json!({"prod": {"cohort": ["outer"]}});
    house.flag(&flag);
    let mut wish = json!({"included": ["U-1"], "revision": house.ok(VIEWER, "GET", "/v1/segments/inner", &Value::Null)["revision"]});
    let error = house.refused(OPERATOR, "PUT", "/v1/segments/inner", &wish, 422, "approval_required");
    assert!(error["error"].as_str().unwrap().contains("`a`"), "{error}");
    let ask = json!({"flag": "a", "change": {"segment": {"key": "inner", "included": ["U-1"]}}});
    wish["approval_id"] = json!(house.approval(&ask, &[super::APPROVER]));
    house.ok(OPERATOR, "PUT", "/v1/segments/inner", &wish);
}
