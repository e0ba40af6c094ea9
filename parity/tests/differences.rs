//! Random registries, asked of the core and of the references: all fields of all results agree.

use parity::{references, search};

/// Registries that every run compares; some twenty thousand evaluations.
const REGISTRIES: u32 = 1_100;

#[test]
fn no_engine_differs() {
    let engines = references().expect("the reference evaluators start");
    let seed = std::env::var("STITCH_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let tally = search(&engines, seed, REGISTRIES).unwrap_or_else(|difference| panic!("seed {seed}: {difference}"));
    println!("{} registries, {} evaluations, no difference", tally.registries, tally.evaluations);
    assert!(tally.registries >= 500, "{tally:?}");
    assert!(tally.evaluations >= 20_000, "{tally:?}");
}
