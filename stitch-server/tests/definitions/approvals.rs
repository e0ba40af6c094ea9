//! Approvals: for a flag, a place and an exact change; signed by others; they serve once.

use serde_json::{Value, json};

use super::{ADMIN, APPROVER, House, OPERATOR, SECOND_APPROVER, SECOND_OPERATOR, VIEWER, guarded};

fn widen(env: Option<&str>, pct: u32) -> Value {
    let stage = json!({"rollout_stage": "staged", "rollout_pct": pct});
    json!({"flag": "a", "env": env, "change": {"stage": stage}})
}

fn with(env: Option<&str>, pct: u32, approval: &str) -> Value {
    json!({"env": env, "rollout_stage": "staged", "rollout_pct": pct, "approval_id": approval})
}

#[test]
fn one_is_asked_for_signed_and_serves_once() {
    let house = House::new();
    house.flag(&guarded("a"));
    let error = house
        .stage(OPERATOR, "a", json!({"rollout_stage": "staged", "rollout_pct": 50}))
        .failure(422, "approval_required");
    assert!(
        error["details"][0]["message"].as_str().unwrap().contains("flag `a`, the base, signed by one other person"),
        "{error}"
    );
    let asked = house.ask(OPERATOR, "POST", "/v1/approvals", &widen(None, 50));
    assert_eq!(asked.status, 201);
    let asked = asked.json();
    let id = asked["id"].as_str().unwrap();
    assert_eq!(
        (&asked["status"], &asked["signatures_needed"], &asked["requested_by"]),
        (&json!("pending"), &json!(1), &json!(OPERATOR))
    );
    assert_eq!(
        asked["change"],
        json!([
        {"env": null, "what": "/flags/a/rollout_pct", "from": 0.0, "to": 50.0},
        {"env": null, "what": "/flags/a/rollout_stage", "from": "draft", "to": "staged"}])
    );
    house.stage(OPERATOR, "a", with(None, 50, id)).failure(422, "approval_required");
    for person in [OPERATOR, VIEWER] {
        house.refused(person, "POST", &format!("/v1/approvals/{id}/sign"), &Value::Null, 403, "forbidden");
    }
    let signed = house.ok(APPROVER, "POST", &format!("/v1/approvals/{id}/sign"), &Value::Null);
    assert_eq!((&signed["status"], &signed["signatures"][0]["by"]), (&json!("signed"), &json!(APPROVER)));
    house.refused(APPROVER, "POST", &format!("/v1/approvals/{id}/sign"), &Value::Null, 409, "conflict");
    assert_eq!(house.ok(VIEWER, "GET", &format!("/v1/approvals/{id}"), &Value::Null), signed);
    assert_eq!(house.ok(VIEWER, "GET", "/v1/approvals?flag=a", &Value::Null), json!({"approvals": [signed]}));
    assert_eq!(house.ok(VIEWER, "GET", "/v1/approvals?flag=b", &Value::Null), json!({"approvals": []}));

    house.stage(OPERATOR, "a", with(None, 60, id)).failure(422, "approval_required");
    house.stage(OPERATOR, "a", with(Some("prod"), 50, id)).failure(422, "approval_required");
    house.stage(OPERATOR, "a", with(None, 50, id)).data();
    assert_eq!(house.ok(VIEWER, "GET", &format!("/v1/approvals/{id}"), &Value::Null)["status"], "used");
    house.stage(OPERATOR, "a", json!({"rollout_stage": "draft", "rollout_pct": 0})).data();
    house.stage(OPERATOR, "a", with(None, 50, id)).failure(422, "approval_required");
    let log = house.audit();
    let used: Vec<_> = log.iter().filter(|entry| entry["action"] == "approval.use").collect();
    assert_eq!((used.len(), &used[0]["flag"], &used[0]["approval_ref"]), (1, &json!("a"), &json!(id)));
    house.refused(VIEWER, "GET", "/v1/approvals/none", &Value::Null, 404, "not_found");
}

