//! What evaluating costs as the work grows: one plot each, in `benches/growth/`.
//!
//! `cargo run --release -p benches --bin growth` measures, draws, and fails where something grows faster than it may:
//! nothing faster than linearly; looking up a name, being in a segment and bucketing not at all.

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use benches::plot::{Line, log_log, slope};
use benches::{document, row};
use stitch_core::{Context, Engine};

/// Linear, and what a noisy machine and the caches put on top.
const LINEAR: f64 = 1.15;
/// Not at all, and the same again: a thousandfold growth of the work may add a third or a half to the time.
const FLAT: f64 = 0.15;

/// One plot: what grows, and each of its lines with how fast it may grow.
struct Plot {
    file: &'static str,
    title: &'static str,
    x_axis: &'static str,
    lines: Vec<(Line, f64)>,
}

fn main() -> ExitCode {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("growth");
    std::fs::create_dir_all(&directory).expect("the directory can be made");
    let mut sound = true;
    for plot in [rules(), flags(), attributes(), dependencies(), ids()] {
        println!("{}", plot.title);
        for ((name, points), most) in &plot.lines {
            let (first, last) = (points.first().expect("a point"), points.last().expect("a point"));
            let slope = slope(points);
            let verdict = if slope <= *most { "" } else { "  GROWS TOO FAST" };
            println!(
                "  {name:<24} {:>8.1} ns at {:<4} {:>10.1} ns at {:<8} slope {slope:5.2} of at most {most}{verdict}",
                first.1, first.0, last.1, last.0
            );
            sound &= slope <= *most;
        }
        let lines: Vec<Line> = plot.lines.into_iter().map(|(line, _)| line).collect();
        let svg = log_log(plot.title, plot.x_axis, "nanoseconds per evaluation", &lines);
        std::fs::write(directory.join(plot.file), svg).expect("the plot can be written");
    }
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The lowest of many short rounds, in nanoseconds per question: what disturbs a round only ever adds to it.
fn time<T>(all: &[T], ask: impl Fn(&T) -> bool) -> f64 {
    let mut lowest = f64::INFINITY;
    let (started, mut questions) = (Instant::now(), 64_usize);
    while started.elapsed().as_millis() < 150 || lowest.is_infinite() {
        let start = Instant::now();
        for one in all.iter().cycle().take(questions) {
            black_box(ask(black_box(one)));
        }
        let elapsed = start.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        if elapsed > 20e-6 {
            lowest = lowest.min(elapsed * 1e9 / questions as f64);
        } else {
            questions *= 2;
        }
    }
    lowest
}

fn engine(text: &str) -> Engine {
    Engine::from_json(text).expect("the registry is sound")
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn line(name: &str, sizes: &[usize], most: f64, measure: impl Fn(usize) -> f64) -> (Line, f64) {
    ((name.to_owned(), sizes.iter().map(|&size| (size as f64, measure(size))).collect()), most)
}

/// Asks one flag for every user.
fn ask_users(text: &str, key: &str) -> f64 {
    let (engine, users) = (engine(text), benches::users());
    let contexts: Vec<Context<'_>> = users.iter().map(|user| benches::context(user)).collect();
    let flag = engine.flag(key).expect("there it is");
    time(&contexts, |context| flag.bool(context, false))
}

fn rules() -> Plot {
    let flag = |count: usize, value: &dyn Fn(usize) -> String| {
        let rule = |index| {
            let value = value(index);
            format!(
                r#"{{"id": "r{index}", "when": {{"attr": "plan", "op": "eq", "value": "{value}"}}, "serve": "off"}}"#
            )
        };
        let rules: Vec<String> = (0..count).map(rule).collect();
        document(&[row("many", "full", &format!(r#", "rules": [{}]"#, rules.join(",")))], "")
    };
    let sizes = [1, 3, 10, 30, 100, 300, 1_000];
    Plot {
        file: "rules.svg",
        title: "One flag of many rules",
        x_axis: "rules of the flag",
        lines: vec![
            line("none holds", &sizes, LINEAR, |count| {
                ask_users(&flag(count, &|index| format!("plan-{index}")), "many")
            }),
            line("the first holds", &sizes, FLAT, |count| {
                ask_users(
                    &flag(count, &|index| if index == 0 { "pro".into() } else { format!("plan-{index}") }),
                    "many",
                )
            }),
        ],
    }
}

fn flags() -> Plot {
    let sizes = [10, 100, 1_000, 10_000, 100_000];
    let ask = |count: usize, by_name: bool| {
        let engine = engine(&benches::registry_of(count));
        let user = benches::user(7);
        let context = benches::context(&user);
        // As many keys as a program may ask for, spread over the registry.
        let keys: Vec<String> = (0..64).map(|index| benches::feature(5 + index * (count - 5) / 64)).collect();
        let handles: Vec<_> = keys.iter().filter_map(|key| engine.flag(key)).collect();
        assert_eq!(handles.len(), keys.len());
        if by_name {
            time(&keys, |key| engine.bool(key, &context, false))
        } else {
            time(&handles, |flag| flag.bool(&context, false))
        }
    };
    let all = |count: usize| {
        let engine = engine(&benches::registry_of(count));
        let user = benches::user(7);
        time(&[benches::context(&user)], |context| engine.evaluations(context).any(|one| one.flag_key.is_empty()))
    };
    Plot {
        file: "flags.svg",
        title: "A registry of many flags",
        x_axis: "flags of the registry",
        lines: vec![
            line("a name, and a bucket", &sizes, FLAT, |count| ask(count, true)),
            line("a handle's bucket", &sizes, FLAT, |count| ask(count, false)),
            line("all flags", &sizes, LINEAR, all),
        ],
    }
}

fn attributes() -> Plot {
    let sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256];
    let condition = |name: &str| format!(r#"{{"attr": "{name}", "op": "eq", "value": "x"}}"#);
    let ask = |count: usize, asked: usize| {
        let names: Vec<String> = (0..count).map(|index| format!("attribute-{index}")).collect();
        let conditions: Vec<String> = names.iter().rev().take(asked).map(|name| condition(name)).collect();
        let rule = format!(r#"{{"id": "r", "when": {{"any": [{}]}}, "serve": "off"}}"#, conditions.join(","));
        let engine = engine(&document(&[row("asks", "full", &format!(r#", "rules": [{rule}]"#))], ""));
        let mut context = Context::user("U-1");
        for name in &names {
            context.set(name, "y");
        }
        let flag = engine.flag("asks").expect("there it is");
        time(&[context], |context| flag.bool(context, false))
    };
    Plot {
        file: "attributes.svg",
        title: "A context of many attributes",
        x_axis: "attributes of the context",
        lines: vec![
            line("the last one is asked for", &sizes, LINEAR, |count| ask(count, 1)),
            line("none is asked for", &sizes, FLAT, |count| ask(count, 0)),
        ],
    }
}

fn dependencies() -> Plot {
    let sizes = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000];
    let ask = |count: usize, condition: &str| {
        let rules = format!(r#", "serve": "off", "rules": [{{"id": "r", "serve": "on", "when": {condition}}}]"#);
        let needs = |index: usize| format!(r#", "dependencies": ["f{}"]"#, index - 1);
        let flag =
            |index: usize| row(&format!("f{index}"), "full", &if index == 0 { rules.clone() } else { needs(index) });
        let flags: Vec<String> = (0..=count).map(flag).collect();
        ask_users(&document(&flags, ""), &format!("f{count}"))
    };
    let field = r#"{"attr": "tier", "op": "eq", "value": "staff"}"#;
    let attribute = r#"{"attr": "plan", "op": "eq", "value": "pro"}"#;
    Plot {
        file: "dependencies.svg",
        title: "A chain of dependencies, whose end",
        x_axis: "dependencies in the chain",
        lines: vec![
            line("asks an attribute", &sizes, LINEAR, |count| ask(count, attribute)),
            line("asks a field", &sizes, FLAT, |count| ask(count, field)),
        ],
    }
}

fn ids() -> Plot {
    let sizes = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];
    let ask = |count: usize, inside: bool| {
        let engine = engine(&benches::segment_registry(count));
        let first = if inside { 0 } else { count };
        let users: Vec<String> = (0..64).map(|index| benches::user(first + index * count / 64)).collect();
        let contexts: Vec<Context<'_>> = users.iter().map(|user| benches::context(user)).collect();
        let flag = engine.flag("members").expect("there it is");
        assert!(contexts.iter().all(|context| flag.bool(context, false) == inside));
        time(&contexts, |context| flag.bool(context, false))
    };
    Plot {
        file: "ids.svg",
        title: "A segment of many ids",
        x_axis: "ids of the segment",
        lines: vec![
            line("an id that it lists", &sizes, FLAT, |count| ask(count, true)),
            line("an id that it does not", &sizes, FLAT, |count| ask(count, false)),
        ],
    }
}
