//! Fingerprints of values: equal values have equal ones, numbers by value, objects whatever the order of their keys.
//!
//! Each is made of the value and of what came before it, its key or the items before. The reader makes them of the words
//! of eight bytes that it looks at anyway.

use super::key::{Key, Word};
use super::node::{Member, Node};
use crate::number::Number;

/// What tells the kinds of values apart.
const NULL: u64 = 0xa076_1d64_78bd_642f;
const FALSE: u64 = 0xe703_7ed1_a0b4_28db;
const TRUE: u64 = 0x8ebc_6af0_9c88_c6e3;
const INTEGER: u64 = 0x5899_65cc_7537_4cc3;
const DOUBLE: u64 = 0x1d8e_4e27_c47d_124f;
pub(crate) const ARRAY: u64 = 0xeb44_acca_b455_d165;
const OBJECT: u64 = 0x9fb2_1c65_1e98_df25;
const TEXT: u64 = 0xd1b5_4a32_d192_ed03;

/// The fingerprint of a value.
pub(crate) fn of(node: &Node<'_>) -> u64 {
    add(0, node)
}

/// That of what came before and of a value after it.
fn add(print: u64, node: &Node<'_>) -> u64 {
    match node {
        Node::Null => mix(print, NULL),
        Node::Boolean(boolean) => add_boolean(print, *boolean),
        Node::Number(number) => add_number(print, *number),
        Node::Text(text) => add_text(print, text),
        Node::Array(items) => add_array(print, items.iter().fold(ARRAY, add)),
        Node::Object(object) => add_object(print, object.sum),
    }
}

pub(crate) fn add_null(print: u64) -> u64 {
    mix(print, NULL)
}

pub(crate) fn add_boolean(print: u64, boolean: bool) -> u64 {
    mix(print, if boolean { TRUE } else { FALSE })
}

pub(crate) fn add_number(print: u64, number: Number) -> u64 {
    match number.canonical() {
        Number::Integer(integer) => mix(print ^ INTEGER, integer.cast_unsigned()),
        Number::Double(double) => mix(print ^ DOUBLE, double.to_bits()),
    }
}

/// Of an array, by the print of its items: begun with [`ARRAY`], they are added one after the other, apart from what came
/// before the array, so that it shows where the array ends.
#[inline]
pub(crate) fn add_array(print: u64, items: u64) -> u64 {
    mix(print ^ ARRAY, items)
}

pub(crate) fn add_text(print: u64, text: &str) -> u64 {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let print = words.iter().fold(print, |print, word| mix(print, u64::from_le_bytes(*word)));
    let rest = rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    add_end(print, rest, text.len())
}

/// The end of a text of so many bytes: those that fill no word, and the whole words before it were mixed in.
#[inline]
pub(crate) fn add_end(print: u64, rest: u64, length: usize) -> u64 {
    mix(print ^ TEXT, rest ^ (length as u64) << 56)
}

/// Of an object, by the sum of its members' prints, since their order means nothing.
#[inline]
pub(crate) fn add_object(print: u64, sum: u64) -> u64 {
    mix(print ^ OBJECT, sum)
}

/// That of an object's member.
pub(crate) fn of_member((key, value): &Member<'_>) -> u64 {
    match key {
        Key::Known(word) => add(of_word(*word), value),
        Key::Other(text) => add(of_key(text), value),
    }
}

/// The sum of the prints of members.
pub(crate) fn sum(members: &[Member<'_>]) -> u64 {
    members.iter().map(of_member).fold(0, u64::wrapping_add)
}

/// That of a key that is known, before its value.
#[inline]
pub(crate) fn of_word(word: Word) -> u64 {
    (word.number() as u64 + 1).wrapping_mul(OBJECT)
}

/// That of any other key.
pub(crate) fn of_key(text: &str) -> u64 {
    add_text(OBJECT, text)
}

/// One multiplication, as in wyhash: this runs once for every value of the document. Both factors stay in the result, so
/// that the one that makes the product zero does not erase the other.
#[inline]
pub(crate) fn mix(print: u64, next: u64) -> u64 {
    let product = u128::from(print ^ 0x9e37_79b9_7f4a_7c15) * u128::from(next ^ 0xd6e8_feb8_6659_fd93);
    #[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
    let halves = (product as u64, (product >> 64) as u64);
    halves.0 ^ halves.1 ^ print ^ next.rotate_left(23)
}
