//! Fingerprints of values: equal values have equal ones, numbers by value, objects whatever the order of their keys.

use super::key::Key;
use super::node::{Member, Node};
use crate::bucketing::hash;
use crate::number::Number;
use crate::text::ends;

/// The fingerprint of a value.
#[inline]
pub(crate) fn of(node: &Node<'_>) -> u64 {
    match node {
        Node::Text(content) => text(content),
        Node::Object(object) => object.print,
        _ => of_others(node),
    }
}

fn of_others(node: &Node<'_>) -> u64 {
    match node {
        Node::Null => 2,
        Node::Boolean(boolean) => 3 + u64::from(*boolean),
        Node::Number(number) => match number.canonical() {
            Number::Integer(integer) => mix(5, integer.cast_unsigned()),
            Number::Double(double) => mix(6, double.to_bits()),
        },
        Node::Array(items) => items.iter().fold(8, |print, item| mix(print, of(item))),
        Node::Text(_) | Node::Object(_) => of(node),
    }
}

/// That of an object with those members: a sum, since their order means nothing.
#[inline]
pub(crate) fn of_members<'m, 'd: 'm>(members: impl Iterator<Item = &'m Member<'d>>) -> u64 {
    mix(9, members.fold(0, |sum: u64, (key, value)| sum.wrapping_add(mix(of_key(*key), of(value)))))
}

#[inline]
fn of_key(key: Key<'_>) -> u64 {
    match key {
        Key::Known(word) => (word.number() as u64).wrapping_mul(0x9fb2_1c65_1e98_df25),
        Key::Other(content) => text(content),
    }
}

#[inline]
pub(crate) fn text(text: &str) -> u64 {
    // Nearly all values are as short, and this is a third of what hashing them takes.
    if text.len() <= 16 {
        let (first, last) = ends(text.as_bytes());
        mix(first, last.rotate_left(32) ^ text.len() as u64)
    } else {
        hash(text.as_bytes(), 7)
    }
}

/// One multiplication, as in wyhash: this runs once for every value of the document.
#[inline]
pub(crate) fn mix(print: u64, next: u64) -> u64 {
    let product = u128::from(print ^ 0x9e37_79b9_7f4a_7c15) * u128::from(next ^ 0xd6e8_feb8_6659_fd93);
    #[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
    let halves = (product as u64, (product >> 64) as u64);
    halves.0 ^ halves.1
}
