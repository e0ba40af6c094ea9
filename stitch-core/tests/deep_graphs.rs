//! Long chains, dense graphs and cycles of references: no stack overflow, no more than linear cost.
//!
//! Everything runs on a thread with the stack that threads of a server have. The time limits are far above what linear
//! cost takes, and far below what any other would.

use std::fmt::Write;
use std::thread;
use std::time::{Duration, Instant};

use stitch_core::{Code, Context, Definitions, Engine, Reason, limits};

const STACK: usize = 2 << 20;
const PATIENCE: Duration = Duration::from_secs(10);

fn with_little_stack<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run).expect("a thread");
        thread.join().expect("no panic")
    })
}

fn timed<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = run();
    assert!(start.elapsed() < PATIENCE, "{what} took {:?}", start.elapsed());
    result
}

/// A registry of such flags and segments.
fn registry(flags: impl IntoIterator<Item = String>, segments: impl IntoIterator<Item = String>) -> String {
    fn write_all(text: &mut String, entries: impl IntoIterator<Item = String>) {
        for (index, entry) in entries.into_iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(text, "{comma}{entry}").expect("a string takes it");
        }
    }
    let mut text = String::from(r#"{"schema_version": "1.0", "flags": ["#);
    write_all(&mut text, flags);
    text.push_str(r#"], "segments": ["#);
    write_all(&mut text, segments);
    text.push_str("]}");
    text
}

/// A flag that is on for those that a condition holds for.
fn flag_when(index: usize, condition: &str) -> String {
    format!(
        r#"{{"key": "f{index}", "default_value": false, "rollout_stage": "full", "serve": "off",
            "rules": [{{"id": "r", "when": {condition}, "serve": "on"}}]}}"#
    )
}

/// The condition that all chains end with.
const ASKED: &str = r#"{"attr": "asked", "op": "eq", "value": true}"#;

/// The flag is on for those that its chain's end lets through, and off for all others; whichever way it is asked for.
fn check_ends(engine: &Engine, key: &str, all: bool) {
    for asked in [true, false] {
        let context = Context::user("u").env("prod").with("asked", asked);
        let answer = timed("one evaluation", || engine.evaluate(key, &context));
        assert_eq!(answer.is_enabled, asked, "{key}: {answer:?}");
        assert_eq!(timed("one explanation", || engine.explain(key, &context)).evaluation, answer);
        if all {
            let answers = timed("all evaluations", || engine.evaluate_all(&context));
            assert!(answers.iter().all(|answer| answer.is_enabled == asked));
        }
    }
}

/// Compiles flags in the document's order and in the opposite one, and asks for some of them.
fn check_chain(flags: &[String], segments: &[String], ask: &[usize]) {
    for reversed in [false, true] {
        let text = if reversed {
            registry(flags.iter().rev().cloned(), segments.iter().rev().cloned())
        } else {
            registry(flags.iter().cloned(), segments.iter().cloned())
        };
        with_little_stack(|| {
            let engine = timed("compiling", || Engine::from_json(&text).expect("sound"));
            for index in ask {
                check_ends(&engine, &format!("f{index}"), false);
            }
            check_ends(&engine, "f0", true);
            if let Some(last) = segments.len().checked_sub(1) {
                for asked in [true, false] {
                    let context = Context::user("u").env("prod").with("asked", asked);
                    let key = format!("s{last}");
                    assert_eq!(timed("one check", || engine.is_member(&key, &context)), Some(asked), "{key}");
                }
            }
            timed("dropping", || drop(engine));
        });
    }
}

#[test]
fn a_chain_of_100_000_dependencies() {
    let last = limits::FLAGS - 1;
    let flags: Vec<String> = (0..=last)
        .map(|index| match index {
            0 => flag_when(0, ASKED),
            _ => format!(
                r#"{{"key": "f{index}", "default_value": false, "rollout_stage": "full", "dependencies": ["f{}"]}}"#,
                index - 1
            ),
        })
        .collect();
    check_chain(&flags, &[], &[last, last / 2, 65, 64, 63, 9, 8, 1]);
}