#[test]
fn the_one_who_makes_the_change_never_counts_and_a_sensitive_flag_takes_two_others() {
    let house = House::new();
    house.flag(&json!({"key": "a", "default_value": false, "sensitive_flag": true}));
    let id = house.approval(&widen(None, 10), &[ADMIN, APPROVER]);
    house.stage(ADMIN, "a", with(None, 10, &id)).failure(422, "approval_required");
    house.ok(SECOND_APPROVER, "POST", &format!("/v1/approvals/{id}/sign"), &Value::Null);
    house.stage(ADMIN, "a", with(None, 10, &id)).data();
    assert!(house.audit().iter().any(|entry| entry["action"] == "flag.stage" && entry["outcome"] == "denied"));
}

#[test]
fn whatever_changed_since_makes_one_void() {
    let house = House::new();
    house.ok(OPERATOR, "POST", "/v1/segments", &json!({"key": "s"}));
    house.flag(&json!({"key": "free", "default_value": false}));
    let mut flag = guarded("a");
    flag["dependencies"] = json!(["free"]);
    house.flag(&flag);
    let id = house.approval(&widen(None, 10), &[APPROVER]);
    // Something that nothing is served by stays out of it.
    house.ok(
        OPERATOR,
        "PUT",
        "/v1/segments/s",
        &json!({"included": ["U-9"], "revision": house.ok(VIEWER, "GET", "/v1/segments/s", &Value::Null)["revision"]}),
    );
    let read = |id: &str| house.ok(VIEWER, "GET", &format!("/v1/approvals/{id}"), &Value::Null)["status"].clone();
    assert_eq!(read(&id), "signed");
    // What it depends on is free to move while the flag is shut, and then it is not what was signed any more.
    house.stage(SECOND_OPERATOR, "free", json!({"rollout_stage": "full"})).data();
    assert_eq!(read(&id), "void");
    let error = house.stage(OPERATOR, "a", with(None, 10, &id)).failure(422, "approval_required");
    assert!(error["details"][0]["message"].as_str().unwrap().contains("is void"), "{error}");
    house.refused(SECOND_APPROVER, "POST", &format!("/v1/approvals/{id}/sign"), &Value::Null, 409, "conflict");

    // A rule that was asked for with a segment of nobody does not come with one of everybody.
    let mut wish = house.read("a");
    wish["rules"] = json!([{"id": "r", "when": {"segment": "s"}, "serve": "on"}]);
    let id = house.approval(&json!({"flag": "a", "change": {"flag": wish}}), &[APPROVER]);
    house.ok(
        OPERATOR,
        "PUT",
        "/v1/segments/s",
        &json!({"when": {"all": []}, "revision": house.ok(VIEWER, "GET", "/v1/segments/s", &Value::Null)["revision"]}),
    );
    wish["approval_id"] = json!(id);
    house.refused(OPERATOR, "PUT", "/v1/flags/a", &wish, 422, "approval_required");

    // The brake above all.
    let id = house.approval(&widen(None, 10), &[APPROVER]);
    house.ask(OPERATOR, "POST", "/api/flags/a/rollback", &json!({"reason": "fire"})).data();
    assert_eq!(read(&id), "void");
}

