//! The rows A to F and H allocate nothing, and an id of a segment takes little more than its own bytes.

use std::hint::black_box;

use allocation_counter::measure;
use stitch_core::{Context, Engine};

#[test]
fn evaluating_allocates_nothing() {
    assert_eq!(measure(|| drop(black_box(Box::new(1)))).count_total, 1, "the allocator counts");
    let users = benches::users();
    for count in [100, benches::FLAGS] {
        let engine = Engine::from_json(&benches::registry_of(count)).expect("the registry is sound");
        let allocations = measure(|| {
            for user in &users {
                let context = benches::context(black_box(user));
                for (_, key) in benches::ROWS {
                    black_box(engine.bool(black_box(key), &context, false));
                    black_box(engine.evaluate(black_box(key), &context));
                    black_box(engine.flag(key).map(|flag| flag.evaluate(&context)));
                }
                assert_eq!(black_box(engine.evaluations(&context)).count(), count);
            }
        });
        assert_eq!(allocations.count_total, 0, "{count} flags");
    }
}

#[test]
fn an_id_of_a_segment_takes_its_bytes_and_ten_more() {
    const IDS: usize = 200_000;
    let text = benches::segment_registry(IDS);
    let mut engine = None;
    let memory = measure(|| engine = Engine::from_json(&text).ok());
    let per_id = memory.bytes_current / i64::try_from(IDS).expect("a small number");
    println!("{per_id} bytes for each of {IDS} ids of 12 bytes");
    assert!((12..=22).contains(&per_id), "{per_id} bytes");
    let last = benches::user(IDS - 1);
    assert!(engine.is_some_and(|engine| engine.bool("members", &Context::user(&last), false)));
}
