//! `/v1/registry`, and `export` and `import` on the command line.

use serde_json::{Value, json};

use super::common::{command, scratch};
use super::{APPROVER, DEV_OPERATOR, House, OPERATOR, SECOND_APPROVER, VIEWER, guarded};

const REGISTRY: &str = "/v1/registry";

#[test]
fn what_goes_out_comes_in_again_and_changes_nothing() {
    let house = House::new();
    house.ok(OPERATOR, "POST", "/v1/segments", &json!({"key": "s", "included": ["U-1"]}));
    house.flag(&json!({"key": "a", "default_value": false, "cohort": ["s"]}));
    house.stage(OPERATOR, "a", json!({"rollout_stage": "pilot"})).data();
    let row = json!({"flag_key": "a", "scope": "tenant", "tenant_id": "T", "value": true});
    house.ask(OPERATOR, "PUT", "/api/flags/overrides/o", &row).data();
    let document = house.ok(VIEWER, "GET", REGISTRY, &Value::Null);
    let flag = house.read("a");
    let written = house.ok(OPERATOR, "PUT", REGISTRY, &document);
    let again = house.ok(VIEWER, "GET", REGISTRY, &Value::Null);
    assert_eq!(
        (&again["flags"], &again["segments"], &again["overrides"]),
        (&document["flags"], &document["segments"], &document["overrides"])
    );
    assert_eq!(house.read("a"), flag, "what is the same keeps its revision");
    assert_eq!(again["revision"], written["revision"]);
    house.refused(OPERATOR, "PUT", REGISTRY, &document, 409, "conflict");
    let mut unseen = document.clone();
    unseen.as_object_mut().unwrap().remove("revision");
    house.refused(OPERATOR, "PUT", REGISTRY, &unseen, 400, "invalid_request");
    house.refused(DEV_OPERATOR, "PUT", REGISTRY, &again, 403, "forbidden");
}

