//! `GET /api/flags/audit`, and `audit verify`.

use serde_json::{Value, json};
use stitch_server::store::sqlite::Access;
use stitch_server::store::{Sqlite, Store};

use super::common::{command, scratch};
use super::{House, OPERATOR, VIEWER};

#[test]
fn the_log_says_who_changed_what_from_what_to_what() {
    let house = House::new();
    house.flag(&json!({"key": "a", "default_value": false}));
    house.flag(&json!({"key": "b", "default_value": false}));
    house.stage(OPERATOR, "a", json!({"env": "prod", "rollout_stage": "internal"})).data();
    house.stage(VIEWER, "a", json!({"rollout_stage": "full"})).failure(403, "forbidden");
    let page = house.server.get("/api/flags/audit?flag=a").data();
    let entries = page["entries"].as_array().unwrap();
    let actions: Vec<_> =
        entries.iter().map(|entry| (entry["action"].as_str().unwrap(), entry["outcome"].as_str().unwrap())).collect();
    assert_eq!(actions, [("flag.create", "done"), ("flag.stage", "done"), ("flag.stage", "denied")]);
    assert_eq!((&page["count"], &page["next"]), (&json!(3), &Value::Null));
    let entry = &entries[1];
    assert_eq!(
        (&entry["actor"], &entry["env"], &entry["from"]["rollout_stage"], &entry["to"]["rollout_stage"]),
        (&json!(OPERATOR), &json!("prod"), &json!("draft"), &json!("internal"))
    );
    assert_eq!(entry["hash"].as_str().unwrap().len(), 64);

    let all = house.server.get("/api/flags/audit").data();
    let first = house.server.get("/api/flags/audit?limit=2").data();
    assert_eq!((&first["count"], &first["next"]), (&json!(2), &json!(2)));
    let rest = house.server.get(&format!("/api/flags/audit?after={}", first["next"])).data();
    let pages: Vec<_> =
        [&first, &rest].into_iter().flat_map(|page| page["entries"].as_array().unwrap().clone()).collect();
    assert_eq!(json!(pages), all["entries"]);
    for query in ["limit=0", "limit=1001", "limit=x", "after=-1", "after=99999999999999999999", "flags=a"] {
        house.server.get(&format!("/api/flags/audit?{query}")).failure(400, "invalid_request");
    }
}

#[test]
fn verify_finds_a_changed_a_missing_and_a_moved_row() {
    let folder = scratch("verify");
    let file = folder.join("registry.json");
    let registry =
        |flag: &str| json!({"schema_version": "1.0", "flags": [{"key": flag, "default_value": false}]}).to_string();
    for (what, tampering, found) in [
        ("whole", "", None),
        (
            "changed",
            "UPDATE audit SET body = replace(body, 'registry', 'register') WHERE seq = 1",
            Some("entry 1 was changed"),
        ),
        ("missing", "DELETE FROM audit WHERE seq = 2", Some("entry 2 is missing")),
        ("cut", "DELETE FROM audit WHERE seq > 3", Some("the log ends at entry 3")),
        (
            "moved",
            "UPDATE audit SET seq = -2 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = -2",
            Some("entry 2 was moved or changed"),
        ),
        ("relabelled", "UPDATE audit SET flag = 'other' WHERE flag IS NOT NULL", Some("was moved or changed")),
    ] {
        let store = folder.join(format!("{what}.db"));
        let run = |arguments: &[&str]| {
            command(env!("CARGO_BIN_EXE_stitch-server"), &[("STITCH_STORE", store.to_str().unwrap())])
                .args(arguments)
                .output()
                .unwrap()
        };
        for flag in ["a", "b", "c"] {
            std::fs::write(&file, registry(flag)).unwrap();
            assert!(run(&["import", file.to_str().unwrap()]).status.success());
        }
        let connection = rusqlite::Connection::open(&store).unwrap();
        connection.execute_batch(tampering).unwrap();
        drop(connection);
        let output = run(&["audit", "verify"]);
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
        match found {
            None => assert!(output.status.success() && said.contains("is whole"), "{said}"),
            Some(found) => assert!(output.status.code() == Some(1) && said.contains(found), "{what}: {said}"),
        }
    }
}

#[tokio::test]
async fn verify_runs_beside_a_server() {
    let store = scratch("beside").join("stitch.db");
    let serving = Sqlite::open(&store, Access::Serve).unwrap();
    assert_eq!(serving.head().await.unwrap().audit, 0);
    let output = command(env!("CARGO_BIN_EXE_stitch-server"), &[("STITCH_STORE", store.to_str().unwrap())])
        .args(["audit", "verify"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}
