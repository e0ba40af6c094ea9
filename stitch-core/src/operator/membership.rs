//! `in`, `not_in`: the attribute, or any element of it, is listed. The cost does not grow with the list.

use hashbrown::HashSet;

use super::TextSet;
use crate::compile::place::Place;
use crate::compile::reader::Reader;
use crate::context::{AttributeValue, Element};
use crate::diagnostics::Code;
use crate::json::node::Node;
use crate::limits;
use crate::number::Number;

#[derive(Debug)]
pub(crate) struct Membership {
    texts: TextSet,
    numbers: HashSet<NumberKey, foldhash::fast::FixedState>,
    negated: bool,
}

/// A number in its canonical form, which hashes as it compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum NumberKey {
    Integer(i64),
    Bits(u64),
}

impl From<Number> for NumberKey {
    fn from(number: Number) -> Self {
        match number.canonical() {
            Number::Integer(integer) => Self::Integer(integer),
            Number::Double(double) => Self::Bits(double.to_bits()),
        }
    }
}

impl Membership {
    pub(super) fn compile(
        negated: bool,
        value: &Node<'_>,
        fold: bool,
        place: &Place<'_>,
        reader: &mut Reader,
    ) -> Option<Self> {
        let items = reader.array(value, place)?;
        if items.len() > limits::LIST {
            let message =
                format!("the list has {} entries; at most {} are allowed: use a segment", items.len(), limits::LIST);
            reader.report(Code::ListTooLong, place, message);
            return None;
        }
        let mut texts = Vec::with_capacity(items.len());
        let mut numbers = HashSet::default();
        let mut sound = true;
        for (index, item) in items.iter().enumerate() {
            let place = &place.index(index);
            match item {
                Node::Text(text) => texts.push(*text),
                Node::Number(number) => {
                    numbers.insert(reader.number(*number, place).into());
                }
                _ => {
                    reader.wrong_element(item, place, "a list holds strings and numbers");
                    sound = false;
                }
            }
        }
        sound.then(|| Self { texts: TextSet::new(&texts, fold), numbers, negated })
    }

    pub(super) fn holds(&self, attribute: &AttributeValue<'_>) -> bool {
        let listed = match attribute {
            AttributeValue::Text(text) => self.texts.contains(text),
            AttributeValue::Number(number) => self.lists(*number),
            AttributeValue::List(elements) => elements.iter().any(|element| match element {
                Element::Text(text) => self.texts.contains(text),
                Element::Number(number) => self.lists(*number),
            }),
            AttributeValue::Boolean(_) => return false,
        };
        listed != self.negated
    }

    fn lists(&self, number: Number) -> bool {
        !self.numbers.is_empty() && self.numbers.contains(&NumberKey::from(number))
    }
}
