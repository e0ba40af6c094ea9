//! `contains`: a text has that substring, an array that element.

use super::same_text;
use crate::compile::place::Place;
use crate::compile::reader::Reader;
use crate::context::{AttributeValue, Element};
use crate::diagnostics::Code;
use crate::json::Json;
use crate::number::Number;

#[derive(Clone, Debug)]
pub(crate) enum Contains {
    Text { text: Box<str>, fold: bool },
    Number(Number),
}

impl Contains {
    pub(super) fn compile(value: &Json<'_>, fold: bool, place: &Place<'_>, reader: &mut Reader) -> Option<Self> {
        match value {
            Json::Text(text) => Some(Self::Text { text: text.as_ref().into(), fold }),
            Json::Number(number) => Some(Self::Number(reader.number(*number, place))),
            _ => {
                let message = format!("`contains` looks for a string or a number, this is {}", value.type_word());
                reader.report(Code::WrongType, place, message);
                None
            }
        }
    }

    pub(super) fn holds(&self, attribute: AttributeValue<'_>) -> bool {
        match (self, attribute) {
            (Self::Text { text, fold: false }, AttributeValue::Text(whole)) => whole.contains(&**text),
            (Self::Text { text, fold: true }, AttributeValue::Text(whole)) => {
                text.is_empty()
                    || whole.as_bytes().windows(text.len()).any(|part| part.eq_ignore_ascii_case(text.as_bytes()))
            }
            (Self::Text { text, fold }, AttributeValue::List(elements)) => {
                elements.iter().any(|element| match element {
                    Element::Text(element) => same_text(element, text, *fold),
                    Element::Number(_) => false,
                })
            }
            (Self::Number(number), AttributeValue::List(elements)) => elements.iter().any(|element| match element {
                Element::Number(element) => element == number,
                Element::Text(_) => false,
            }),
            _ => false,
        }
    }
}
