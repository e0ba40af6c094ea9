//! `matches`: patterns of the subset that means the same in every language (section 4), in linear time.
//!
//! The subset is checked and translated to the syntax of the regex crate, every construct spelled out, so that
//! nothing depends on that crate's own reading of `\d`, `$` or upper and lower case.

use regex::{Regex, RegexBuilder};

use crate::compile::place::Place;
use crate::compile::reader::Reader;
use crate::context::AttributeValue;
use crate::diagnostics::Code;
use crate::json::node::Node;
use crate::limits;

mod class;
mod translate;

#[derive(Debug)]
pub(crate) struct Pattern {
    regex: Regex,
}

impl Pattern {
    pub(super) fn compile(value: &Node<'_>, fold: bool, place: &Place<'_>, reader: &mut Reader) -> Option<Self> {
        let pattern = reader.text(value, place)?;
        if pattern.len() > limits::PATTERN_BYTES {
            let message =
                format!("the pattern has {} bytes; at most {} are allowed", pattern.len(), limits::PATTERN_BYTES);
            reader.report(Code::PatternTooLong, place, message);
            return None;
        }
        let translation = match translate::translate(pattern, fold) {
            Ok(translation) => translation,
            Err(refusal) => {
                let message = format!("at character {} of the pattern: {}", refusal.position + 1, refusal.message);
                reader.report(Code::BadPattern, place, message);
                return None;
            }
        };
        if translation.size > limits::PATTERN_SIZE {
            let message = "the pattern's compiled form is over 1 MiB: repeat less within repetitions";
            reader.report(Code::PatternTooLarge, place, message);
            return None;
        }
        if let Some(regex) = reader.regexes.get(&translation.regex) {
            return Some(Self { regex: regex.clone() });
        }
        // The size above bounds what the regex crate makes of it; its own measure is not one that other languages share.
        match RegexBuilder::new(&translation.regex).size_limit(usize::MAX).build() {
            Ok(regex) => {
                reader.regexes.insert(translation.regex, regex.clone());
                Some(Self { regex })
            }
            Err(error) => {
                reader.report(Code::BadPattern, place, format!("the pattern cannot be used: {error}"));
                None
            }
        }
    }

    pub(super) fn holds(&self, attribute: &AttributeValue<'_>) -> bool {
        matches!(attribute, AttributeValue::Text(text) if self.regex.is_match(text))
    }
}
