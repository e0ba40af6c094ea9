//! `cargo bench -p benches`: one evaluation, by name and by handle.

#![allow(missing_docs, reason = "criterion's macros make public items")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use stitch_core::Engine;

fn evaluate(criterion: &mut Criterion) {
    let registry = benches::registry();
    let engine = Engine::from_json(&registry).expect("the registry is sound");
    let users = benches::users();
    let contexts: Vec<_> = users.iter().map(|user| benches::context(user)).collect();
    for key in ["plain", "one-rule", "staged", "ten-rules", "dependent"] {
        let mut next = contexts.iter().cycle();
        criterion.bench_function(&format!("{key}/name"), |bencher| {
            bencher.iter(|| next.next().map(|context| black_box(engine.evaluate(black_box(key), context)).is_enabled));
        });
        let handle = engine.flag(key).expect("the registry has it");
        let mut next = contexts.iter().cycle();
        criterion.bench_function(&format!("{key}/handle"), |bencher| {
            bencher.iter(|| next.next().map(|context| black_box(handle.evaluate(context)).is_enabled));
        });
    }
    let mut next = users.iter().cycle();
    criterion.bench_function("staged/with its context", |bencher| {
        bencher.iter(|| next.next().map(|user| engine.bool("staged", &benches::context(black_box(user)), false)));
    });
    let mut next = contexts.iter().cycle();
    criterion.bench_function("all flags", |bencher| {
        bencher.iter(|| next.next().map(|context| engine.evaluate_all(context).len()));
    });
    criterion.bench_function("from bytes to an engine", |bencher| {
        bencher.iter(|| Engine::from_json(black_box(&registry)).is_ok());
    });
}

criterion_group!(rows, evaluate);
criterion_main!(rows);
