//! `docs/security.md` names tests that are there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn sources(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push(path);
        }
    }
}

/// Every test of the server and of the client, as `file::test`.
fn tests() -> BTreeSet<String> {
    let mut files = Vec::new();
    for folder in ["stitch-server/tests", "stitch-server/src", "stitch-client/tests", "stitch-client/src"] {
        sources(&Path::new(ROOT).join(folder), &mut files);
    }
    let mut tests = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        let folder = file.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        let module = if stem == "main" { folder } else { stem };
        for part in text.split("#[test]").chain(text.split("#[tokio::test]")).skip(1) {
            let name = part.split("fn ").nth(1).and_then(|rest| rest.split('(').next()).unwrap_or_default();
            tests.insert(format!("{module}::{name}"));
        }
    }
    tests
}

#[test]
fn every_test_that_the_table_names_is_there_and_every_promise_names_one() {
    let text = std::fs::read_to_string(Path::new(ROOT).join("docs/security.md")).unwrap();
    let tests = tests();
    let rows: Vec<&str> =
        text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| promise |")).collect();
    assert!(rows.len() > 40, "{}", rows.len());
    let mut named = BTreeSet::new();
    for row in rows {
        let holds = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let holding: Vec<&str> = holds.split('`').skip(1).step_by(2).collect();
        assert!(!holding.is_empty(), "no test holds this: {row}");
        for name in holding {
            assert!(tests.contains(name), "`{name}` is no test: {row}");
            named.insert(name.to_owned());
        }
    }
    // Each file beside this one is there to hold a promise.
    for entry in std::fs::read_dir(Path::new(ROOT).join("stitch-server/tests/security")).unwrap() {
        let file = entry.unwrap().path();
        let module = format!("{}::", file.file_stem().unwrap().to_string_lossy());
        let tests = file.is_file() && std::fs::read_to_string(&file).is_ok_and(|text| text.contains("#[test]"));
        let shared = ["promises::", "tour::"].contains(&&*module);
        assert!(!tests || shared || named.iter().any(|name| name.starts_with(&module)), "nothing names {module}");
    }
}
