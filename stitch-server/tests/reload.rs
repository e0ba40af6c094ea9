//! A registry's file changes while the server runs.

mod common;

use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{Server, scratch, until};
use serde_json::Value;

/// About a second, on a machine that does other things too.
const SOON: Duration = Duration::from_millis(2500);

fn registry(value: bool) -> String {
    format!(r#"{{"schema_version": "1.0", "flags": [{{"key": "a", "default_value": {value}}}]}}"#)
}

struct Watched {
    server: Server,
    file: PathBuf,
}

impl Watched {
    fn start() -> Self {
        let file = scratch("reload").join("registry.json");
        std::fs::write(&file, registry(false)).unwrap();
        Self { server: Server::of_file(file.clone()), file }
    }

    fn value(&self) -> bool {
        self.server.get("/api/flags/eval?key=a&user=U-1").data()["value"].as_bool().unwrap()
    }

    fn health(&self) -> Value {
        self.server.get("/api/flags/health").data()
    }

    #[track_caller]
    fn becomes(&self, value: bool) {
        until(SOON, || (self.value() == value).then_some(()));
    }

    #[track_caller]
    fn turns(&self, status: &str) -> Value {
        until(SOON, || Some(self.health()).filter(|health| health["status"] == status))
    }
}

fn replace(file: &Path, text: &str) {
    let other = file.with_extension("new");
    std::fs::write(&other, text).unwrap();
    std::fs::rename(&other, file).unwrap();
}

#[test]
fn an_edit_in_place_is_noticed() {
    let watched = Watched::start();
    let before = watched.health();
    assert_eq!((&before["status"], &before["registry"]["source"]), (&"ready".into(), &"file".into()));
    assert_eq!(before["registry"]["path"].as_str().unwrap(), watched.file.to_str().unwrap());
    std::fs::write(&watched.file, registry(true)).unwrap();
    watched.becomes(true);
    let after = watched.health();
    assert_ne!(before["registry"]["revision"], after["registry"]["revision"]);
    assert!(before["registry"]["loaded_at"].as_str() < after["registry"]["loaded_at"].as_str());
    // Again and again.
    for value in [false, true, false] {
        std::fs::write(&watched.file, registry(value)).unwrap();
        watched.becomes(value);
    }
}

#[test]
fn an_atomic_replace_is_noticed_and_one_after_the_other() {
    let watched = Watched::start();
    for value in [true, false, true] {
        replace(&watched.file, &registry(value));
        watched.becomes(value);
    }
    assert_eq!(watched.health()["status"], "ready");
}

#[test]
fn a_bad_edit_leaves_the_last_good_registry_serving() {
    let watched = Watched::start();
    let served = watched.health()["registry"].clone();
    std::fs::write(&watched.file, "{\n  \"schema_version\": \"1.0\",\n  \"flags\": [{\"key\": \"a\"}]\n}").unwrap();
    let health = watched.turns("degraded");
    let diagnostic = &health["diagnostics"][0];
    assert_eq!((&diagnostic["severity"], &diagnostic["code"]), (&"error".into(), &"missing_key".into()));
    assert_eq!((&diagnostic["pointer"], &diagnostic["position"]["line"]), (&"/flags/0".into(), &3.into()));
    assert!(health["refused"]["message"].as_str().unwrap().contains("refused"), "{health}");
    assert_eq!(health["registry"], served);
    assert!(!watched.value());
    watched.server.get("/readyz").data();
    // Another bad one, then the very one that serves, then a new one.
    std::fs::write(&watched.file, "{").unwrap();
    until(SOON, || (watched.health()["diagnostics"][0]["code"] == "malformed_json").then_some(()));
    replace(&watched.file, &registry(false));
    let health = watched.turns("ready");
    assert_eq!((&health["registry"], &health["refused"]), (&served, &Value::Null));
    replace(&watched.file, &registry(true));
    watched.becomes(true);
}

#[test]
fn a_deleted_file_degrades_and_one_that_comes_back_serves() {
    let watched = Watched::start();
    std::fs::remove_file(&watched.file).unwrap();
    let health = watched.turns("degraded");
    assert!(health["refused"]["message"].as_str().unwrap().contains("cannot read"), "{health}");
    assert!(!watched.value());
    std::fs::write(&watched.file, registry(true)).unwrap();
    watched.turns("ready");
    assert!(watched.value());
    // A folder in its place is no registry either.
    std::fs::remove_file(&watched.file).unwrap();
    std::fs::create_dir(&watched.file).unwrap();
    watched.turns("degraded");
    assert!(watched.value());
}

#[cfg(unix)]
#[test]
fn a_link_that_is_turned_to_another_file_is_noticed() {
    let folder = scratch("link");
    for (name, value) in [("one", false), ("two", true)] {
        std::fs::write(folder.join(name), registry(value)).unwrap();
    }
    let file = folder.join("registry.json");
    std::os::unix::fs::symlink(folder.join("one"), &file).unwrap();
    let watched = Watched { server: Server::of_file(file.clone()), file };
    let other = watched.file.with_extension("link");
    std::os::unix::fs::symlink(folder.join("two"), &other).unwrap();
    std::fs::rename(&other, &watched.file).unwrap();
    watched.becomes(true);
}

#[test]
fn a_reload_changes_the_etag() {
    let watched = Watched::start();
    let tag = || watched.server.get("/api/flags/registry").header("etag").unwrap().to_owned();
    let before = tag();
    replace(&watched.file, &registry(true));
    watched.becomes(true);
    assert_ne!(before, tag());
}

#[test]
fn evaluations_never_fail_while_registries_come_and_go() {
    let watched = Watched::start();
    std::thread::scope(|scope| {
        let changes = scope.spawn(|| {
            for round in 0..8 {
                replace(&watched.file, &if round % 3 == 2 { "{".to_owned() } else { registry(round % 2 == 0) });
                std::thread::sleep(Duration::from_millis(150));
            }
        });
        while !changes.is_finished() {
            watched.value();
        }
    });
}