#[test]
fn every_change_of_a_guarded_definition_that_answers_depend_on_needs_one() {
    let house = House::new();
    house.ok(OPERATOR, "POST", "/v1/segments", &json!({"key": "s"}));
    house.flag(&json!({"key": "free", "default_value": true}));
    house.flag(&guarded("a"));
    for (key, value) in [
        ("requires_approval", json!(false)),
        ("sensitive_flag", json!(true)),
        ("serve", json!("off")),
        ("rules", json!([{"id": "r", "when": {"all": []}, "serve": "on"}])),
        ("default_value", json!(true)),
        ("cohort", json!(["s"])),
        ("salt", json!("other")),
        ("bucket_by", json!("tenant_id")),
        ("variants", json!({"on": true, "off": true})),
        ("algorithm", json!("djb2-xor")),
        ("dependencies", json!(["free"])),
        ("allowed_scopes", json!(["user"])),
        ("environments", json!({"dev": {"default_value": false}})),
    ] {
        let mut flag = house.read("a");
        flag[key] = value;
        house.refused(OPERATOR, "PUT", "/v1/flags/a", &flag, 422, "approval_required");
        let wish = json!({"flag": "a", "change": {"flag": flag}});
        house.refused(VIEWER, "POST", "/v1/approvals", &wish, 403, "forbidden");
        flag["approval_id"] = json!(house.approval(&wish, &[APPROVER, SECOND_APPROVER]));
        house.ok(OPERATOR, "PUT", "/v1/flags/a", &flag);
        let made = house.read("a");
        if made[key] != Value::Null && key == "requires_approval" {
            let mut again = made.clone();
            again[key] = json!(true);
            house.ok(OPERATOR, "PUT", "/v1/flags/a", &again);
        }
    }
    let mut flag = house.read("a");
    flag["description"] = json!("words are free");
    house.ok(OPERATOR, "PUT", "/v1/flags/a", &flag);
    let wish = json!({"flag": "a", "change": {"flag": flag}});
    house.refused(OPERATOR, "POST", "/v1/approvals", &wish, 409, "conflict");
}

#[test]
fn a_key_that_is_used_again_has_none_of_the_old_approvals() {
    let house = House::new();
    house.flag(&guarded("a"));
    let widening = house.approval(&widen(None, 10), &[APPROVER]);
    let path = format!("/v1/flags/a?revision={}", house.revision("a"));
    house.refused(OPERATOR, "DELETE", &path, &Value::Null, 422, "approval_required");
    let id = house.approval(&json!({"flag": "a", "change": {"delete_flag": "a"}}), &[APPROVER]);
    house.ok(OPERATOR, "DELETE", &format!("{path}&approval_id={id}"), &Value::Null);
    house.flag(&guarded("a"));
    house.stage(OPERATOR, "a", with(None, 10, &widening)).failure(422, "approval_required");
    assert_eq!(house.ok(VIEWER, "GET", "/v1/approvals", &Value::Null), json!({"approvals": []}));
}

#[test]
fn opening_what_an_open_guarded_flag_depends_on_opens_that_flag() {
    let house = House::new();
    house.flag(&json!({"key": "free", "default_value": false}));
    let mut flag = guarded("a");
    flag["dependencies"] = json!(["free"]);
    house.flag(&flag);
    let id = house.approval(&widen(Some("prod"), 100), &[APPROVER]);
    house.stage(OPERATOR, "a", with(Some("prod"), 100, &id)).data();
    house.stage(OPERATOR, "free", json!({"env": "dev", "rollout_stage": "full"})).data();
    let open = json!({"env": "prod", "rollout_stage": "full"});
    house.stage(OPERATOR, "free", open).failure(422, "approval_required");
    let ask = json!({"flag": "a", "env": "prod", "change": {"stage": {"flag": "free", "rollout_stage": "full"}}});
    let id = house.approval(&ask, &[APPROVER]);
    house.stage(OPERATOR, "free", json!({"env": "prod", "rollout_stage": "full", "approval_id": id})).data();
    assert!(house.is_on("a", "prod"));
    house.stage(OPERATOR, "free", json!({"env": "prod", "rollout_stage": "draft"})).data();
}

