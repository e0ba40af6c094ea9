//! Evaluates one row so many times and nothing else: what an instruction counter watches.
//!
//! `row KEY name|engine-bool|handle|bool|context|borrowed|all|compile COUNT`

use std::hint::black_box;
use std::process::ExitCode;

use stitch_core::Engine;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, key, way, count] = arguments.as_slice() else {
        eprintln!("usage: row KEY name|engine-bool|handle|bool|context|borrowed|all|compile COUNT");
        return ExitCode::FAILURE;
    };
    let count: usize = count.parse().expect("COUNT is a number");
    let engine = Engine::from_json(&benches::registry()).expect("the registry is sound");
    if way == "compile" {
        let text = benches::rules_registry(benches::FLAGS);
        let flags =
            (0..count).map(|_| Engine::from_json(black_box(&text)).map_or(0, |engine| engine.flag_keys().count()));
        println!("{}", flags.sum::<usize>());
        return ExitCode::SUCCESS;
    }
    let users = benches::users();
    let contexts: Vec<_> = users.iter().map(|user| benches::context(user)).collect();
    let handle = engine.flag(key).expect("KEY is a flag of the registry");
    let mut on = 0;
    for (user, context) in users.iter().zip(&contexts).cycle().take(count) {
        let context = black_box(context);
        on += match way.as_str() {
            "name" => usize::from(black_box(&engine.evaluate(black_box(key), context)).is_enabled),
            "handle" => usize::from(black_box(&handle.evaluate(context)).is_enabled),
            "bool" => usize::from(handle.bool(context, false)),
            "engine-bool" => usize::from(engine.bool(black_box(key), context, false)),
            "context" => usize::from(engine.bool(key, &benches::context(black_box(user)), false)),
            "borrowed" => {
                let attributes = black_box(benches::attributes());
                usize::from(engine.bool(key, &benches::borrowing(black_box(user), &attributes), false))
            }
            _ => engine.evaluations(context).filter(|evaluation| evaluation.is_enabled).count(),
        };
    }
    println!("{on}");
    ExitCode::SUCCESS
}
