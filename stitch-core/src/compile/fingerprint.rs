//! Fingerprints of flags: they differ where anything does that an answer can depend on.

use crate::compile::flag::FLAG;
use crate::compile::graph::Graph;
use crate::compile::names::Names;
use crate::compile::settings::Root;
use crate::json::key::Keys;
use crate::json::node::Node;
use crate::json::print::{self, mix};

/// What of an override row decides whom it is for and what they get.
const ROW: Keys<5> = Keys::of(["scope", "value", "tenant_id", "user_id", "expires_at"]);

/// The fingerprint of what holds for every flag.
pub(super) fn of_settings(root: &Root<'_>) -> u64 {
    root.internal_tiers.iter().fold(root.algorithm as u64, |sum, tier| print::add_text(sum, tier))
}

/// The fingerprint of a flag's own definition.
pub(super) fn of_flag(settings: u64, json: &Node<'_>) -> u64 {
    mix(settings, of_those(json, &FLAG))
}

/// The fingerprint of each flag with all that it depends on, from those of flags and segments alone, in their order.
pub(super) fn of_all(mut prints: Vec<u64>, rows: &[Node<'_>], flags: &Names<'_>, graph: &Graph) -> Vec<u64> {
    for row in rows {
        let flag = row.get("flag_key").and_then(Node::as_text).and_then(|key| flags.index(key));
        if let Some(print) = flag.and_then(|flag| prints.get_mut(flag as usize)) {
            // A sum, since the order of rows means nothing.
            *print = print.wrapping_add(mix(1, of_those(row, &ROW)));
        }
    }
    for node in graph.order() {
        let at = |node: u32| prints.get(node as usize).copied().unwrap_or_default();
        let own = mix(at(node), u64::from(graph.failed(node)));
        let whole = graph.of(node).iter().fold(own, |print, &reference| mix(print, at(reference)));
        if let Some(print) = prints.get_mut(node as usize) {
            *print = whole;
        }
    }
    prints.truncate(flags.entries.len());
    prints
}

/// That of an object, as far as the keys that count.
fn of_those<const N: usize>(json: &Node<'_>, counts: &Keys<N>) -> u64 {
    let Node::Object(object) = json else { return 0 };
    let others = object.members.iter().filter(|(key, _)| counts.place(*key).is_none());
    others.fold(object.sum, |sum, member| sum.wrapping_sub(print::of_member(member)))
}
