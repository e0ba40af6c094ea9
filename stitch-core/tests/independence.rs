//! Under `xxh64` the gate, the splits and the conditions of one salt are independent of each other, and so are flags
//! with different salts: who is in which part of the one says nothing about the other.

mod chance;
use chance::{Ladder, PURPOSES, Purpose, chance_allows, chi_square, random_units, tally};

const UNITS: u64 = 50_000;
/// Parts of the buckets, for each of the two that are compared.
const PARTS: usize = 10;

/// How far two bucketings are from being independent and even: the statistic of their joint distribution.
fn statistic(one: &[usize], other: &[usize]) -> f64 {
    chi_square(&tally(one.iter().zip(other).map(|(one, other)| one * PARTS + other), PARTS * PARTS))
}

fn is_independent(one: &[usize], other: &[usize]) -> bool {
    statistic(one, other) < chance_allows(PARTS * PARTS)
}

/// Random ids, and ids as a counter makes them.
fn families() -> [Vec<String>; 2] {
    [random_units(UNITS), (0..UNITS).map(|index| format!("user-{index}")).collect()]
}

fn places(purpose: Purpose, salt: &str, units: &[String]) -> Vec<usize> {
    Ladder::new("xxh64", purpose, salt, PARTS).places(units)
}

#[test]
fn gate_splits_and_conditions_of_one_salt_are_independent() {
    for units in families() {
        for salt in ["", "a", "new-checkout", "new-checkout-2", "flags.registry_v1", "é"] {
            let [gate, split, condition] = PURPOSES.map(|purpose| places(purpose, salt, &units));
            assert!(is_independent(&gate, &split), "gate and splits of {salt:?}: {}", statistic(&gate, &split));
            let found = statistic(&gate, &condition);
            assert!(is_independent(&gate, &condition), "gate and conditions of {salt:?}: {found}");
            let found = statistic(&split, &condition);
            assert!(is_independent(&split, &condition), "splits and conditions of {salt:?}: {found}");
        }
    }
}

#[test]
fn flags_with_different_salts_are_independent() {
    // Alike on purpose.
    let salts = ["", "a", "b", "ab", "flag-1", "flag-2", "flag-10", "FLAG-1"];
    for units in families() {
        for purpose in PURPOSES {
            let places = salts.map(|salt| places(purpose, salt, &units));
            for (index, one) in places.iter().enumerate() {
                for (other_index, other) in places.iter().enumerate().skip(index + 1) {
                    let found = statistic(one, other);
                    let salts = [salts[index], salts[other_index]];
                    assert!(is_independent(one, other), "{purpose:?} of {salts:?}: {found}");
                }
            }
        }
    }
}

/// Were the purpose left out of the hash, gate and split of one salt would be one and the same, as they are here; and
/// were it left out in part, so that one in twenty units had the same bucket twice, it would still be seen.
#[test]
fn the_measure_sees_dependence() {
    let units = random_units(UNITS);
    let gate = places(Purpose::Gate, "new-checkout", &units);
    let again = places(Purpose::Gate, "new-checkout", &units);
    assert_eq!(gate, again);
    assert!(statistic(&gate, &again) > 100.0 * chance_allows(PARTS * PARTS));

    let split = places(Purpose::Split, "new-checkout", &units);
    let leaking: Vec<usize> = gate
        .iter()
        .zip(&split)
        .enumerate()
        .map(|(index, (gate, split))| *if index % 20 == 0 { gate } else { split })
        .collect();
    assert!(!is_independent(&gate, &leaking), "{}", statistic(&gate, &leaking));
}

/// `murmur3-x64-128` knows no purposes: there the splits and the conditions of one salt are the same buckets, as the
/// older system had it, and only the gate, which is that of `xxh64`, is independent of them.
#[test]
fn murmur3_has_one_bucket_for_splits_and_conditions() {
    let units = random_units(UNITS);
    let [gate, split, condition] =
        PURPOSES.map(|purpose| Ladder::new("murmur3-x64-128", purpose, "new-checkout", PARTS).places(&units));
    assert_eq!(split, condition);
    assert!(is_independent(&gate, &split), "{}", statistic(&gate, &split));
    assert_eq!(gate, places(Purpose::Gate, "new-checkout", &units));
}
