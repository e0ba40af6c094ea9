//! `/api/flags/overrides/…`.

use serde_json::{Value, json};

use super::{APPROVER, House, OPERATOR, VIEWER, guarded};

const ROW: &str = "/api/flags/overrides/o-1";
const OF_A: &str = "/api/flags/overrides/by-flag/a";

#[test]
fn a_row_is_made_listed_changed_and_removed() {
    let house = House::new();
    house.flag(&json!({"key": "a", "default_value": false}));
    let row = json!({"flag_key": "a", "scope": "user", "user_id": "U-1", "value": true, "rationale": "a try",
        "created_by": "forged", "approval_ref": "forged"});
    let made = house.ask(OPERATOR, "PUT", ROW, &row).data();
    assert_eq!((&made["id"], &made["created_by"], made.get("approval_ref")), (&json!("o-1"), &json!(OPERATOR), None));
    assert!(house.is_on("a", "prod"));

    let old = json!({"flag_key": "a", "scope": "tenant", "tenant_id": "T", "value": true, "expires_at": "2020-01-01T00:00:00Z"});
    house.ask(OPERATOR, "PUT", "/api/flags/overrides/o-2", &old).data();
    let listed = house.server.get(OF_A).data();
    let expired: Vec<_> = listed["overrides"].as_array().unwrap().iter().map(|row| row["expired"].clone()).collect();
    assert_eq!((&listed["count"], expired), (&json!(2), vec![json!(false), json!(true)]));
    house.server.get("/api/flags/overrides/by-flag/none").failure(404, "flag_not_found");

    house.ask(OPERATOR, "PUT", ROW, &row).failure(400, "invalid_request");
    let mut change = json!({"flag_key": "a", "scope": "user", "user_id": "U-1", "value": false, "revision": 1});
    house.ask(OPERATOR, "PUT", ROW, &change).failure(409, "conflict");
    change["revision"] = made["revision"].clone();
    let changed = house.ask(OPERATOR, "PUT", ROW, &change).data();
    assert_eq!(changed["created_at"], made["created_at"]);
    assert!(!house.is_on("a", "prod"));

    house
        .ask(VIEWER, "DELETE", &format!("{ROW}?revision={}", changed["revision"]), &Value::Null)
        .failure(403, "forbidden");
    house.ask(OPERATOR, "DELETE", &format!("{ROW}?revision={}", changed["revision"]), &Value::Null).data();
    house
        .ask(OPERATOR, "DELETE", &format!("{ROW}?revision={}", changed["revision"]), &Value::Null)
        .failure(404, "not_found");
    assert_eq!(house.server.get(OF_A).data()["count"], 1);
}

#[test]
fn rows_are_validated_by_the_core() {
    let house = House::new();
    house.flag(&json!({"key": "a", "default_value": false, "allowed_scopes": ["tenant"]}));
    let row = json!({"flag_key": "a", "scope": "user", "user_id": "U-1", "value": true});
    house.ask(OPERATOR, "PUT", ROW, &row).failure(422, "scope_not_allowed");
    assert!(house.audit().iter().any(|entry| entry["code"] == "scope_not_allowed" && entry["flag"] == "a"));
    for (row, status, code, pointer) in [
        (json!({"flag_key": "a", "scope": "tenant", "tenant_id": "T", "value": 1}), 400, "invalid_request", "/value"),
        (json!({"flag_key": "a", "scope": "tenant", "tenant_id": "", "value": true}), 400, "invalid_request", ""),
        (
            json!({"flag_key": "none", "scope": "tenant", "tenant_id": "T", "value": true}),
            404,
            "flag_not_found",
            "/flag_key",
        ),
        (
            json!({"flag_key": "a", "scope": "tenant", "tenant_id": "T", "value": true, "expires_at": "soon"}),
            400,
            "invalid_request",
            "/expires_at",
        ),
        (
            json!({"id": "other", "flag_key": "a", "scope": "tenant", "tenant_id": "T", "value": true}),
            400,
            "invalid_request",
            "/id",
        ),
    ] {
        let error = house.ask(OPERATOR, "PUT", ROW, &row).failure(status, code);
        assert_eq!(error["details"][0]["pointer"], pointer, "{error}");
    }
    assert!(house.state.load().model.overrides.is_empty());
}

#[test]
fn a_guarded_flag_s_rows_need_an_approval_to_come_change_and_go() {
    let house = House::new();
    house.flag(&guarded("a"));
    let mut row = json!({"flag_key": "a", "scope": "user", "user_id": "U-1", "value": true});
    let error = house.ask(OPERATOR, "PUT", ROW, &row).failure(422, "approval_required");
    assert!(error["details"][0]["message"].as_str().unwrap().contains("flag `a`, the base"), "{error}");
    let mut asked = row.clone();
    asked["id"] = json!("o-1");
    row["approval_id"] = json!(house.approval(&json!({"flag": "a", "change": {"override": asked}}), &[APPROVER]));
    let mut other = row.clone();
    other["user_id"] = json!("U-2");
    house.ask(OPERATOR, "PUT", ROW, &other).failure(422, "approval_required");
    let made = house.ask(OPERATOR, "PUT", ROW, &row).data();
    assert_eq!(made["approval_ref"], row["approval_id"]);

    let path = format!("{ROW}?revision={}", made["revision"]);
    house.ask(OPERATOR, "DELETE", &path, &Value::Null).failure(422, "approval_required");
    let id = house.approval(&json!({"flag": "a", "change": {"delete_override": "o-1"}}), &[APPROVER]);
    house.ask(OPERATOR, "DELETE", &format!("{path}&approval_id={id}"), &Value::Null).data();
}

#[test]
fn in_jwt_mode_reading_rows_and_the_log_takes_a_token() {
    let house = House::jwt();
    house.flag(&json!({"key": "a", "default_value": false}));
    for path in [OF_A, "/api/flags/audit"] {
        house.server.get(path).failure(401, "unauthorized");
        house.ask(super::DEV_OPERATOR, "GET", path, &Value::Null).failure(403, "forbidden");
        house.ask(VIEWER, "GET", path, &Value::Null).data();
    }
}
