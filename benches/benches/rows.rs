//! `cargo bench -p benches`: the rows A to J, and the floor beside A to E.

#![allow(missing_docs, reason = "criterion's macros make public items")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Bencher, Criterion, criterion_group, criterion_main};
use stitch_core::{Context, Engine};

fn engine(registry: &str) -> Engine {
    Engine::from_json(registry).expect("the registry is sound")
}

/// Asks for each in turn.
fn rotate<'t, T, O>(bencher: &mut Bencher<'_>, all: &'t [T], ask: impl Fn(&'t T) -> O) {
    let mut next = all.iter().cycle();
    bencher.iter(|| next.next().map(|one| ask(black_box(one))));
}

/// A to E: one flag, by name and by handle, its value and the whole evaluation.
fn one_flag(criterion: &mut Criterion) {
    let (engine, floor) = (engine(&benches::registry()), benches::floor::Registry::new(benches::FLAGS));
    let users = benches::users();
    let contexts: Vec<Context<'_>> = users.iter().map(|user| benches::context(user)).collect();
    let profiles: Vec<_> = users.iter().map(|user| benches::floor::Profile::new(user)).collect();
    for (row, key) in benches::ROWS {
        let mut bench = |way: &str, run: &dyn Fn(&mut Bencher<'_>)| {
            criterion.bench_function(&format!("{row} {key}/{way}"), |bencher| run(bencher));
        };
        let (handle, hard_wired) = (engine.flag(key).expect("there it is"), floor.handle(key).expect("there it is"));
        bench("name", &|bencher| rotate(bencher, &contexts, |context| engine.bool(black_box(key), context, false)));
        bench("name, evaluation", &|bencher| {
            rotate(bencher, &contexts, |context| engine.evaluate(black_box(key), context));
        });
        bench("name, floor", &|bencher| rotate(bencher, &profiles, |profile| floor.by_name(black_box(key), profile)));
        bench("handle", &|bencher| rotate(bencher, &contexts, |context| handle.bool(context, false)));
        bench("handle, evaluation", &|bencher| rotate(bencher, &contexts, |context| handle.evaluate(context)));
        bench("handle, floor", &|bencher| rotate(bencher, &profiles, |profile| hard_wired.is_on(profile)));
    }
}

/// F: all flags for one context.
fn all_flags(criterion: &mut Criterion) {
    let users = benches::users();
    let contexts: Vec<Context<'_>> = users.iter().map(|user| benches::context(user)).collect();
    for count in [100, 1_000] {
        let engine = engine(&benches::registry_of(count));
        criterion.bench_function(&format!("F all of {count} flags"), |bencher| {
            rotate(bencher, &contexts, |context| {
                engine.evaluations(context).filter(|evaluation| evaluation.is_enabled).count()
            });
        });
        criterion.bench_function(&format!("F all of {count} flags/as a list"), |bencher| {
            rotate(bencher, &contexts, |context| engine.evaluate_all(context));
        });
    }
}

/// G: from bytes to an engine. H: a context and an evaluation.
fn from_nothing(criterion: &mut Criterion) {
    let text = benches::rules_registry(1_000);
    criterion.bench_function("G from JSON to an engine, 1000 flags", |bencher| {
        // What is made is dropped after the clock has stopped.
        bencher.iter_with_large_drop(|| engine(black_box(&text)));
    });
    let engine = engine(&benches::registry());
    let users = benches::users();
    criterion.bench_function("H a context and C", |bencher| {
        rotate(bencher, &users, |user| engine.bool("staged", &benches::context(user), false));
    });
    criterion.bench_function("H a context and C/attributes borrowed", |bencher| {
        rotate(bencher, &users, |user| {
            let attributes = black_box(benches::attributes());
            engine.bool("staged", &benches::borrowing(user, &attributes), false)
        });
    });
}

/// I: a segment of many ids.
fn segment(criterion: &mut Criterion) {
    for count in [1_000, 10_000, 100_000, 1_000_000] {
        let text = benches::segment_registry(count);
        let engine = engine(&text);
        let flag = engine.flag("members").expect("there it is");
        for (what, first) in [("in", 0), ("out", count)] {
            let users: Vec<String> = (0..256).map(|index| benches::user(first + index * (count / 256))).collect();
            let contexts: Vec<Context<'_>> = users.iter().map(|user| benches::context(user)).collect();
            criterion.bench_function(&format!("I a segment of {count} ids/{what}"), |bencher| {
                rotate(bencher, &contexts, |context| flag.bool(context, false));
            });
        }
    }
}

/// J: threads that share an engine; time per evaluation, all threads together.
fn threads(criterion: &mut Criterion) {
    let engine = engine(&benches::registry());
    for count in [1, 2] {
        criterion.bench_function(&format!("J C by name on {count} threads"), |bencher| {
            bencher.iter_custom(|evaluations| {
                let each = evaluations.div_ceil(count);
                let start = Instant::now();
                std::thread::scope(|scope| {
                    for _ in 0..count {
                        scope.spawn(|| ask_in_turn(&engine, each));
                    }
                });
                start.elapsed()
            });
        });
    }
}

fn ask_in_turn(engine: &Engine, evaluations: u64) {
    let users = benches::users();
    let contexts: Vec<Context<'_>> = users.iter().map(|user| benches::context(user)).collect();
    for (_, context) in (0..evaluations).zip(contexts.iter().cycle()) {
        black_box(engine.bool(black_box("staged"), black_box(context), false));
    }
}

fn quick() -> Criterion {
    Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1))
}

criterion_group!(name = rows; config = quick(); targets = one_flag, all_flags, from_nothing, segment, threads);
criterion_main!(rows);
