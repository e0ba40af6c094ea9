//! A binary whose engine answers differently never listens: proved with one that is built to.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use common::command;

/// Writes what differs alone, so that a second run has little to build.
fn write(to: &Path, text: &[u8]) {
    if fs::read(to).ok().as_deref() != Some(text) {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, text).unwrap();
    }
}

/// Copies files and folders, but for one file that is written otherwise.
fn copy(from: &Path, to: &Path, except: &Path) {
    if from.is_dir() {
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy(&from.join(&name), &to.join(&name), except);
        }
    } else if from != except {
        write(to, &fs::read(from).unwrap());
    }
}

/// Copies a file with a part of it replaced, which must be there exactly once.
fn copy_with(from: &Path, to: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(from).unwrap();
    assert_eq!(text.matches(old).count(), 1, "`{old}` in {}", from.display());
    write(to, text.replace(old, new).as_bytes());
}

#[test]
fn a_binary_with_another_hash_refuses_to_start() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let copied = &temporary.join("tampered");
    let name = format!("stitch-server-tampered{}", std::env::consts::EXE_SUFFIX);
    let (manifest, hash) = ("stitch-server/Cargo.toml", "stitch-core/src/bucketing/djb2_xor.rs");

    for part in [
        "Cargo.lock",
        "parity/contract.json",
        "stitch-core",
        "stitch-sync",
        "stitch-server/src",
        "stitch-server/registry.json",
    ] {
        copy(&workspace.join(part), &copied.join(part), &workspace.join(hash));
    }
    copy_with(&workspace.join(hash), &copied.join(hash), "const START: u32 = 5381;", "const START: u32 = 5387;");
    let root = fs::read_to_string(workspace.join("Cargo.toml")).unwrap();
    let members = root.lines().find(|line| line.starts_with("members = [")).expect("the list of members on one line");
    let version = root.lines().find(|line| line.starts_with("version = ")).expect("the version of all crates");
    // Of another version, so that cargo never takes the tampered core for the real one: both have the same place in
    // their workspaces, and that is all it tells them apart by.
    let root = root.replace(members, r#"members = ["stitch-core", "stitch-server", "stitch-sync"]"#);
    let root = root.replacen(version, r#"version = "0.0.0-tampered""#, 1);
    write(&copied.join("Cargo.toml"), root.as_bytes());
    let renamed = "[[bin]]\nname = \"stitch-server-tampered\"\npath = \"src/main.rs\"\n\n[dependencies]\n";
    copy_with(&workspace.join(manifest), &copied.join(manifest), "[dependencies]\n", renamed);

    let target = temporary.parent().unwrap();
    let built = Command::new(env!("CARGO"))
        .args(["build", "--offline", "--quiet", "--package", "stitch-server", "--bin", "stitch-server-tampered"])
        .current_dir(copied)
        .env("CARGO_TARGET_DIR", target)
        .env_remove("CARGO_BUILD_TARGET_DIR")
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));

    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut child = command(target.join("debug").join(&name), &[])
        .args(["--port", &port.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = common::wait(&mut child);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!status.success(), "{said}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "", "it must not say that it listens");
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err(), "nothing may listen");
    assert!(said.contains("parity ") && !said.contains("19/19"), "{said}");
    assert!(said.contains("case 13 staged, in"), "{said}");
    assert!(said.contains(r#"expected {"value":true,"#) && said.contains(r#"got      {"value":false,"#), "{said}");
}
