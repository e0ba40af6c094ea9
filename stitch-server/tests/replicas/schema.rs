//! The database itself: who makes its tables, which are refused, how it is reached, and what is said of it.

use std::process::Stdio;

use serde_json::json;
use stitch_server::start::store::Place;
use stitch_server::store::postgres::Address;
use stitch_server::store::sqlite::Access;
use stitch_server::store::{Postgres, Store, StoreError};

use super::cluster::{Replica, Shared};
use super::common::services::{Own, Schema, execute};
use super::common::stocked::{block_on, refused};
use super::common::{Program, command, scratch, until, wait};

const PROGRAM: &str = env!("CARGO_BIN_EXE_stitch-server");

/// What a start says that fails.
fn fails(store: &str, environment: &[(&str, &str)]) -> String {
    let log = scratch("fails").join("stderr");
    let mut command = command(PROGRAM, environment);
    let command = command.args(["--port", "0", "--store", store]).stdout(Stdio::null());
    let mut child = command.stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
    assert!(!wait(&mut child).success());
    std::fs::read_to_string(&log).unwrap()
}

#[test]
fn many_that_start_at_once_make_one_store() {
    let Some(schema) = Schema::make() else { return };
    let address = Address::of(&schema.url).unwrap();
    let heads = block_on(async {
        let open = async || Postgres::open(&address).await.unwrap().head().await.unwrap();
        futures_util::future::join_all((0..8).map(|_| open())).await
    });
    assert!(heads.iter().all(|head| *head == heads[0]), "{heads:?}");
    // And servers seed it once, and sign with one key.
    let start = || Program::start(&["--port", "0", "--store", &schema.url], &[]);
    let programs: Vec<_> = std::thread::scope(|scope| {
        let starting: Vec<_> = (0..3).map(|_| scope.spawn(start)).collect();
        starting.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let keys =
        |program: &Program| super::common::ask(program.address, "GET", "/.well-known/jwks.json", &[], b"").json();
    let flags = |program: &Program| {
        super::common::ask(program.address, "GET", "/api/flags/registry?summary=true", &[], b"").data()["count"].clone()
    };
    until(super::cluster::SOON, || programs.iter().all(|program| keys(program) == keys(&programs[0])).then_some(()));
    assert_eq!(keys(&programs[0])["keys"].as_array().unwrap().len(), 1);
    assert!(programs.iter().all(|program| flags(program) == 16));
    let seeded = super::common::services::ask_number(
        &schema.url,
        "SELECT count(*) FROM audit WHERE body LIKE '%registry.seed%'",
    );
    assert_eq!(seeded, 1);
}

#[test]
fn tables_of_a_newer_version_are_left_alone() {
    let Some(schema) = Schema::make() else { return };
    let shared = Shared::new(schema, None);
    let program = shared.serve();
    let replica = Replica::of(&shared, &program);
    assert_eq!(replica.report(&["e-1".to_owned()]), 200);
    execute(&shared.schema.url, "UPDATE head SET version = 99");
    let health = replica.wait_for("degraded");
    let away = health["store"]["away"].as_str().unwrap();
    assert!(away.contains("version 99") && away.contains("newer stitch-server"), "{away}");
    refused(&replica.admin("POST", "/v1/metrics", &json!({"key": "m", "type": "double"})), 503, "not_ready");
    assert_eq!(replica.report(&["e-2".to_owned()]), 503);
    assert_eq!(replica.number(), 0);
    let said = fails(&shared.schema.url, &[]);
    assert!(said.contains("version 99"), "{said}");
    execute(&shared.schema.url, "UPDATE head SET version = 1");
    replica.wait_for("ready");
    assert_eq!(replica.stored(), ["e-1"]);
}

#[test]
fn a_store_that_went_back_is_refused_by_who_knows_better() {
    let Some(schema) = Schema::make() else { return };
    let shared = Shared::new(schema, None);
    let program = shared.serve();
    let replica = Replica::of(&shared, &program);
    assert_eq!(replica.write(0, 1), 200);
    // As a stand-in that lacks the last writes.
    execute(&shared.schema.url, "UPDATE head SET revision = revision - 1, audit = audit - 1, audit_hash = 'before'");
    let health = replica.wait_for("degraded");
    assert!(health["store"]["away"].as_str().unwrap().contains("went back"), "{health}");
    refused(&replica.admin("POST", "/v1/metrics", &json!({"key": "m", "type": "double"})), 503, "not_ready");
    assert_eq!(replica.number(), 1);
}

#[test]
fn a_backup_of_one_kind_of_store_is_restored_into_the_other() {
    let (Some(schema), Some(other)) = (Schema::make(), Schema::make()) else { return };
    let shared = Shared::new(schema, None);
    let mut program = shared.serve();
    let replica = Replica::of(&shared, &program);
    let ids: Vec<_> = (0..20).map(|index| format!("e-{index}")).collect();
    assert_eq!((replica.report(&ids), replica.write(0, 7)), (200, 200));
    let folder = scratch("copies");
    let (file, copy, again) = (folder.join("stitch.db"), folder.join("copy.db"), folder.join("again.db"));
    let run = |arguments: &[&str], store: &str| {
        let output = command(PROGRAM, &[("STITCH_STORE", store)]).args(arguments).output().unwrap();
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
        (output.status.code(), said)
    };
    let (copied, again) = (copy.to_str().unwrap(), again.to_str().unwrap());
    assert_eq!(run(&["backup", copied], &shared.schema.url).0, Some(0));
    let twice = run(&["backup", copied], &shared.schema.url);
    assert!(twice.0 == Some(2) && twice.1.contains("there already"), "{twice:?}");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&copy.metadata().unwrap().permissions()) & 0o777, 0o600);

    // Into a file, from there into another database, and back into the first one while it is served.
    assert_eq!(run(&["restore", copied], file.to_str().unwrap()).0, Some(0));
    assert_eq!(run(&["backup", again], file.to_str().unwrap()).0, Some(0));
    assert_eq!(run(&["restore", again], &other.url).0, Some(0));
    let before = replica.health();
    assert_eq!((replica.report(&["later".to_owned()]), replica.write(7, 8)), (200, 200));
    let last = super::common::services::ask_number(&shared.schema.url, "SELECT max(cursor) FROM events");
    assert_eq!(run(&["restore", copied], &shared.schema.url).0, Some(0));
    let after = until(super::cluster::SOON, || {
        Some(replica.health()).filter(|health| health["store"]["history"] != before["store"]["history"])
    });
    assert!(after["status"] == "ready" && after["store"]["revision"].as_u64() > before["store"]["revision"].as_u64());
    assert_eq!(replica.number(), 7);
    assert_eq!(replica.admin("GET", "/v1/metrics", &json!(null)).status, 401, "a token of another history is none");
    assert_eq!(replica.report(&[ids[0].clone(), "afterwards".to_owned()]), 200);
    program.terminate();
    program.wait();
    for (store, more) in [(file.to_str().unwrap(), 0), (&other.url, 0), (&shared.schema.url, 1)] {
        let whole = run(&["audit", "verify"], store);
        assert!(whole.0 == Some(0) && whole.1.contains("is whole"), "{whole:?}");
        assert!(run(&["export"], store).1.contains("{\"v\":7}"));
        assert_eq!(run(&["users", "list"], store), run(&["users", "list"], &other.url));
        let place: Place = store.parse().unwrap();
        let events = block_on(async {
            let store = place.open(Access::Visit).await.unwrap();
            store.events("prod".to_owned(), 0, 1_000).await.unwrap()
        });
        let stored: Vec<_> = events.iter().filter_map(|stored| stored.event.event_id.clone()).collect();
        assert_eq!((&stored[..20], stored.len()), (&ids[..], 20 + more));
        assert!(more == 0 || events[20].cursor > last, "no cursor is given twice");
    }
}

