//! Fingerprints of flags: they differ where anything does that an answer can depend on.

use crate::bucketing::hash;
use crate::compile::flag::FLAG;
use crate::compile::graph::Graph;
use crate::compile::names::Names;
use crate::compile::settings::Root;
use crate::json::node::Node;
use crate::number::Number;
use crate::text::{ends, is_one_of};

/// What of an override row decides whom it is for and what they get.
const ROW: [&str; 5] = ["scope", "value", "tenant_id", "user_id", "expires_at"];

/// The fingerprint of what holds for every flag.
pub(super) fn of_settings(root: &Root<'_>) -> u64 {
    root.internal_tiers.iter().fold(root.algorithm as u64, |print, tier| mix(print, text(tier)))
}

/// The fingerprint of a flag's own definition.
pub(super) fn of_flag(settings: u64, json: &Node<'_>) -> u64 {
    mix(settings, fields(json, |key| is_one_of(key, &FLAG)))
}

/// The fingerprint of each flag with all that it depends on, from those of flags and segments alone, in their order.
pub(super) fn of_all(mut prints: Vec<u64>, rows: &[Node<'_>], flags: &Names<'_>, graph: &Graph) -> Vec<u64> {
    for row in rows {
        let flag = row.get("flag_key").and_then(Node::as_text).and_then(|key| flags.index(key));
        if let Some(print) = flag.and_then(|flag| prints.get_mut(flag as usize)) {
            // A sum, since the order of rows means nothing.
            *print = print.wrapping_add(mix(1, fields(row, |key| is_one_of(key, &ROW))));
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

/// Equal values have equal fingerprints: numbers by value, objects whatever the order of their keys.
pub(super) fn of(json: &Node<'_>) -> u64 {
    match json {
        Node::Null => 2,
        Node::Boolean(boolean) => 3 + u64::from(*boolean),
        Node::Number(number) => match number.canonical() {
            Number::Integer(integer) => mix(5, integer.cast_unsigned()),
            Number::Double(double) => mix(6, double.to_bits()),
        },
        Node::Text(content) => text(content),
        Node::Array(items) => items.iter().fold(8, |print, item| mix(print, of(item))),
        Node::Object(_) => fields(json, |_| true),
    }
}

fn fields(json: &Node<'_>, counts: impl Fn(&str) -> bool) -> u64 {
    let members = if let Node::Object(members) = json { *members } else { &[] };
    let members = members.iter().filter(|(key, _)| counts(key));
    mix(9, members.fold(0, |sum: u64, (key, value)| sum.wrapping_add(mix(text(key), of(value)))))
}

fn text(text: &str) -> u64 {
    // Nearly all keys and values are as short, and this is a third of what hashing them takes.
    if text.len() <= 16 {
        let (first, last) = ends(text.as_bytes());
        mix(first, last.rotate_left(32) ^ text.len() as u64)
    } else {
        hash(text.as_bytes(), 7)
    }
}

/// One multiplication, as in wyhash: this runs once for every value of the document.
fn mix(print: u64, next: u64) -> u64 {
    let product = u128::from(print ^ 0x9e37_79b9_7f4a_7c15) * u128::from(next ^ 0xd6e8_feb8_6659_fd93);
    #[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
    let halves = (product as u64, (product >> 64) as u64);
    halves.0 ^ halves.1
}
