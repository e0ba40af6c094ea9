//! Buckets seen from outside, and what chance allows of them.
//!
//! A bucket is found out by what the contract says of it alone: a ladder of flags that differ in nothing but where they
//! draw the line tells between which two lines a unit is.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use stitch_core::{Context, Engine, FlagHandle};

/// What a bucket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Gate,
    Split,
    Condition,
}

pub(crate) const PURPOSES: [Purpose; 3] = [Purpose::Gate, Purpose::Split, Purpose::Condition];
pub(crate) const ALGORITHMS: [&str; 3] = ["xxh64", "djb2-xor", "murmur3-x64-128"];

/// Tells in which of a hundred parts of the buckets, or fewer, a unit is, for one salt and purpose.
pub(crate) struct Ladder {
    engine: Engine,
    parts: usize,
}

impl Ladder {
    /// `parts` divides 100: some algorithms have no more buckets.
    pub(crate) fn new(algorithm: &str, purpose: Purpose, salt: &str, parts: usize) -> Self {
        let salt = stitch_core::Json::from(salt);
        let flags: Vec<String> = (1..parts)
            .map(|part| {
                let percentage = 100 / parts * part;
                let line = match purpose {
                    Purpose::Gate => format!(r#""rollout_stage": "staged", "rollout_pct": {percentage}"#),
                    Purpose::Split => format!(
                        r#""rollout_stage": "full", "serve": {{"split": [{{"variant": "on", "weight": {percentage}}},
                            {{"variant": "off", "weight": {}}}]}}"#,
                        100 - percentage
                    ),
                    Purpose::Condition => format!(
                        r#""rollout_stage": "full", "serve": "off", "rules": [{{"id": "r", "serve": "on", "when":
                            {{"bucket": {{"salt": {salt}, "from": 0, "to": {}}}}}}}]"#,
                        percentage * 1_000
                    ),
                };
                format!(r#"{{"key": "below-{part}", "default_value": false, "salt": {salt}, {line}}}"#)
            })
            .collect();
        let registry = format!(
            r#"{{"schema_version": "1.0", "bucketing": {{"algorithm": "{algorithm}"}}, "flags": [{}]}}"#,
            flags.join(",")
        );
        Self { engine: Engine::from_json(&registry).expect("sound"), parts }
    }

    /// The part that each unit is in, counted from 0.
    pub(crate) fn places<'u>(&self, units: impl IntoIterator<Item = &'u String>) -> Vec<usize> {
        let keys: Vec<String> = (1..self.parts).map(|part| format!("below-{part}")).collect();
        let flags: Vec<FlagHandle<'_>> = keys.iter().map(|key| self.engine.flag(key).expect("a flag")).collect();
        let place = |unit: &String| {
            let context = Context::user(unit);
            flags.partition_point(|flag| !flag.evaluate(&context).bool_or(false))
        };
        units.into_iter().map(place).collect()
    }
}

/// Units as registries of users have them: random ids of 128 bits in hexadecimal.
pub(crate) fn random_units(count: u64) -> Vec<String> {
    (0..count).map(|index| format!("{:016x}{:016x}", mixed(index), mixed(index ^ (1 << 63)))).collect()
}

/// Sebastiano Vigna's `SplitMix64`: the numbers are random enough, and the same every time.
fn mixed(index: u64) -> u64 {
    let mut state = index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// How far counts are from being all the same: Pearson's statistic.
pub(crate) fn chi_square(counts: &[u32]) -> f64 {
    let total: f64 = counts.iter().copied().map(f64::from).sum();
    let cells = u32::try_from(counts.len()).map_or(f64::INFINITY, f64::from);
    let expected = total / cells;
    counts.iter().map(|&count| (f64::from(count) - expected).powi(2) / expected).sum()
}

/// What the statistic of so many cells stays below, but for one in a hundred thousand times.
///
/// The quantile of the chi-square distribution by Wilson and Hilferty: the cube root of a chi-square over its degrees of
/// freedom is nearly normal, with mean 1 − 2/9d and variance 2/9d. Units and salts are fixed, so that a test that
/// passes once passes always; the chance is what an honest hash had of failing when the test was written.
pub(crate) fn chance_allows(cells: usize) -> f64 {
    const ONE_IN_A_HUNDRED_THOUSAND: f64 = 4.264_9;
    let freedom = u32::try_from(cells - 1).map_or(f64::INFINITY, f64::from);
    let variance = 2.0 / (9.0 * freedom);
    freedom * (1.0 - variance + ONE_IN_A_HUNDRED_THOUSAND * variance.sqrt()).powi(3)
}

/// How often each of so many values occurs.
pub(crate) fn tally(values: impl IntoIterator<Item = usize>, cells: usize) -> Vec<u32> {
    let mut counts = vec![0; cells];
    values.into_iter().for_each(|value| counts[value] += 1);
    counts
}