#[test]
fn commands_work_beside_servers() {
    let Some(schema) = Schema::make() else { return };
    let shared = Shared::new(schema, None);
    let program = shared.serve();
    let run = |arguments: &[&str]| {
        let output = command(PROGRAM, &[("STITCH_STORE", &shared.schema.url)]).args(arguments).output().unwrap();
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    };
    let key = run(&["keys", "create", "--env", "prod", "--name", "shop"]);
    let key = key.split_whitespace().find(|word| word.starts_with("stitch_")).unwrap().to_owned();
    let client = Replica { key, ..Replica::of(&shared, &program) };
    until(super::cluster::SOON, || (client.report(&["e-1".to_owned()]) == 200).then_some(()));
    run(&["metrics", "create", "more", "--type", "double"]);
    assert!(run(&["metrics", "list"]).contains("more"));
    assert!(run(&["users", "list"]).contains("admin@example.com"));
    assert!(run(&["export"]).contains("\"number\""));
    assert!(run(&["audit", "verify"]).contains("is whole"));
    execute(&shared.schema.url, "DELETE FROM audit WHERE seq = 2");
    let output = command(PROGRAM, &[("STITCH_STORE", &shared.schema.url)]).args(["audit", "verify"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("entry 2 is missing"));
}

#[test]
fn no_message_has_the_password() {
    let Some(database) = Own::postgres() else { return };
    let schema = Schema::within(&database.url());
    let secret = "s3cret-word";
    let with_password = |url: &str| url.replace("postgres@", &format!("postgres:{secret}@"));
    let program = Program::start(&["--port", "0", "--store", &with_password(&schema.url)], &[]);
    let banner = program.banner.join("\n");
    assert!(banner.contains(&format!("postgres://127.0.0.1:{}/postgres", database.port)), "{banner}");
    assert!(!banner.contains(secret) && !program.log().contains(secret));
    let gone = format!("postgres://postgres:{secret}@127.0.0.1:1/postgres");
    let said = fails(&gone, &[]);
    assert!(said.contains("postgres://127.0.0.1:1/postgres") && !said.contains(secret), "{said}");
    let odd = format!("postgres://postgres:{secret}@:x/");
    let said = fails(&odd, &[]);
    assert!(said.contains("postgres://USER:PASSWORD@HOST") && !said.contains(secret), "{said}");
    let redis = format!("redis:/ann:{secret}@cache");
    let said = fails("memory", &[("STITCH_REDIS", &redis)]);
    assert!(said.contains("redis://USER:PASSWORD@HOST") && !said.contains(secret), "{said}");
    let help = command(PROGRAM, &[("STITCH_STORE", &gone), ("STITCH_REDIS", &redis)]).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains("--redis") && !help.contains(secret), "{help}");
}