/// One question decides all of them: what it leads to is known when they are compiled.
#[test]
fn a_chain_of_100_000_dependencies_that_ends_in_a_field() {
    let last = limits::FLAGS - 1;
    let flags = (0..=last).map(|index| match index {
        0 => flag_when(0, r#"{"attr": "tier", "op": "eq", "value": "staff"}"#),
        _ => format!(
            r#"{{"key": "f{index}", "default_value": false, "rollout_stage": "full", "dependencies": ["f{}"]}}"#,
            index - 1
        ),
    });
    let text = registry(flags, []);
    with_little_stack(|| {
        let engine = timed("compiling", || Engine::from_json(&text).expect("sound"));
        for (tier, reason) in [("staff", Reason::StageFull), ("pro", Reason::DepUnsatisfied)] {
            let context = Context::user("u").tier(tier);
            let key = format!("f{last}");
            let answer = timed("one evaluation", || engine.evaluate(&key, &context));
            assert_eq!((answer.is_enabled, answer.reason), (tier == "staff", reason));
            assert_eq!(timed("one explanation", || engine.explain(&key, &context)).evaluation, answer);
            let answers = timed("all evaluations", || engine.evaluate_all(&context));
            assert!(answers.iter().all(|answer| answer.is_enabled == (tier == "staff")));
        }
    });
}

#[test]
fn a_chain_of_100_000_conditions_on_variants_in_an_environment() {
    let last = limits::FLAGS - 1;
    let flags: Vec<String> = (0..=last)
        .map(|index| match index {
            0 => flag_when(0, ASKED),
            _ => format!(
                r#"{{"key": "f{index}", "default_value": false, "rollout_stage": "full", "serve": "off", "environments":
                    {{"prod": {{"rules": [{{"id": "r", "when": {{"flag": "f{}", "variant": "on"}}, "serve": "on"}}]}}}}}}"#,
                index - 1
            ),
        })
        .collect();
    check_chain(&flags, &[], &[last, last / 2, 65, 64, 63]);
}

