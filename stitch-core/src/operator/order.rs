//! `lt`, `lte`, `gt`, `gte`: numeric order by exact value.

use std::cmp::Ordering;

use crate::compile::place::Place;
use crate::compile::reader::Reader;
use crate::context::AttributeValue;
use crate::diagnostics::Code;
use crate::json::node::Node;
use crate::number::Number;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    relation: Relation,
    value: Number,
}

/// Which orders of the attribute to the value hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    /// By the operators' endings: `eq`, `lt`, `lte`, `gt`, `gte`.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "eq" => Some(Self::Equal),
            "lt" => Some(Self::Less),
            "lte" => Some(Self::LessOrEqual),
            "gt" => Some(Self::Greater),
            "gte" => Some(Self::GreaterOrEqual),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

impl Order {
    pub(super) fn compile(name: &str, value: &Node<'_>, place: &Place<'_>, reader: &mut Reader) -> Option<Self> {
        let Node::Number(number) = value else {
            reader.report(Code::WrongType, place, format!("`{name}` compares numbers, this is {}", value.type_word()));
            return None;
        };
        Some(Self { relation: Relation::named(name)?, value: reader.number(*number, place) })
    }

    #[inline]
    pub(super) fn holds(self, attribute: &AttributeValue<'_>) -> bool {
        match attribute {
            AttributeValue::Number(number) => {
                number.partial_cmp(&self.value).is_some_and(|order| self.relation.holds(order))
            }
            _ => false,
        }
    }
}
