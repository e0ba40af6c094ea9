//! Documents as large as they may be, and larger: read in seconds, on a thread with little stack.

use std::fmt::Write;
use std::thread;
use std::time::{Duration, Instant};

use stitch_core::{Code, Context, Engine, limits};

/// What only a cost beyond the linear would take.
const PATIENCE: Duration = Duration::from_secs(20);

fn compile(text: &[u8]) -> Result<Engine, Vec<Code>> {
    let start = Instant::now();
    let result = thread::scope(|scope| {
        let compile = || {
            Engine::from_json(text)
                .map_err(|error| error.diagnostics().iter().map(|diagnostic| diagnostic.code).collect())
        };
        let thread = thread::Builder::new().stack_size(2 << 20).spawn_scoped(scope, compile).expect("a thread");
        thread.join().expect("no panic")
    });
    assert!(start.elapsed() < PATIENCE, "took {:?}", start.elapsed());
    result
}

/// A registry of so many flags, each with a description of so many bytes.
fn registry(flags: usize, description: usize) -> String {
    let description = "x".repeat(description);
    let mut text = String::with_capacity(flags * (description.len() + 100));
    text.push_str(r#"{"schema_version": "1.0", "flags": ["#);
    for index in 0..flags {
        let comma = if index == 0 { "" } else { "," };
        write!(
            text,
            r#"{comma}{{"key": "f{index}", "default_value": true, "rollout_pct": 12.5, "description": "{description}"}}"#
        )
        .expect("a string takes it");
    }
    text.push_str("]}");
    text
}

#[test]
fn a_hundred_megabytes_in_100_000_flags() {
    let text = registry(limits::FLAGS, 940);
    assert!(text.len() >= 100_000_000, "{}", text.len());
    let engine = compile(text.as_bytes()).expect("sound");
    assert_eq!(engine.flag_keys().count(), limits::FLAGS);
    assert!(engine.bool("f99999", &Context::user("u"), false));
    assert_eq!(engine.evaluate_all(&Context::user("u")).len(), limits::FLAGS);
}

#[test]
fn a_hundred_megabytes_of_long_strings() {
    let string = format!("\"{}\",", "x".repeat(limits::STRING_BYTES));
    let text = format!(r#"{{"schema_version": "1.0", "flags": [], "note": [{}0]}}"#, string.repeat(1_600));
    assert!(text.len() >= 100_000_000, "{}", text.len());
    compile(text.as_bytes()).expect("sound");
}

#[test]
fn one_flag_too_many() {
    let text = registry(limits::FLAGS + 1, 0);
    assert_eq!(compile(text.as_bytes()).expect_err("too many"), [Code::TooManyFlags]);
}

#[test]
fn one_byte_too_many() {
    let mut text = vec![b' '; limits::DOCUMENT_BYTES + 1];
    let registry = br#"{"schema_version": "1.0", "flags": []}"#;
    text[..registry.len()].copy_from_slice(registry);
    assert_eq!(compile(&text).expect_err("too large"), [Code::DocumentTooLarge]);
    text.pop();
    compile(&text).expect("just small enough");
}
