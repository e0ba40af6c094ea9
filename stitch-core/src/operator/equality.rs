//! `eq`, `ne`: the same kind, and equal or not. Numbers by exact value, texts by code point.

use std::sync::Arc;

use super::same_text;
use crate::compile::place::Place;
use crate::compile::reader::Reader;
use crate::context::AttributeValue;
use crate::diagnostics::Code;
use crate::json::node::Node;
use crate::number::Number;

#[derive(Debug)]
pub(crate) struct Equality {
    value: Scalar,
    negated: bool,
}

#[derive(Debug)]
enum Scalar {
    Text { text: Arc<str>, fold: bool },
    Number(Number),
    Boolean(bool),
}

impl Equality {
    pub(super) fn compile(
        negated: bool,
        value: &Node<'_>,
        fold: bool,
        place: &Place<'_>,
        reader: &mut Reader,
    ) -> Option<Self> {
        let value = match value {
            Node::Text(text) => Scalar::Text { text: (*text).into(), fold },
            Node::Number(number) => Scalar::Number(reader.number(*number, place)),
            Node::Boolean(boolean) => Scalar::Boolean(*boolean),
            _ => {
                let message =
                    format!("{} cannot be compared with: give a string, a number or a boolean", value.type_word());
                reader.report(Code::WrongType, place, message);
                return None;
            }
        };
        Some(Self { value, negated })
    }

    /// The text that an attribute must equal, if that is all there is to it.
    pub(super) fn plain_text(&self) -> Option<&Arc<str>> {
        match self {
            Self { value: Scalar::Text { text, fold: false }, negated: false } => Some(text),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn holds(&self, attribute: &AttributeValue<'_>) -> bool {
        let equal = match (&self.value, attribute) {
            (Scalar::Text { text, fold }, AttributeValue::Text(other)) => same_text(other, text, *fold),
            (Scalar::Number(number), AttributeValue::Number(other)) => number == other,
            (Scalar::Boolean(boolean), AttributeValue::Boolean(other)) => boolean == other,
            _ => return false,
        };
        equal != self.negated
    }
}
