//! `contains`: a text has that substring, an array that element.

use super::same_text;
use crate::compile::place::Place;
use crate::compile::reader::Reader;
use crate::context::{AttributeValue, Element};
use crate::diagnostics::Code;
use crate::json::node::Node;
use crate::number::Number;

#[derive(Debug)]
pub(crate) enum Contains {
    Text(Box<str>),
    FoldedText(FoldedNeedle),
    Number(Number),
}

impl Contains {
    pub(super) fn compile(value: &Node<'_>, fold: bool, place: &Place<'_>, reader: &mut Reader) -> Option<Self> {
        match value {
            Node::Text(text) if fold => Some(Self::FoldedText(FoldedNeedle::new(text))),
            Node::Text(text) => Some(Self::Text((*text).into())),
            Node::Number(number) => Some(Self::Number(reader.number(*number, place))),
            _ => {
                let message = format!("`contains` looks for a string or a number, this is {}", value.type_word());
                reader.report(Code::WrongType, place, message);
                None
            }
        }
    }

    pub(super) fn holds(&self, attribute: &AttributeValue<'_>) -> bool {
        match (self, attribute) {
            (Self::Text(text), AttributeValue::Text(whole)) => whole.contains(&**text),
            (Self::FoldedText(needle), AttributeValue::Text(whole)) => needle.is_in(whole),
            (Self::Text(text), AttributeValue::List(elements)) => has_text(elements, text, false),
            (Self::FoldedText(needle), AttributeValue::List(elements)) => has_text(elements, &needle.text, true),
            (Self::Number(number), AttributeValue::List(elements)) => elements.iter().any(|element| match element {
                Element::Number(element) => element == number,
                Element::Text(_) => false,
            }),
            _ => false,
        }
    }
}

fn has_text(elements: &[Element<'_>], text: &str, fold: bool) -> bool {
    elements.iter().any(|element| match element {
        Element::Text(element) => same_text(element, text, fold),
        Element::Number(_) => false,
    })
}

/// A text to look for whatever the case of its ASCII letters, in time linear in the text that is searched and without
/// allocating: the algorithm of Knuth, Morris and Pratt.
#[derive(Debug)]
pub(crate) struct FoldedNeedle {
    /// In lower case.
    text: Box<str>,
    /// For each length of a matched beginning, the length of the longest one that it ends with.
    borders: Box<[u32]>,
}

impl FoldedNeedle {
    fn new(text: &str) -> Self {
        let text: Box<str> = text.to_ascii_lowercase().into();
        let mut needle = Self { borders: vec![0; text.len()].into(), text };
        let mut matched = 0;
        for index in 1..needle.text.len() {
            let byte = needle.text.as_bytes().get(index).copied().unwrap_or_default();
            matched = needle.step(matched, byte);
            if let Some(border) = needle.borders.get_mut(index) {
                *border = matched;
            }
        }
        needle
    }

    /// How much of the beginning matches once this byte is read too.
    fn step(&self, mut matched: u32, byte: u8) -> u32 {
        loop {
            if self.text.as_bytes().get(matched as usize) == Some(&byte) {
                return matched + 1;
            }
            match matched.checked_sub(1).and_then(|last| self.borders.get(last as usize)) {
                Some(&border) => matched = border,
                None => return 0,
            }
        }
    }

    fn is_in(&self, whole: &str) -> bool {
        let mut matched = 0;
        self.text.is_empty()
            || whole.bytes().any(|byte| {
                matched = self.step(matched, byte.to_ascii_lowercase());
                matched as usize == self.text.len()
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_needle_is_found_wherever_it_is() {
        let words = ["", "a", "aab", "AaB", "aaaab", "abaabab", "ß", "Kb", "aabaab"];
        for needle in words {
            for whole in ["", "AAB", "xaaaAABx", "ababaababaab", "STRAßE kB", "\u{212a}b", "aaaaaaaa"] {
                let expected = whole.to_ascii_lowercase().contains(&needle.to_ascii_lowercase());
                assert_eq!(FoldedNeedle::new(needle).is_in(whole), expected, "{needle} in {whole}");
            }
        }
    }
}
