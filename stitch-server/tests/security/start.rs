//! What refuses to start, and what start-up says of the first administrator.

#![cfg(unix)]

use std::path::Path;
use std::process::Stdio;

use crate::common::{Program, ask, command, scratch, wait};

const PROGRAM: &str = env!("CARGO_BIN_EXE_stitch-server");
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/security/data");

#[track_caller]
fn fails(arguments: &[&str]) -> String {
    let child = command(PROGRAM, &[]).args(["--port", "0"]).args(arguments).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    assert!(!wait(&mut child).success());
    String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap()
}

#[test]
fn jwt_mode_serves_other_machines_encrypted_or_behind_a_proxy_only() {
    for host in ["0.0.0.0", "::", "192.0.2.1"] {
        let said = fails(&["--auth", "jwt", "--host", host]);
        assert!(said.contains("--tls-cert") && said.contains("--behind-proxy") && said.contains(host), "{said}");
    }
    let program = Program::start(&["--auth", "jwt", "--port", "0", "--host", "0.0.0.0", "--behind-proxy"], &[]);
    assert_eq!(ask(([127, 0, 0, 1], program.address.port()).into(), "GET", "/healthz", &[], b"").status, 200);
    let (cert, key) = (format!("{DATA}/tls.pem"), format!("{DATA}/tls.key"));
    let encrypted = ["--auth", "jwt", "--port", "0", "--host", "0.0.0.0", "--tls-cert", &cert, "--tls-key", &key];
    drop(Program::start(&encrypted, &[]));
    drop(Program::start(&["--auth", "jwt", "--port", "0"], &[]));
}

#[test]
fn what_does_not_go_together_is_refused() {
    let said = fails(&["--auth", "jwt", "--insecure-dev-context"]);
    assert!(said.contains("--insecure-dev-context") && said.contains("give one"), "{said}");
    let said = fails(&["--behind-proxy"]);
    assert!(said.contains("--auth jwt"), "{said}");
    assert!(fails(&["--tls-cert", "x"]).contains("--tls-key"));
    assert!(fails(&["--tls-key", "x"]).contains("--tls-cert"));
    assert!(fails(&["--auth", "none"]).contains("jwt"));
}

#[test]
fn a_certificate_or_a_key_that_is_none_is_named_and_not_quoted() {
    let (cert, key, other) = (format!("{DATA}/tls.pem"), format!("{DATA}/tls.key"), format!("{DATA}/rsa.pem"));
    let secret = std::fs::read_to_string(&key).unwrap().lines().nth(1).unwrap().to_owned();
    for (cert, key, named) in [
        ("nowhere.pem", key.as_str(), "nowhere.pem"),
        (&cert, "nowhere.key", "nowhere.key"),
        (&key, &key, "tls.key"),
        (&cert, &cert, "tls.pem"),
        (&cert, &other, "rsa.pem"),
    ] {
        let said = fails(&["--tls-cert", cert, "--tls-key", key]);
        assert!(said.contains(named) && !said.contains(&secret), "{said}");
    }
}

#[test]
fn issuers_that_could_be_overheard_or_mean_nothing_are_refused() {
    let file = scratch("issuers").join("issuers.json");
    let with = |text: &str| {
        std::fs::write(&file, text).unwrap();
        fails(&["--auth", "jwt", "--issuers", file.to_str().unwrap()])
    };
    let one = |jwks: &str| format!(r#"[{{"issuer": "a", "audience": "b", "jwks": "{jwks}"}}]"#);
    assert!(with(&one("http://id.example.com/keys")).contains("https"));
    assert!(with("{}").contains("issuers.json"));
    assert!(with(r#"[{"issuer": "a", "jwks": "https://b/"}]"#).contains("audience"));
    assert!(with(r#"[{"issuer": "a", "audience": "", "jwks": "https://b/"}]"#).contains("audience"));
    assert!(
        with(r#"[{"issuer": "a", "audience": "b", "jwks": "https://b/", "algorithms": []}]"#).contains("algorithms")
    );
    let twice = one("https://c/").replace(['[', ']'], "");
    assert!(with(&format!("[{twice}, {twice}]")).contains("twice"));
    assert!(fails(&["--auth", "jwt", "--issuers", "nowhere.json"]).contains("nowhere.json"));
}

fn banner(arguments: &[&str], folder: &Path) -> String {
    let log = folder.join("stdout");
    let mut child = command(PROGRAM, &[])
        .env_remove("STITCH_STORE")
        .args(["--port", "0"])
        .args(arguments)
        .current_dir(folder)
        .stdout(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let text = crate::common::until(crate::common::PATIENCE, || {
        let text = std::fs::read_to_string(&log).unwrap();
        text.contains("listening").then_some(text)
    });
    child.kill().unwrap();
    child.wait().unwrap();
    text
}

#[test]
fn start_up_says_how_to_make_the_first_administrator_until_there_is_one() {
    let folder = scratch("first");
    let text = banner(&["--auth", "jwt"], &folder);
    assert!(text.contains("jwt mode") && text.contains("0 flags"), "{text}");
    let line = text.lines().find(|line| line.trim().starts_with("stitch-server users add")).expect("how to");
    let words: Vec<&str> = line.split_whitespace().skip(1).collect();
    let mut add = command(PROGRAM, &[]);
    add.env_remove("STITCH_STORE").args(&words).current_dir(&folder).stdin(Stdio::piped());
    let mut child = add.stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"correct horse\n").unwrap();
    assert!(wait(&mut child).success());
    let text = banner(&["--auth", "jwt"], &folder);
    assert!(!text.contains("administrator"), "{text}");
    assert!(banner(&["--store", "memory"], &folder).contains("--store FILE"));
    // People and keys came first, and yet dev mode seeds the registry.
    assert!(banner(&[], &folder).contains("16 flags"));
}

#[test]
fn the_signing_key_is_made_once_and_only_its_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = scratch("signing");
    let file = folder.join("stitch.db");
    let keys = || {
        let program = Program::start(&["--port", "0", "--store", file.to_str().unwrap()], &[]);
        ask(program.address, "GET", "/.well-known/jwks.json", &[], b"").json()
    };
    let first = keys();
    assert_eq!(first["keys"].as_array().unwrap().len(), 1);
    assert_eq!(keys(), first, "kept over a restart");
    for entry in std::fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        let of_others = mode & 0o077;
        assert!(of_others == 0 || entry.metadata().unwrap().len() == 0, "{:?} {mode:o}", entry.path());
    }
}
