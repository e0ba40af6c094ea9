//! Where the reading of a text has come to, and what can stand there besides lists.

use std::borrow::Cow;

use super::super::Json;
use super::super::print;
use super::super::read::{Reading, read};
use crate::number::Number;

/// Digits that fit an integer whatever they are.
const SHORT: usize = 18;

/// A place in a text. Whoever reads a list has a copy, which stays in registers.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'d> {
    text: &'d str,
    /// The place of the next byte.
    at: usize,
    string_limit: usize,
}

impl<'d> Cursor<'d> {
    pub(super) fn new(text: &'d str, string_limit: usize) -> Self {
        Self { text, at: 0, string_limit }
    }

    /// What is left.
    #[inline(always)]
    pub(super) fn rest(&self) -> Option<&'d [u8]> {
        self.text.as_bytes().get(self.at..)
    }

    /// From there to where another has come in the same text.
    #[inline(always)]
    pub(super) fn until(&self, other: &Self) -> Option<&'d [u8]> {
        self.text.as_bytes().get(self.at..other.at)
    }

    /// Goes on where another has come to in the same text.
    #[inline(always)]
    pub(super) fn follow(&mut self, other: &Self) {
        self.at = other.at;
    }

    #[inline(always)]
    pub(super) fn pass(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// The next byte that is no white space; it is not taken.
    #[inline(always)]
    pub(super) fn next(&mut self) -> Option<u8> {
        match self.text.as_bytes().get(self.at) {
            Some(byte) if *byte > b' ' => Some(*byte),
            _ => {
                self.at = after_space(self.text.as_bytes(), self.at);
                self.text.as_bytes().get(self.at).copied()
            }
        }
    }

    /// Takes that byte, where it is the next one.
    #[inline(always)]
    pub(super) fn take(&mut self, byte: u8) -> Option<()> {
        (self.next() == Some(byte)).then(|| self.at += 1)
    }

    /// Whether another one follows in a list that ends with that byte, which is taken, or the comma.
    #[inline(always)]
    pub(super) fn goes_on(&mut self, end: u8) -> Option<bool> {
        let next = self.next()?;
        self.at += 1;
        (next == b',' || next == end).then_some(next == b',')
    }

    pub(super) fn word(&mut self, word: &str) -> Option<()> {
        let found = self.rest()?.starts_with(word.as_bytes());
        self.at += word.len();
        found.then_some(())
    }

    /// A string, at its first quote.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Option<Cow<'d, str>> {
        Some(match self.plain_string() {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(self.escaped_string()?),
        })
    }

    /// A string without an escape, at its first quote; where it has one nothing is taken.
    #[inline(always)]
    pub(super) fn plain_string(&mut self) -> Option<&'d str> {
        self.printed_string(0).map(|(text, _)| text)
    }

    /// The same, with the fingerprint of what came before and of it.
    #[inline(always)]
    pub(super) fn printed_string(&mut self, print: u64) -> Option<(&'d str, u64)> {
        let start = self.at + 1;
        let (end, print) = plain_end(self.text.as_bytes(), start, print)?;
        let text = self.text.get(start..end).filter(|text| text.len() <= self.string_limit)?;
        self.at = end + 1;
        Some((text, print))
    }

    /// A string, at its first quote, whatever is in it.
    #[cold]
    pub(super) fn escaped_string(&mut self) -> Option<String> {
        let bytes = self.text.as_bytes();
        let mut end = self.at + 1;
        while *bytes.get(end)? != b'"' {
            end += if *bytes.get(end)? == b'\\' { 2 } else { 1 };
        }
        let Reading { json: Some(Json::Text(text)), .. } = read(bytes.get(self.at..=end)?, usize::MAX) else {
            return None;
        };
        self.at = end + 1;
        (text.len() <= self.string_limit).then(|| text.into_owned())
    }

    pub(super) fn number(&mut self) -> Option<Number> {
        let rest = self.rest()?;
        let is_part = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        let written = rest.get(..length)?;
        self.at += length;
        match written {
            b"0" => Some(Number::Integer(0)),
            [b'1'..=b'9', others @ ..] if others.len() < SHORT && others.iter().all(u8::is_ascii_digit) => {
                let digits = written.iter().map(|digit| i64::from(digit - b'0'));
                Some(Number::Integer(digits.fold(0, |number, digit| 10 * number + digit)))
            }
            _ => match read(written, usize::MAX) {
                reading if reading.problems.is_empty() => match reading.json? {
                    Json::Number(number) => Some(number),
                    _ => None,
                },
                _ => None,
            },
        }
    }
}

/// Where the white space ends that begins there.
#[inline(never)]
fn after_space(bytes: &[u8], start: usize) -> usize {
    let space = bytes.iter().skip(start).take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'));
    start + space.count()
}

/// Where the string that begins there ends, if nothing comes before its quote that is an escape or forbidden, and the
/// fingerprint of what came before and of it; eight bytes at a time.
#[inline(always)]
fn plain_end(bytes: &[u8], start: usize, mut print: u64) -> Option<(usize, u64)> {
    const ONES: u64 = u64::MAX / 255;
    let mut end = start;
    loop {
        let Some(word) = bytes.get(end..).and_then(<[u8]>::first_chunk) else {
            return last_end(bytes, start, end, print);
        };
        let word = u64::from_le_bytes(*word);
        // The high bit of each byte that is below `bound`, and perhaps of some after the first of those.
        let below = |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound)) & !word;
        // With this bit turned over, the quote is the only byte from the space on that comes to stand below.
        let quote_or_control = below(word ^ (ONES * 2), b' ' + 1);
        let escape = below(word ^ (ONES * u64::from(b'\\')), 1);
        let special = (quote_or_control | escape) & (ONES << 7);
        if special != 0 {
            end += special.trailing_zeros() as usize / 8;
            // The bytes before the one that the lowest bit stands in.
            let rest = word & ((special & special.wrapping_neg()) >> 7).wrapping_sub(1);
            return (bytes.get(end) == Some(&b'"')).then_some((end, print::add_end(print, rest, end - start)));
        }
        print = print::mix(print, word);
        end += 8;
    }
}

/// The same near the end of the text, where no whole word is left.
#[cold]
fn last_end(bytes: &[u8], start: usize, whole: usize, print: u64) -> Option<(usize, u64)> {
    let is_plain = |byte: &&u8| **byte >= b' ' && **byte != b'"' && **byte != b'\\';
    let end = whole + bytes.iter().skip(whole).take_while(is_plain).count();
    let rest = bytes.get(whole..end)?.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    (bytes.get(end) == Some(&b'"')).then_some((end, print::add_end(print, rest, end - start)))
}
