//! What holds the house together (ARCHITECTURE.md): server, client, py, openfeature, parity and benches know the core; the
//! core knows none of them; nobody knows parity. And the core stays light.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

const CORE: &str = "stitch-core";
const PARITY: &str = "parity";
/// Who may know the core.
const ABOVE_THE_CORE: [&str; 6] =
    ["stitch-server", "stitch-client", "stitch-py", "stitch-openfeature", PARITY, "benches"];

/// A package of the workspace and what it depends on.
struct Member {
    /// With its kind: `normal`, `dev` or `build`.
    dependencies: BTreeSet<(String, String)>,
}

impl Member {
    fn knows(&self, other: &str) -> bool {
        self.dependencies.iter().any(|(name, _)| name == other)
    }
}

/// The workspace's packages, each by the name of its directory.
fn members() -> BTreeMap<String, Member> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["metadata", "--no-deps", "--format-version", "1", "--offline"]);
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let text = |json: &Value| json.as_str().expect("a text").to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    // A package goes by its directory, whatever its name; a dependency on one too.
    let directory = |manifest: &str| -> String {
        let directory = manifest.trim_end_matches("Cargo.toml").trim_end_matches(['/', '\\']);
        directory.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
    };
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
            let dependencies = dependencies.map(|dependency| {
                let name = dependency["path"].as_str().map_or_else(|| text(&dependency["name"]), directory);
                (name, dependency["kind"].as_str().unwrap_or("normal").to_owned())
            });
            (directory(&text(&package["manifest_path"])), Member { dependencies: dependencies.collect() })
        })
        .collect()
}

#[test]
fn the_core_knows_nobody() {
    let members = members();
    for other in members.keys() {
        assert!(!members[CORE].knows(other), "the core depends on {other}");
    }
}

#[test]
fn nobody_knows_parity() {
    let members = members();
    assert!(members.contains_key(PARITY), "parity is there to be known");
    for (name, member) in &members {
        assert!(!member.knows(PARITY), "{name} depends on parity");
    }
}

#[test]
fn only_those_above_know_the_core() {
    for (name, member) in &members() {
        assert!(!member.knows(CORE) || ABOVE_THE_CORE.contains(&&**name), "{name} depends on the core");
    }
}

#[test]
fn the_core_is_light() {
    let members = members();
    let normal = members[CORE].dependencies.iter().filter(|(_, kind)| kind != "dev").map(|(name, _)| &**name);
    let expected =
        ["serde", "serde_json", "thiserror", "xxhash-rust", "regex", "hashbrown", "foldhash", "arrayvec", "bumpalo"];
    assert_eq!(normal.collect::<BTreeSet<_>>(), BTreeSet::from(expected));
}