#[test]
fn a_database_that_would_lose_what_it_stored_is_refused_and_an_encrypted_one_is_checked() {
    let Some(mut database) = Own::postgres() else { return };
    let url = database.url();
    let open = |url: &str| block_on(Postgres::open(&Address::of(url).unwrap()));
    assert!(open(&url).is_ok());
    let name = |parameters: &str| url.replace("127.0.0.1", "localhost") + parameters;
    // It speaks no TLS yet.
    assert!(matches!(open(&name("?sslmode=require")), Err(StoreError::Away(_))));
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/security/data");
    database.encrypt(&format!("{data}/tls.pem"), &format!("{data}/tls.key"));
    database.kill();
    database.revive();
    assert!(open(&name(&format!("?sslmode=require&sslrootcert={data}/tls.pem"))).is_ok());
    let unknown = open(&name("?sslmode=require")).unwrap_err().to_string();
    assert!(unknown.to_lowercase().contains("certificate"), "{unknown}");
    let none = open(&name("?sslmode=require&sslrootcert=/nowhere")).unwrap_err().to_string();
    assert!(none.contains("/nowhere has no certificate"), "{none}");

    execute(&url, "ALTER SYSTEM SET fsync = off");
    database.kill();
    database.revive();
    let lossy = open(&url).unwrap_err();
    assert!(matches!(&lossy, StoreError::Unusable(why) if why.contains("fsync")), "{lossy}");
}
