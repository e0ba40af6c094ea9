//! Processes that are killed while they save, at moments that nobody chose.

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{PATIENCE, Site, number, scratch, until_so};
use stitch_client::Client;

/// What tells this program that it is the one to be killed: where to save, whom to follow, and as whom.
const VICTIM: &str = "STITCH_CLIENT_VICTIM";

/// Saves again and again, when it is the victim.
#[test]
fn the_victim_saves() {
    let Ok(told) = std::env::var(VICTIM) else { return };
    let [file, url, key] = told.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
    loop {
        let client = Client::builder(url, key).cache_file(file).connect().unwrap();
        client.wait_ready(PATIENCE);
        client.shutdown(Duration::ZERO);
    }
}

#[test]
fn whoever_is_killed_leaves_files_that_are_whole() {
    let site = Site::open();
    let file = scratch("killed").join("flags.cache");
    let away = || Client::builder("http://127.0.0.1:1", &site.key).cache_file(&file).connect().unwrap();
    let mut value = 0;
    for round in 0..20 {
        let victim = format!("{} {} {}", file.display(), site.url(), site.key);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_victim_saves"])
            .env(VICTIM, victim)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        until_so(|| Path::new(&file).exists());
        for _ in 0..4 + round {
            value += 1;
            site.put_number(value);
            std::thread::sleep(Duration::from_millis(7));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let client = away();
        assert!(number(&client) >= 0, "round {round}: there is something to answer with");
        let error = client.state().last_error.unwrap_or_default();
        assert!(!error.contains("is not used"), "round {round}: {error}");
    }
    assert!(number(&away()) > 0, "they did save");
}
