//! `stitch-server backup` and `stitch-server restore`, beside a server that is written to.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::thread;
use std::time::Duration;

use super::common::stocked::{stocked_file, told};
use super::common::{ask, command, scratch, until};
use super::{event, health, report, serve, stored};

fn run(arguments: &[&str], store: &Path) -> Output {
    command(env!("CARGO_BIN_EXE_stitch-server"), &[]).args(arguments).arg("--store").arg(store).output().unwrap()
}

#[track_caller]
fn succeeds(arguments: &[&str], store: &Path) -> String {
    let output = run(arguments, store);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn fails(arguments: &[&str], store: &Path, words: &[&str]) {
    let output = run(arguments, store);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
}

#[test]
fn a_backup_during_writes_is_one_moment_and_can_be_restored_while_it_is_served() {
    let folder = scratch("copies");
    let (store, copy) = (folder.join("stitch.db"), folder.join("copy.db"));
    let (stocked, copied) = (stocked_file(&store), copy.to_str().unwrap());
    let program = serve(&store);
    let first = health(program.address);

    // Calls of ten events: a copy has all ten of a call or none.
    let (before, after) = thread::scope(|scope| {
        let writes = scope.spawn(|| {
            for call in 0..300 {
                let events: Vec<_> = (0..10).map(|index| event(&format!("{call}-{index}"))).collect();
                told(&report(program.address, &stocked, &events));
            }
        });
        until(Duration::from_secs(10), || (stored(program.address, &stocked).len() > 100).then_some(()));
        let before = stored(program.address, &stocked).len();
        succeeds(&["backup", copied], &store);
        let after = stored(program.address, &stocked).len();
        writes.join().unwrap();
        (before, after)
    });
    let all = stored(program.address, &stocked);
    assert_eq!(all.len(), 3_000);
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains("copy.db.")), "{names:?}");
    let connection = rusqlite::Connection::open(&copy).unwrap();
    let in_copy: usize = connection.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).unwrap();
    drop(connection);
    assert!((before..=after).contains(&in_copy) && in_copy.is_multiple_of(10), "{before} {in_copy} {after}");

    // Written after the copy: gone with the restore.
    succeeds(&["metrics", "create", "late", "--type", "double"], &store);
    let bearer = format!("Bearer {}", stocked.admin);
    let late = || ask(program.address, "GET", "/v1/metrics/late", &[("Authorization", &bearer)], b"").status;
    until(Duration::from_secs(5), || (late() == 200).then_some(()));
    let written = health(program.address);
    let last_cursor = last_cursor(&store);

    succeeds(&["restore", copied], &store);
    let restored = until(Duration::from_secs(5), || {
        Some(health(program.address)).filter(|health| health["store"]["history"] != first["store"]["history"])
    });
    assert_eq!(restored["status"], "ready");
    assert!(restored["store"]["revision"].as_u64() >= written["store"]["revision"].as_u64(), "{restored}");
    assert_eq!(late(), 401, "a token of another history is none");
    // The server writes on, under cursors that nobody has seen.
    told(&report(program.address, &stocked, &[event("afterwards")]));
    let connection = rusqlite::Connection::open(&store).unwrap();
    let (events, newest): (usize, i64) = connection
        .query_row("SELECT count(*), max(cursor) FROM events", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(events, in_copy + 1);
    assert!(newest > last_cursor, "{newest} {last_cursor}");
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let noted: usize = connection
        .query_row("SELECT count(*) FROM audit WHERE body LIKE '%store.restore%'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(noted, 1);
    drop(connection);
    let metrics = succeeds(&["metrics", "list"], &store);
    assert!(metrics.contains("clicks") && !metrics.contains("late"), "{metrics}");
}

fn last_cursor(store: &Path) -> i64 {
    let connection = rusqlite::Connection::open(store).unwrap();
    connection.query_row("SELECT max(cursor) FROM events", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_restore_makes_a_store_where_there_is_none() {
    let folder = scratch("anew");
    let (store, copy, other) = (folder.join("stitch.db"), folder.join("copy.db"), folder.join("deep/other.db"));
    let stocked = stocked_file(&store);
    succeeds(&["backup", copy.to_str().unwrap()], &store);
    succeeds(&["restore", copy.to_str().unwrap()], &other);
    let program = serve(&other);
    told(&report(program.address, &stocked, &[event("e")]));
    // The backup is as it was, and serves again.
    succeeds(&["restore", copy.to_str().unwrap()], &other);
    let left = fs::read_dir(folder.join("deep")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(left.iter().all(|name| name.starts_with("other.db") && !name.contains("restoring")), "{left:?}");
}

#[test]
fn what_is_no_backup_changes_nothing() {
    let folder = scratch("none");
    let (store, copy) = (folder.join("stitch.db"), folder.join("copy.db"));
    stocked_file(&store);
    let copied = copy.to_str().unwrap();
    fails(&["backup", copied], &folder.join("nothing.db"), &["nothing.db", "no store"]);
    fs::write(&copy, "this is no database, but a text of some length ".repeat(200)).unwrap();
    fails(&["backup", copied], &store, &["copy.db", "there already"]);
    fails(&["restore", copied], &store, &["copy.db", "not a database"]);
    fails(&["restore", folder.join("nowhere.db").to_str().unwrap()], &store, &["nowhere.db", "no such file"]);
    fs::remove_file(&copy).unwrap();
    rusqlite::Connection::open(&copy).unwrap().execute_batch("CREATE TABLE a (b); PRAGMA journal_mode = WAL;").unwrap();
    fails(&["restore", copied], &store, &["copy.db", "no backup of a store"]);
    fs::remove_file(&copy).unwrap();
    succeeds(&["backup", copied], &store);
    rusqlite::Connection::open(&copy).unwrap().pragma_update(None, "user_version", 99).unwrap();
    fails(&["restore", copied], &store, &["copy.db", "version 99"]);
    rusqlite::Connection::open(&copy).unwrap().pragma_update(None, "user_version", 1).unwrap();
    let bytes = fs::read(&copy).unwrap();
    fs::write(&copy, [&bytes[..8_192], &vec![0xa5; bytes.len() - 8_192][..]].concat()).unwrap();
    fails(&["restore", copied], &store, &["copy.db"]);
    fails(&["backup", copied], Path::new("memory"), &["memory"]);
    assert!(succeeds(&["metrics", "list"], &store).contains("clicks"));
}