#[test]
fn a_document_moves_no_stage_and_takes_along_what_it_leaves_out() {
    let house = House::new();
    house.flag(&json!({"key": "old", "default_value": false}));
    let row = json!({"flag_key": "old", "scope": "tenant", "tenant_id": "T", "value": true});
    house.ask(OPERATOR, "PUT", "/api/flags/overrides/o", &row).data();
    house.flag(&json!({"key": "kept", "default_value": false}));
    let revision = house.ok(VIEWER, "GET", REGISTRY, &Value::Null)["revision"].clone();
    let full = |key: &str| json!({"key": key, "default_value": false, "rollout_stage": "full", "environments": {"prod": {"rollout_stage": "full"}}});
    let document = json!({"schema_version": "1.0", "flags": [full("kept"), full("new")], "owner": "payments", "revision": revision});
    house.ok(OPERATOR, "PUT", REGISTRY, &document);
    let now = house.ok(VIEWER, "GET", REGISTRY, &Value::Null);
    let stages: Vec<_> = now["flags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|flag| (flag["key"].clone(), flag["rollout_stage"].clone()))
        .collect();
    assert_eq!(stages, [(json!("kept"), json!("draft")), (json!("new"), json!("draft"))]);
    assert_eq!((&now["owner"], now.get("overrides")), (&json!("payments"), None));
    assert!(!house.is_on("new", "prod"));
    let log = house.audit();
    let of = |flag: &str| {
        log.iter().filter(|entry| entry["flag"] == flag).map(|entry| entry["action"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("old"), ["flag.create", "override.put", "override.delete", "flag.delete"]);
    assert_eq!(of("new"), ["flag.import"]);
}

#[test]
fn what_is_wrong_points_into_the_document() {
    let house = House::new();
    let twice = json!({"key": "a", "default_value": false});
    let document = json!({"schema_version": "1.0", "revision": 0, "flags": [twice, twice], "segments": [{"key": "s", "when": {}}]});
    let error = house.refused(OPERATOR, "PUT", REGISTRY, &document, 400, "invalid_request");
    let pointers: Vec<_> =
        error["details"].as_array().unwrap().iter().map(|detail| detail["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/flags/1/key", "/segments/0/when"], "{error}");
}

#[test]
fn no_document_gets_round_approvals() {
    let house = House::new();
    house.flag(&guarded("a"));
    house.flag(&json!({"key": "b", "default_value": false, "sensitive_flag": true}));
    let document = house.ok(VIEWER, "GET", REGISTRY, &Value::Null);
    let mut cases = vec![];
    let mut open = document.clone();
    open["flags"][0]["default_value"] = json!(true);
    cases.push(open);
    let mut gone = document.clone();
    gone["flags"].as_array_mut().unwrap().remove(0);
    cases.push(gone);
    let mut freed = document.clone();
    freed["flags"][0]["requires_approval"] = json!(false);
    cases.push(freed);
    let mut rows = document.clone();
    rows["overrides"] = json!([{"id": "o", "flag_key": "a", "scope": "user", "user_id": "U-1", "value": true, "approval_ref": "forged"}]);
    cases.push(rows);
    let mut buckets = document.clone();
    buckets["bucketing"] = json!({"algorithm": "djb2-xor"});
    cases.push(buckets);
    for case in &cases {
        house.refused(OPERATOR, "PUT", REGISTRY, case, 422, "approval_required");
    }
    // One for each flag that it concerns.
    let error = house.refused(OPERATOR, "PUT", REGISTRY, &cases[4], 422, "approval_required");
    assert_eq!(error["details"].as_array().unwrap().len(), 2);
    let ask = |flag: &str| json!({"flag": flag, "change": {"registry": cases[4]}});
    let a = house.approval(&ask("a"), &[APPROVER]);
    let b = house.approval(&ask("b"), &[APPROVER, SECOND_APPROVER]);
    let mut wish = cases[4].clone();
    wish["revision"] = house.ok(VIEWER, "GET", REGISTRY, &Value::Null)["revision"].clone();
    wish["approval_id"] = json!([a]);
    house.refused(OPERATOR, "PUT", REGISTRY, &wish, 422, "approval_required");
    wish["approval_id"] = json!([a, b]);
    house.ok(OPERATOR, "PUT", REGISTRY, &wish);
}

#[test]
fn the_command_line_fills_an_empty_store_and_then_plays_by_the_rules() {
    let folder = scratch("import");
    let (store, file) = (folder.join("stitch.db"), folder.join("registry.json"));
    let run = |arguments: &[&str]| {
        let output = command(env!("CARGO_BIN_EXE_stitch-server"), &[("STITCH_STORE", store.to_str().unwrap())])
            .args(arguments)
            .output()
            .unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let document = json!({"schema_version": "1.0", "flags": [{"key": "a", "default_value": false, "requires_approval": true, "rollout_stage": "full"}]});
    std::fs::write(&file, document.to_string()).unwrap();
    let import = ["import", file.to_str().unwrap()];
    assert_eq!(run(&import), (0, String::new(), String::new()));
    let (status, exported, _) = run(&["export"]);
    assert_eq!((status, serde_json::from_str::<Value>(&exported).unwrap()), (0, document.clone()));

    std::fs::write(&file, document.to_string().replace("false", "true")).unwrap();
    let (status, _, complaint) = run(&import);
    assert_eq!(status, 1);
    assert!(complaint.contains("needs an approval for `a`"), "{complaint}");
    std::fs::write(&file, "{}").unwrap();
    let (status, _, complaint) = run(&import);
    assert!(status == 1 && complaint.contains("missing_key"), "{complaint}");
    let (status, whole, _) = run(&["audit", "verify"]);
    assert_eq!((status, whole.as_str()), (0, "the audit log is whole: 2 entries\n"));
    assert_eq!(run(&["import", "none.json"]).0, 2);
}
