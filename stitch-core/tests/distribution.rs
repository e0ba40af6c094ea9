//! Buckets are spread as evenly as chance has it, and a rollout takes its share.

mod chance;
use chance::{ALGORITHMS, Ladder, PURPOSES, Purpose, chance_allows, chi_square, random_units, tally};
use stitch_core::{Context, Engine};

const UNITS: u64 = 100_000;
const PARTS: usize = 100;

/// How many units are in each hundredth of the buckets.
fn spread(algorithm: &str, purpose: Purpose, salt: &str, units: &[String]) -> Vec<u32> {
    tally(Ladder::new(algorithm, purpose, salt, PARTS).places(units), PARTS)
}

/// Units as a counter makes them.
fn counted_units() -> [Vec<String>; 3] {
    [
        (0..UNITS).map(|index| index.to_string()).collect(),
        (0..UNITS).map(|index| format!("U-{index:06}")).collect(),
        (0..UNITS).map(|index| format!("user{index}@example.org")).collect(),
    ]
}

#[test]
fn random_ids_spread_evenly_under_every_algorithm_and_for_every_purpose() {
    let units = random_units(UNITS);
    for algorithm in ALGORITHMS {
        for purpose in PURPOSES {
            for salt in ["", "new-checkout"] {
                let found = chi_square(&spread(algorithm, purpose, salt, &units));
                assert!(found < chance_allows(PARTS), "{algorithm}, {purpose:?}, salt {salt:?}: {found}");
            }
        }
    }
}

#[test]
fn counted_ids_spread_evenly_but_under_djb2_xor() {
    for units in counted_units() {
        for (algorithm, purpose) in [
            ("xxh64", Purpose::Gate),
            ("xxh64", Purpose::Split),
            ("xxh64", Purpose::Condition),
            ("murmur3-x64-128", Purpose::Split),
        ] {
            let found = chi_square(&spread(algorithm, purpose, "new-checkout", &units));
            assert!(found < chance_allows(PARTS), "{algorithm}, {purpose:?}, {}…: {found}", units[0]);
        }
    }
}

/// djb2-xor hardly mixes: ids that differ in their last digits only have hashes that differ in little else, so that
/// counted ids fall into lumps, with a tenth more in one bucket and a fifth less in another than would be just. That is
/// what the older system had, and users stay in the buckets where it put them; the just measure for it are ids
/// without a pattern, as above.
#[test]
fn counted_ids_lump_under_djb2_xor() {
    let [numbers, padded, _] = counted_units();
    for units in [numbers, padded] {
        let counts = spread("djb2-xor", Purpose::Gate, "new-checkout", &units);
        let found = chi_square(&counts);
        assert!(found > chance_allows(PARTS), "more even than the older system: {found}");
        assert!(counts.iter().all(|count| (700..1_300).contains(count)), "{counts:?}");
    }
}

/// The units for whom a boolean flag with these keys is on.
fn share(algorithm: &str, keys: &str, units: &[String]) -> u32 {
    let registry = format!(
        r#"{{"schema_version": "1.0", "bucketing": {{"algorithm": "{algorithm}"}},
            "flags": [{{"key": "a", "default_value": false, {keys}}}]}}"#
    );
    let engine = Engine::from_json(&registry).expect("sound");
    let flag = engine.flag("a").expect("there it is");
    let on = units.iter().filter(|unit| flag.evaluate(&Context::user(unit)).bool_or(false));
    u32::try_from(on.count()).expect("few enough")
}

/// Whether a count is within what a coin of that probability gives, but for one in a hundred thousand times.
fn is_just(count: u32, probability: f64) -> bool {
    let units = f64::from(u32::try_from(UNITS).expect("few enough"));
    let deviation = (units * probability * (1.0 - probability)).sqrt();
    // A half more, since counts are whole, and another for the tails of small counts.
    (f64::from(count) - units * probability).abs() <= 4.42 * deviation + if deviation > 0.0 { 1.0 } else { 0.0 }
}

#[test]
fn a_rollout_takes_its_share() {
    let units = random_units(UNITS);
    for algorithm in ALGORITHMS {
        for percentage in [0.0, 0.001, 0.01, 0.1, 1.0, 12.5, 33.333, 50.0, 99.0, 99.9, 99.999, 100.0_f64] {
            // djb2-xor has whole percents only, and takes the next one.
            let taken = if algorithm == "djb2-xor" { percentage.ceil() } else { percentage };
            let keys = format!(r#""rollout_stage": "staged", "rollout_pct": {percentage}"#);
            let count = share(algorithm, &keys, &units);
            assert!(is_just(count, taken / 100.0), "{algorithm} at {percentage} %: {count}");
        }
    }
}

#[test]
fn a_variant_takes_its_share() {
    let units = random_units(UNITS);
    for algorithm in ALGORITHMS {
        for (on, off) in [(1, 1), (1, 2), (0, 1), (1, 0), (1, 999), (3, 7), (2_147_483_647, 2_147_483_648_u32)] {
            for split in [
                format!(r#"[{{"variant": "on", "weight": {on}}}, {{"variant": "off", "weight": {off}}}]"#),
                format!(r#"[{{"variant": "off", "weight": {off}}}, {{"variant": "on", "weight": {on}}}]"#),
            ] {
                let count =
                    share(algorithm, &format!(r#""rollout_stage": "full", "serve": {{"split": {split}}}"#), &units);
                let probability = f64::from(on) / (f64::from(on) + f64::from(off));
                assert!(is_just(count, probability), "{algorithm}, {split}: {count}");
            }
        }
    }
}

#[test]
fn a_bucket_condition_takes_its_share() {
    let units = random_units(UNITS);
    for algorithm in ALGORITHMS {
        for (from, to) in [(0, 100_000), (0, 50_000), (50_000, 100_000), (99_900, 100_000), (0, 10), (33_330, 66_660)] {
            let when = format!(r#"{{"bucket": {{"salt": "holdout", "from": {from}, "to": {to}}}}}"#);
            let rules = format!(r#"[{{"id": "r", "when": {when}, "serve": "on"}}]"#);
            let count =
                share(algorithm, &format!(r#""rollout_stage": "full", "serve": "off", "rules": {rules}"#), &units);
            assert!(is_just(count, f64::from(to - from) / 100_000.0), "{algorithm}, {from} to {to}: {count}");
        }
    }
}
