//! `/v1/flags`.

use serde_json::{Value, json};

use super::{ADMIN, APPROVER, DEV_OPERATOR, House, OPERATOR, VIEWER};

#[test]
fn a_flag_is_made_read_changed_and_removed() {
    let house = House::new();
    let made =
        house.ask(OPERATOR, "POST", "/v1/flags", &json!({"key": "a", "default_value": false, "owner": "payments"}));
    assert_eq!(made.status, 201);
    let made = made.json();
    assert_eq!(
        (&made["key"], &made["owner"], &made["rollout_stage"]),
        (&json!("a"), &json!("payments"), &json!("draft"))
    );
    assert_eq!(made["audit"]["created_by"], OPERATOR);
    assert_eq!(house.read("a"), made);
    assert_eq!(house.ok(VIEWER, "GET", "/v1/flags", &Value::Null), json!({"flags": [made]}));
    house.refused(OPERATOR, "POST", "/v1/flags", &json!({"key": "a", "default_value": true}), 409, "conflict");

    let change = json!({"default_value": true, "revision": made["revision"]});
    let changed = house.ok(OPERATOR, "PUT", "/v1/flags/a", &change);
    assert_eq!((&changed["default_value"], changed.get("owner")), (&json!(true), None), "a definition is whole");
    assert!(changed["revision"].as_u64() > made["revision"].as_u64());
    house.refused(OPERATOR, "PUT", "/v1/flags/a", &change, 409, "conflict");
    house.refused(OPERATOR, "PUT", "/v1/flags/a", &json!({"default_value": true}), 400, "invalid_request");
    house.refused(OPERATOR, "PUT", "/v1/flags/b", &change, 404, "flag_not_found");

    house.refused(OPERATOR, "DELETE", "/v1/flags/a", &Value::Null, 400, "invalid_request");
    house.refused(OPERATOR, "DELETE", "/v1/flags/a?revision=1", &Value::Null, 409, "conflict");
    let path = format!("/v1/flags/a?revision={}", changed["revision"]);
    assert_eq!(house.ok(OPERATOR, "DELETE", &path, &Value::Null), json!({}));
    house.refused(VIEWER, "GET", "/v1/flags/a", &Value::Null, 404, "flag_not_found");
}

#[test]
fn who_may_not_is_told_so_and_the_audit_log_has_it() {
    let house = House::new();
    let flag = house.flag(&json!({"key": "a", "default_value": false}));
    for person in [VIEWER, APPROVER, DEV_OPERATOR] {
        let error =
            house.refused(person, "POST", "/v1/flags", &json!({"key": "b", "default_value": false}), 403, "forbidden");
        assert_eq!(error["error"], "insufficient permissions");
        house.refused(person, "PUT", "/v1/flags/a", &flag, 403, "forbidden");
        house.refused(person, "DELETE", "/v1/flags/a?revision=1", &Value::Null, 403, "forbidden");
    }
    house.refused(DEV_OPERATOR, "GET", "/v1/flags", &Value::Null, 403, "forbidden");
    let denied: Vec<_> = house.audit().into_iter().filter(|entry| entry["outcome"] == "denied").collect();
    assert_eq!(denied.len(), 9);
    assert_eq!(
        (&denied[0]["actor"], &denied[0]["action"], &denied[0]["code"]),
        (&json!(VIEWER), &json!("flag.create"), &json!("forbidden"))
    );
    assert_eq!(house.server.post("/v1/flags", "{}").status, 401);
}

#[test]
fn a_definition_never_touches_the_stage_in_the_base_or_in_a_patch() {
    let house = House::new();
    let made = house.flag(&json!({"key": "a", "default_value": false, "rollout_stage": "full", "rollout_pct": 50,
        "audit": {"last_approval_ref": "forged"}, "paused_from": "full",
        "environments": {"prod": {"rollout_stage": "full", "cohort": []}}}));
    assert_eq!(
        (&made["rollout_stage"], made.get("rollout_pct"), made.get("paused_from")),
        (&json!("draft"), None, None)
    );
    assert_eq!(
        (&made["audit"]["last_approval_ref"], &made["environments"]),
        (&Value::Null, &json!({"prod": {"cohort": []}}))
    );

    house.stage(OPERATOR, "a", json!({"rollout_stage": "internal", "rollout_pct": 5})).data();
    house.stage(OPERATOR, "a", json!({"env": "prod", "rollout_stage": "pilot"})).data();
    house.stage(OPERATOR, "a", json!({"env": "dev", "rollout_stage": "full"})).data();
    let before = house.read("a");
    // Without dev's patch, and with other stages.
    let sent = json!({"default_value": false, "description": "new words", "rollout_stage": "full",
        "environments": {"prod": {"rollout_stage": "full", "rollout_pct": 100, "salt": "s"}}, "revision": before["revision"]});
    let after = house.ok(OPERATOR, "PUT", "/v1/flags/a", &sent);
    for field in ["rollout_stage", "rollout_pct", "audit"] {
        assert_eq!(after[field], before[field]);
        assert_eq!(after["environments"]["prod"][field], before["environments"]["prod"][field]);
    }
    assert_eq!(after["environments"]["prod"]["salt"], "s");
    assert_eq!(after["environments"]["dev"], before["environments"]["dev"]);
    assert!(!house.is_on("a", "prod") && house.is_on("a", "dev"));
}

