//! The README's first screen is true: what it says the server prints and answers is what comes.

#![cfg(unix)]

mod common;

use std::process::Command;

use common::{Program, command, scratch, until};

const README: &str = include_str!("../../README.md");

/// The lines of the console examples: each command with what the README says it prints.
fn examples() -> Vec<(String, String)> {
    let mut examples: Vec<(String, String)> = Vec::new();
    for block in README.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        let mut continues = false;
        for line in block.lines() {
            let last = examples.last_mut();
            match (line.strip_prefix("$ "), last) {
                (Some(command), _) => examples.push((command.trim_end_matches('\\').to_owned(), String::new())),
                (None, Some((command, _))) if continues => command.push_str(line.trim_end_matches('\\')),
                (None, Some((_, output))) => output.extend([line, "\n"]),
                (None, None) => {}
            }
            continues = line.ends_with('\\');
        }
    }
    examples
}

/// Whether the text has all parts of the expected one, which leaves some out, in order.
fn has(text: &str, expected: &str) -> bool {
    let mut rest = text;
    expected.trim().split('…').all(|part| match rest.split_once(part) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

#[test]
fn start_up_prints_what_the_readme_says() {
    let examples = examples();
    let (_, expected) = examples.iter().find(|(command, _)| command.starts_with("cargo run")).expect("the example");
    let folder = scratch("readme");
    let log = folder.join("stdout");
    let mut child = command(env!("CARGO_BIN_EXE_stitch-server"), &[])
        .args(["--port", "0"])
        .env_remove("STITCH_STORE")
        .current_dir(&folder)
        .stdout(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let banner = until(common::PATIENCE, || {
        let banner = std::fs::read_to_string(&log).unwrap();
        banner.contains("summary=true'\n").then_some(banner)
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let port = |before: &str| {
        let rest = banner.split(before).nth(1).unwrap();
        rest.split(|character: char| !character.is_ascii_digit()).next().unwrap()
    };
    let usual = [("listening http://", ":8080"), ("metrics   http://", ":9464"), ("streams   ", ":50050")];
    let said = usual.iter().fold(banner.clone(), |said, (before, usual)| {
        said.replace(&format!(":{}", port(&format!("{before}127.0.0.1:"))), usual)
    });
    assert_eq!(said.trim(), expected.trim());
}

#[test]
fn the_curl_lines_answer_as_the_readme_says() {
    let program = Program::start(&["--port", "0"], &[]);
    let asked: Vec<_> = examples().into_iter().filter(|(command, _)| command.starts_with("curl ")).collect();
    assert!(asked.len() >= 2, "{asked:?}");
    for (line, expected) in asked {
        let line = line.replace("127.0.0.1:8080", &program.address.to_string());
        let output = Command::new("sh").args(["-c", &line]).output().unwrap();
        let answer = String::from_utf8(output.stdout).unwrap();
        assert!(has(&answer, &expected), "{line}\n answers {answer}\n expected {expected}");
    }
}