#[test]
fn what_an_approval_is_asked_for_is_checked() {
    let house = House::new();
    house.flag(&guarded("a"));
    for body in [
        json!({"change": {"stage": {"rollout_stage": "full"}}}),
        json!({"flag": "a"}),
        json!({"flag": "a", "change": {}}),
        json!({"flag": "a", "change": {"nothing": {}}}),
        json!({"flag": "a", "change": {"stage": {"rollout_stage": "full"}, "delete_flag": "a"}}),
        json!({"flag": "a", "env": "prod", "change": {"delete_flag": "a"}}),
        json!({"flag": "a", "change": {"flag": {"default_value": true}}}),
        json!({"flag": "a", "env": "moon", "change": {"stage": {"rollout_stage": "full"}}}),
    ] {
        house.refused(OPERATOR, "POST", "/v1/approvals", &body, 400, "invalid_request");
    }
    let none = json!({"flag": "none", "change": {"stage": {"rollout_stage": "full"}}});
    house.refused(OPERATOR, "POST", "/v1/approvals", &none, 404, "flag_not_found");
    let narrowing = json!({"flag": "a", "change": {"stage": {"rollout_stage": "rolled_back"}}});
    house.refused(OPERATOR, "POST", "/v1/approvals", &narrowing, 409, "conflict");
}

/// Gives somebody these roles in place of all others.
fn give(house: &House, email: &str, grants: &Value) {
    let path = format!("/v1/users/{email}");
    let revision = house.ok(ADMIN, "GET", &path, &Value::Null)["revision"].clone();
    house.ok(ADMIN, "PATCH", &path, &json!({"grants": grants, "revision": revision}));
}

#[test]
fn a_signature_counts_only_while_its_signer_may_sign() {
    let house = House::new();
    house.flag(&guarded("a"));
    let id = house.approval(&widen(None, 50), &[APPROVER]);
    let path = format!("/v1/approvals/{id}");
    let shown = || house.ok(VIEWER, "GET", &path, &Value::Null);
    let is = |status: &str, counts: bool| {
        let shown = shown();
        assert_eq!((&shown["status"], &shown["signatures"][0]["counts"]), (&json!(status), &json!(counts)), "{shown}");
    };
    is("signed", true);
    // Another role, the right role elsewhere, none at all.
    for grants in [json!([{"role": "operator"}]), json!([{"role": "approver", "env": "prod"}]), json!([])] {
        give(&house, APPROVER, &grants);
        is("pending", false);
        let error = house.stage(OPERATOR, "a", with(None, 50, &id)).failure(422, "approval_required");
        assert!(error["details"][0]["message"].as_str().unwrap().contains("0 of 1 signatures"), "{error}");
    }
    give(&house, APPROVER, &json!([{"role": "admin"}]));
    is("signed", true);
    house.stage(OPERATOR, "a", with(None, 50, &id)).data();
    // What served counted, whoever goes later.
    give(&house, APPROVER, &json!([]));
    is("used", true);
}

#[test]
fn who_was_removed_signed_nothing_even_if_somebody_has_their_address_later() {
    let house = House::new();
    house.flag(&json!({"key": "a", "default_value": false, "sensitive_flag": true}));
    let id = house.approval(&widen(None, 50), &[APPROVER, SECOND_APPROVER]);
    let path = format!("/v1/users/{APPROVER}");
    assert_eq!(house.ask(ADMIN, "DELETE", &path, &Value::Null).status, 204);
    let make = || house.stage(OPERATOR, "a", with(None, 50, &id));
    let lacks = |counted: &str| {
        let error = make().failure(422, "approval_required");
        assert!(error["details"][0]["message"].as_str().unwrap().contains(counted), "{error}");
    };
    lacks("1 of 2 signatures");
    let again = json!({"email": APPROVER, "password": "long enough", "grants": [{"role": "approver"}]});
    house.ok(ADMIN, "POST", "/v1/users", &again);
    lacks("1 of 2 signatures");
    // They sign for themselves, once.
    let sign = format!("/v1/approvals/{id}/sign");
    let signed = house.ok(APPROVER, "POST", &sign, &Value::Null);
    assert_eq!(signed["signatures"].as_array().unwrap().len(), 2, "{signed}");
    house.refused(APPROVER, "POST", &sign, &Value::Null, 409, "conflict");
    make().data();
}