#[test]
fn what_the_core_finds_wrong_points_into_what_was_sent() {
    let house = House::new();
    house.flag(&json!({"key": "first", "default_value": false}));
    let bad = json!({"key": "a", "default_value": "text", "rules": [{"id": "r", "when": {"attr": "x", "op": "is"}, "serve": "on"}]});
    let error = house.refused(OPERATOR, "POST", "/v1/flags", &bad, 400, "invalid_request");
    let pointers: Vec<_> =
        error["details"].as_array().unwrap().iter().map(|detail| detail["pointer"].as_str().unwrap()).collect();
    assert!(pointers.contains(&"/default_value") && pointers.contains(&"/rules/0/when/op"), "{error}");
    house.refused(VIEWER, "GET", "/v1/flags/a", &Value::Null, 404, "flag_not_found");

    // An error elsewhere keeps its place in the registry.
    let row = json!({"flag_key": "first", "scope": "user", "user_id": "U-1", "value": true});
    house.ask(OPERATOR, "PUT", "/api/flags/overrides/o", &row).data();
    let sent = json!({"type": "string", "variants": {"on": "x"}, "serve": "on", "default_value": "x", "revision": house.revision("first")});
    let error = house.refused(OPERATOR, "PUT", "/v1/flags/first", &sent, 400, "invalid_request");
    assert_eq!(error["details"][0]["pointer"], "/overrides/0/value");
    assert!(error["details"][0]["message"].as_str().unwrap().starts_with("elsewhere in the registry: value_misfit"));

    let renamed = json!({"key": "second", "default_value": false, "revision": house.revision("first")});
    let error = house.refused(OPERATOR, "PUT", "/v1/flags/first", &renamed, 400, "invalid_request");
    assert_eq!(error["details"][0]["pointer"], "/key");
    let error = house.refused(
        OPERATOR,
        "POST",
        "/v1/flags",
        &json!({"key": "-", "default_value": false}),
        400,
        "invalid_request",
    );
    assert_eq!(error["details"][0]["pointer"], "/key");
}

#[test]
fn what_others_name_stays_and_a_removed_flag_takes_its_overrides_along() {
    let house = House::new();
    house.flag(&json!({"key": "a", "default_value": false}));
    house.flag(&json!({"key": "b", "default_value": false, "dependencies": ["a"]}));
    house.flag(&json!({"key": "c", "default_value": false, "environments": {"prod": {"rules": [
        {"id": "r", "when": {"not": {"any": [{"flag": "a", "variant": "on"}]}}, "serve": "on"}]}}}));
    let row = json!({"flag_key": "a", "scope": "user", "user_id": "U-1", "value": true});
    house.ask(OPERATOR, "PUT", "/api/flags/overrides/o", &row).data();
    let path = format!("/v1/flags/a?revision={}", house.revision("a"));
    let error = house.refused(OPERATOR, "DELETE", &path, &Value::Null, 409, "conflict");
    let messages: Vec<_> =
        error["details"].as_array().unwrap().iter().map(|detail| detail["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["the flag `b` names it", "the flag `c` names it"]);

    for key in ["b", "c", "a"] {
        let path = format!("/v1/flags/{key}?revision={}", house.revision(key));
        house.ok(OPERATOR, "DELETE", &path, &Value::Null);
    }
    assert!(house.state.load().model.overrides.is_empty());
    let made = house.flag(&json!({"key": "a", "default_value": false}));
    assert_eq!(made["rollout_stage"], "draft");
    assert_eq!(house.server.get("/api/flags/overrides/by-flag/a").data()["count"], 0);
}

#[test]
fn an_environment_sees_its_own_patches_and_nothing_of_others() {
    let house = House::new();
    house.flag(&json!({"key": "a", "default_value": false, "environments": {"prod": {"default_value": true}, "dev": {"salt": "secret"}}}));
    let flags = house.ok(DEV_OPERATOR, "GET", "/v1/environments/dev/flags", &Value::Null);
    let flag = &flags["flags"][0];
    assert_eq!(
        (&flag["default_value"], &flag["salt"], flag.get("environments")),
        (&json!(false), &json!("secret"), None)
    );
    let flags = house.ok(VIEWER, "GET", "/v1/environments/prod/flags", &Value::Null);
    assert_eq!((&flags["flags"][0]["default_value"], flags["flags"][0].get("salt")), (&json!(true), None));
    let error = house.refused(DEV_OPERATOR, "GET", "/v1/environments/prod/flags", &Value::Null, 403, "forbidden");
    assert_eq!(error["error"], "insufficient permissions");
    house.refused(ADMIN, "GET", "/v1/environments/moon/flags", &Value::Null, 404, "not_found");
}

#[test]
fn where_a_file_says_the_definitions_they_are_read_and_not_written() {
    let file = super::common::scratch("file").join("registry.json");
    std::fs::write(&file, r#"{"schema_version": "1.0", "flags": [{"key": "a", "default_value": false}]}"#).unwrap();
    let house = House::with(stitch_server::state::Settings::default(), stitch_server::source::Source::File(file));
    assert_eq!(house.read("a"), json!({"key": "a", "default_value": false, "revision": null}));
    house.refused(OPERATOR, "POST", "/v1/flags", &json!({"key": "b", "default_value": false}), 409, "conflict");
}
