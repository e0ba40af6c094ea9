//! `PATCH {key}/stage` and `POST {key}/rollback`.

use serde_json::{Value, json};

use super::{APPROVER, DEV_OPERATOR, House, OPERATOR, SECOND_APPROVER, VIEWER, guarded};

#[test]
fn a_stage_moves_as_the_core_says() {
    let house = House::new();
    house.flag(&json!({"key": "a", "default_value": false}));
    let changed = house.stage(OPERATOR, "a", json!({"rollout_stage": "staged", "rollout_pct": 100})).data();
    assert_eq!(
        (&changed["from"], &changed["to"]),
        (
            &json!({"rollout_stage": "draft", "rollout_pct": 0.0}),
            &json!({"rollout_stage": "staged", "rollout_pct": 100.0})
        )
    );
    assert_eq!(
        (&changed["actor"], &changed["env"], &changed["own_stage"]),
        (&json!(OPERATOR), &Value::Null, &json!([]))
    );
    assert_eq!(changed["revision"], house.revision("a"));
    assert!(house.is_on("a", "prod"));
    let flag = house.read("a");
    assert_eq!((&flag["rollout_pct"], &flag["audit"]["last_flipped_by"]), (&json!(100), &json!(OPERATOR)));

    house.stage(DEV_OPERATOR, "a", json!({"env": "dev", "rollout_stage": "draft"})).data();
    assert!(house.is_on("a", "prod") && !house.is_on("a", "dev"));
    house.stage(DEV_OPERATOR, "a", json!({"env": "prod", "rollout_stage": "draft"})).failure(403, "forbidden");
    house.stage(DEV_OPERATOR, "a", json!({"rollout_stage": "draft"})).failure(403, "forbidden");
    let changed = house.stage(OPERATOR, "a", json!({"rollout_stage": "full"})).data();
    assert_eq!(changed["own_stage"], json!(["dev"]));
}

#[test]
fn what_is_refused_says_every_reason() {
    let house = House::new();
    house.flag(&json!({"key": "a", "default_value": false}));
    for (change, status, code, pointer) in [
        (json!({"rollout_stage": "draft"}), 409, "conflict", "/rollout_stage"),
        (json!({"rollout_stage": "paused"}), 409, "conflict", "/rollout_stage"),
        (json!({"rollout_stage": "staged", "rollout_pct": 101}), 400, "invalid_request", "/rollout_pct"),
        (json!({"rollout_stage": "open"}), 400, "invalid_request", "/rollout_stage"),
        (json!({"rollout_stage": "full", "env": "moon"}), 400, "invalid_request", "/env"),
        (json!({"rollout_stage": 1}), 400, "invalid_request", "/rollout_stage"),
        (json!({"rollout_pct": "all"}), 400, "invalid_request", "/rollout_pct"),
        (json!({"stage": "full"}), 400, "invalid_request", "/stage"),
    ] {
        let error = house.stage(OPERATOR, "a", change).failure(status, code);
        assert_eq!(error["details"][0]["pointer"], pointer, "{error}");
    }
    house.stage(OPERATOR, "a", json!({})).failure(400, "invalid_request");
    let path = "/api/flags/a/stage";
    house.ask(OPERATOR, "PATCH", path, &json!({"rollout_stage": "full"})).failure(400, "invalid_request");
    house.ask(OPERATOR, "PATCH", path, &json!({"rollout_stage": "full", "revision": 1})).failure(409, "conflict");
    house
        .ask(OPERATOR, "PATCH", "/api/flags/none/stage", &json!({"rollout_stage": "full", "revision": 1}))
        .failure(404, "flag_not_found");
    house.stage(VIEWER, "a", json!({"rollout_stage": "full"})).failure(403, "forbidden");
    assert_eq!(house.server.raw("PATCH /api/flags/a/stage HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 401);
}

#[test]
fn the_kill_switch_stops_everything_at_once_and_asks_for_nothing() {
    let house = House::new();
    house.flag(&json!({"key": "a", "default_value": false, "environments": {"staging": {"salt": "s"}}}));
    house.stage(OPERATOR, "a", json!({"rollout_stage": "full"})).data();
    house.stage(OPERATOR, "a", json!({"env": "prod", "rollout_stage": "internal"})).data();
    house.stage(OPERATOR, "a", json!({"env": "prod", "rollout_stage": "paused"})).data();
    house.stage(OPERATOR, "a", json!({"env": "dev", "rollout_stage": "staged", "rollout_pct": 100})).data();
    let path = "/api/flags/a/rollback";
    house.ask(VIEWER, "POST", path, &json!({"reason": "no"})).failure(403, "forbidden");
    house.ask(DEV_OPERATOR, "POST", path, &json!({"reason": "no"})).failure(403, "forbidden");
    house.ask(OPERATOR, "POST", path, &json!({})).failure(400, "invalid_request");
    house.ask(OPERATOR, "POST", path, &json!({"reason": "no", "env": "moon"})).failure(400, "invalid_request");
    house.ask(OPERATOR, "POST", "/api/flags/none/rollback", &json!({"reason": "no"})).failure(404, "flag_not_found");

    house.ask(DEV_OPERATOR, "POST", path, &json!({"env": "dev", "reason": "smoke"})).data();
    assert!(!house.is_on("a", "dev") && house.is_on("a", "staging"));
    let stopped = house.ask(APPROVER, "POST", path, &json!({"reason": "fire"})).data();
    for env in ["prod", "staging", "dev"] {
        let answer = house.server.get(&format!("/api/flags/eval?key=a&user=U-1&env={env}")).data();
        assert_eq!(answer["reason"], "rolled_back", "{env}");
    }
    let again = house.ask(SECOND_APPROVER, "POST", path, &json!({"reason": "still"})).data();
    assert_eq!(again, stopped, "twice is once");
    let log = house.audit();
    let pulled: Vec<_> =
        log.iter().filter(|entry| entry["action"] == "flag.rollback" && entry["outcome"] == "done").collect();
    assert_eq!((pulled.len(), &pulled[1]["to"]["reason"]), (3, &json!("fire")));
    assert_eq!(pulled[1]["from"]["prod"]["rollout_stage"], "paused");
}

#[test]
fn a_flag_comes_back_from_a_rollback_only_with_a_new_approval() {
    let house = House::new();
    house.flag(&json!({"key": "a", "default_value": false}));
    house.ask(OPERATOR, "POST", "/api/flags/a/rollback", &json!({"reason": "fire"})).data();
    let back = json!({"rollout_stage": "internal"});
    house.stage(OPERATOR, "a", back.clone()).failure(422, "approval_required");
    let id = house.approval(&json!({"flag": "a", "change": {"stage": back}}), &[APPROVER]);
    let changed = house.stage(OPERATOR, "a", json!({"rollout_stage": "internal", "approval_id": id})).data();
    assert_eq!(changed["approval_ref"], json!(id));
    assert_eq!(house.read("a")["audit"]["last_approval_ref"], json!(id));
}

#[test]
fn a_percentage_that_an_environment_takes_over_from_the_base_is_guarded_there() {
    let house = House::new();
    house.flag(&guarded("a"));
    let open = json!({"rollout_stage": "staged"});
    let id = house.approval(&json!({"flag": "a", "env": "prod", "change": {"stage": open}}), &[APPROVER]);
    house.stage(OPERATOR, "a", json!({"env": "prod", "rollout_stage": "staged", "approval_id": id})).data();
    // The base is a draft, so that the core alone would see no widening.
    house.stage(OPERATOR, "a", json!({"rollout_pct": 100})).failure(422, "approval_required");
    assert!(!house.is_on("a", "prod"));
}