#[test]
fn a_chain_of_50_000_segments() {
    let segments: Vec<String> = (0..50_000)
        .map(|index| match index {
            0 => format!(r#"{{"key": "s0", "when": {ASKED}}}"#),
            _ => format!(r#"{{"key": "s{index}", "when": {{"any": [{{"segment": "s{}"}}]}}}}"#, index - 1),
        })
        .collect();
    let flags = [
        flag_when(0, r#"{"segment": "s49999"}"#),
        r#"{"key": "f1", "default_value": false, "rollout_stage": "pilot", "cohort": ["s49999"]}"#.to_owned(),
        r#"{"key": "f2", "default_value": false, "rollout_stage": "staged", "cohort": ["s64"]}"#.to_owned(),
    ];
    check_chain(&flags, &segments, &[0, 1, 2]);
}

#[test]
fn a_chain_of_flags_and_segments_in_turn() {
    let segments: Vec<String> =
        (0..50_000).map(|index| format!(r#"{{"key": "s{index}", "when": {{"flag": "f{index}"}}}}"#)).collect();
    let flags: Vec<String> = (0..50_000)
        .map(|index| match index {
            0 => flag_when(0, ASKED),
            _ => flag_when(index, &format!(r#"{{"segment": "s{}"}}"#, index - 1)),
        })
        .collect();
    check_chain(&flags, &segments, &[49_999, 25_000, 33, 32, 31]);
}

/// Where an evaluation were repeated for each way that leads to it, this would never end.
#[test]
fn a_dense_graph_of_dependencies() {
    let flags: Vec<String> = (0..2_000_usize)
        .map(|index| {
            let below: Vec<String> = (index.saturating_sub(20)..index).map(|below| format!(r#""f{below}""#)).collect();
            match index {
                0 => flag_when(0, ASKED),
                _ => format!(
                    r#"{{"key": "f{index}", "default_value": false, "rollout_stage": "full", "dependencies": [{}]}}"#,
                    below.join(", ")
                ),
            }
        })
        .collect();
    check_chain(&flags, &[], &[1_999, 1_000, 64, 40, 20]);
}

/// Each level asks for each of the level below, none of which is tall enough to be a long chain.
#[test]
fn a_dense_graph_of_rules_and_segments() {
    let (levels, width) = (60, 20);
    let mut flags = Vec::new();
    let mut segments = Vec::new();
    for level in 0..levels {
        for place in 0..width {
            let index = level * width + place;
            let below = (0..width).map(|place| (level * width) + place - width * usize::from(level > 0));
            let flags_below: Vec<String> = below.clone().map(|below| format!(r#"{{"flag": "f{below}"}}"#)).collect();
            let segments_below: Vec<String> = below.map(|below| format!(r#"{{"segment": "s{below}"}}"#)).collect();
            let (flag, segment) = if level == 0 {
                (ASKED.to_owned(), ASKED.to_owned())
            } else {
                (
                    format!(r#"{{"all": [{}]}}"#, segments_below.join(", ")),
                    format!(r#"{{"all": [{}, {}]}}"#, flags_below.join(", "), segments_below.join(", ")),
                )
            };
            flags.push(flag_when(index, &flag));
            segments.push(format!(r#"{{"key": "s{index}", "when": {segment}}}"#));
        }
    }
    check_chain(&flags, &segments, &[levels * width - 1, levels * width / 2, width]);
}

#[test]
fn a_flag_of_1_000_rules() {
    let rule = |index: usize| {
        let when = format!(r#"{{"any": [{{"attr": "n", "op": "eq", "value": {index}}}, {{"flag": "other"}}]}}"#);
        format!(r#"{{"id": "r{index}", "when": {when}, "serve": "on"}}"#)
    };
    let text = |rules: usize| {
        let rules: Vec<String> = (0..rules).map(rule).collect();
        registry(
            [
                format!(
                    r#"{{"key": "a", "default_value": false, "rollout_stage": "full", "serve": "off", "rules": [{}]}}"#,
                    rules.join(",")
                ),
                r#"{"key": "other", "default_value": false}"#.to_owned(),
            ],
            [],
        )
    };
    let full = text(limits::RULES);
    let engine = timed("compiling", || Engine::from_json(&full).expect("sound"));
    for index in [0, 1, 500, 999] {
        let context = Context::user("u").with("n", index);
        let id = format!("r{index}");
        assert_eq!(engine.evaluate("a", &context).rule_id, Some(&*id));
    }
    let context = Context::user("u").with("n", 1_000);
    assert_eq!(engine.evaluate("a", &context).rule_id, None);
    let error = Engine::from_json(&text(limits::RULES + 1)).expect_err("one rule too many");
    assert_eq!(error.diagnostics().iter().map(|diagnostic| diagnostic.code).collect::<Vec<_>>(), [Code::TooManyRules]);
}

/// Strictly one diagnostic at the first entry, naming all; leniently all on the cycle are set aside, and what refers to
/// it, and nothing else.
fn check_cycle(flags: Vec<String>, segments: Vec<String>, pointer: &str, named: &[String]) {
    let size = named.len();
    let on_cycle = flags.len();
    let referring = r#"{"key": "referring", "default_value": true, "dependencies": ["f0"]}"#.to_owned();
    let sound = r#"{"key": "sound", "default_value": true}"#.to_owned();
    let text = registry(flags.into_iter().chain([referring, sound]), segments);
    with_little_stack(|| {
        let error = timed("refusing", || Engine::from_json(&text).expect_err("a cycle"));
        let errors: Vec<_> = error.diagnostics().iter().filter(|found| found.code == Code::Cycle).collect();
        assert_eq!(errors.len(), 1, "a cycle of {size}");
        assert_eq!(errors[0].pointer, pointer);
        for name in named {
            assert!(errors[0].message.contains(&format!("`{name}`")), "the message names `{name}`");
        }
        let definitions = Definitions::from_json(&text).expect("JSON");
        let engine = timed("compiling leniently", || Engine::compile_lenient(&definitions).expect("the rest works"));
        let context = Context::user("u");
        assert_eq!(engine.evaluate("sound", &context).reason, Reason::Default);
        assert_eq!(engine.evaluate("referring", &context).reason, Reason::FlagInvalid);
        let all = engine.evaluate_all(&context);
        let invalid = all.iter().filter(|answer| answer.reason == Reason::FlagInvalid).count();
        assert_eq!(invalid, on_cycle + 1, "a cycle of {size}");
    });
}

const CYCLES: [usize; 4] = [1, 2, 3, 10_000];

#[test]
fn cycles_of_dependencies() {
    for size in CYCLES {
        let flags = (0..size)
            .map(|index| {
                let next = (index + 1) % size;
                format!(r#"{{"key": "f{index}", "default_value": true, "dependencies": ["f{next}"]}}"#)
            })
            .collect();
        let names: Vec<String> = (0..size).map(|index| format!("f{index}")).collect();
        check_cycle(flags, Vec::new(), "/flags/0", &names);
    }
}

#[test]
fn cycles_of_segments() {
    for size in CYCLES {
        let segments = (0..size)
            .map(|index| format!(r#"{{"key": "s{index}", "when": {{"segment": "s{}"}}}}"#, (index + 1) % size))
            .collect();
        let names: Vec<String> = (0..size).map(|index| format!("s{index}")).collect();
        let flag = r#"{"key": "f0", "default_value": true, "cohort": ["s0"]}"#.to_owned();
        check_cycle(vec![flag], segments, "/segments/0", &names);
    }
}

#[test]
fn cycles_through_flags_segments_and_patches() {
    for size in CYCLES {
        let flags = (0..size)
            .map(|index| {
                let environments = format!(r#"{{"dev": {{"cohort": ["s{index}"]}}}}"#);
                format!(r#"{{"key": "f{index}", "default_value": true, "environments": {environments}}}"#)
            })
            .collect();
        let segments = (0..size)
            .map(|index| format!(r#"{{"key": "s{index}", "when": {{"flag": "f{}"}}}}"#, (index + 1) % size))
            .collect();
        let names: Vec<String> = (0..size).flat_map(|index| [format!("f{index}"), format!("s{index}")]).collect();
        check_cycle(flags, segments, "/flags/0", &names);
    }
}
