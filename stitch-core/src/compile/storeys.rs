//! Long chains of references, cut into storeys: recursion follows a chain from one storey to the next and no further, since
//! what stands there was answered before.

use std::collections::HashMap;

/// References of a chain that are one storey. Recursion goes through at most two of them: its own, and the lowest.
const STOREY: u32 = 32;

/// Where each node stands.
pub(super) struct Storeys {
    /// The storey of each; 0 is the lowest.
    floors: Vec<u32>,
    /// Whether several refer to the node; or something in a higher storey does, and it is not in the lowest.
    memoized: Vec<bool>,
    /// Of each that is not in the lowest storey, the nearest below that are not there either and are worth remembering.
    pub(super) landings: HashMap<u32, Vec<u32>>,
}

impl Storeys {
    /// Of nodes with their references, in an order in which none comes before what it refers to, but for cycles.
    pub(super) fn new(references: &[Box<[u32]>], order: &[u32], referrers: &[u32]) -> Self {
        let floors: Vec<u32> = heights(references, order).iter().map(|height| height / STOREY).collect();
        let memoized = referrers.iter().map(|count| *count > 1).collect();
        let mut found = Self { memoized, landings: HashMap::new(), floors };
        if found.floors.iter().all(|floor| *floor == 0) {
            return found;
        }
        for (references, floor) in references.iter().zip(&found.floors) {
            for &reference in references {
                let below = found.floors.get(reference as usize).copied().unwrap_or_default();
                if let Some(memoized) = found.memoized.get_mut(reference as usize) {
                    *memoized |= below > 0 && below < *floor;
                }
            }
        }
        for &node in order {
            if !found.is_tall(node) {
                continue;
            }
            let of = references.get(node as usize).map(|references| &**references).unwrap_or_default();
            let mut below = Vec::new();
            for &reference in of.iter().filter(|&&reference| found.is_tall(reference)) {
                // Whoever is not remembered has one referrer, and hands up what it found to that one alone.
                if found.is_memoized(reference) {
                    below.push(reference);
                } else {
                    below.extend(found.landings.get(&reference).into_iter().flatten());
                }
            }
            if !below.is_empty() {
                found.landings.insert(node, below);
            }
        }
        found
    }

    pub(super) fn is_tall(&self, node: u32) -> bool {
        self.floors.get(node as usize).is_some_and(|floor| *floor > 0)
    }

    /// Whether the node is worth remembering within a call.
    pub(super) fn is_memoized(&self, node: u32) -> bool {
        self.memoized.get(node as usize).is_some_and(|memoized| *memoized)
    }
}

/// The longest chain of references from each node; cycles count for nothing.
fn heights(references: &[Box<[u32]>], order: &[u32]) -> Vec<u32> {
    let mut heights = vec![0; references.len()];
    for &node in order {
        let of = references.get(node as usize).map(|references| &**references).unwrap_or_default();
        let below = of.iter().filter_map(|&reference| heights.get(reference as usize)).max();
        let height = below.map_or(0, |height: &u32| height + 1);
        if let Some(slot) = heights.get_mut(node as usize) {
            *slot = height;
        }
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chain in which each node refers to the one before.
    fn chain(nodes: u32) -> Vec<Box<[u32]>> {
        (0..nodes).map(|node| node.checked_sub(1).into_iter().collect()).collect()
    }

    fn storeys(references: &[Box<[u32]>]) -> Storeys {
        let order: Vec<u32> = (0..).take(references.len()).collect();
        let mut referrers = vec![0; references.len()];
        references.iter().flatten().for_each(|&reference| referrers[reference as usize] += 1);
        Storeys::new(references, &order, &referrers)
    }

    #[test]
    fn a_short_chain_has_no_landing() {
        let found = storeys(&chain(STOREY));
        assert!((0..STOREY).all(|node| !found.is_tall(node) && !found.is_memoized(node)));
    }

    #[test]
    fn a_long_chain_has_one_a_storey() {
        let found = storeys(&chain(200));
        let landings: Vec<u32> = (0..200).filter(|&node| found.is_memoized(node)).collect();
        assert_eq!(landings, [63, 95, 127, 159, 191]);
        assert_eq!(found.landings[&199], [191]);
        assert_eq!(found.landings[&191], [159]);
        assert_eq!(found.landings[&64], [63]);
        assert!(!found.landings.contains_key(&63) && found.is_tall(63));
    }

    #[test]
    fn what_several_refer_to_is_one_too() {
        let mut references = chain(60);
        references.extend([Box::from([59, 40]), Box::from([59])]);
        let found = storeys(&references);
        assert_eq!(found.landings[&60], [59, 40]);
        assert_eq!(found.landings[&61], [59]);
        assert_eq!(found.landings[&59], [40]);
    }
}
