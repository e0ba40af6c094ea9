//! `starts_with`, `ends_with`: any of the given texts begins or ends the attribute.

use crate::compile::place::Place;
use crate::compile::reader::Reader;
use crate::context::AttributeValue;
use crate::diagnostics::Code;
use crate::json::node::Node;

#[derive(Debug)]
pub(crate) struct Affix {
    texts: Box<[Box<str>]>,
    end: bool,
    fold: bool,
}

impl Affix {
    pub(super) fn compile(
        end: bool,
        value: &Node<'_>,
        fold: bool,
        place: &Place<'_>,
        reader: &mut Reader,
    ) -> Option<Self> {
        let texts = match value {
            Node::Text(text) => [Box::from(*text)].into(),
            Node::Array(_) => reader.texts(value, place)?.into_iter().map(Box::from).collect(),
            _ => {
                let message = format!("a string or an array of strings is needed here, this is {}", value.type_word());
                reader.report(Code::WrongType, place, message);
                return None;
            }
        };
        Some(Self { texts, end, fold })
    }

    pub(super) fn holds(&self, attribute: &AttributeValue<'_>) -> bool {
        let AttributeValue::Text(whole) = attribute else { return false };
        let whole = whole.as_bytes();
        self.texts.iter().any(|text| {
            let text = text.as_bytes();
            let part = if self.end {
                whole.len().checked_sub(text.len()).and_then(|start| whole.get(start..))
            } else {
                whole.get(..text.len())
            };
            part.is_some_and(|part| if self.fold { part.eq_ignore_ascii_case(text) } else { part == text })
        })
    }
}
