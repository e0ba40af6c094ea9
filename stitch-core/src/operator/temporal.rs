//! `before`, `after`: instants as RFC 3339 texts or numbers of milliseconds, mixed as they come.

use crate::compile::place::Place;
use crate::compile::reader::Reader;
use crate::context::AttributeValue;
use crate::diagnostics::Code;
use crate::instant::{Instant, StoredInstant};
use crate::json::node::Node;

#[derive(Debug)]
pub(crate) struct Temporal {
    instant: StoredInstant,
    after: bool,
}

impl Temporal {
    pub(super) fn compile(after: bool, value: &Node<'_>, place: &Place<'_>, reader: &mut Reader) -> Option<Self> {
        let instant = match value {
            Node::Text(text) => Instant::parse(text),
            Node::Number(number) => Some(Instant::Number(reader.number(*number, place))),
            _ => None,
        };
        let Some(instant) = instant else {
            let message =
                "this is no instant: write RFC 3339 such as `2026-01-31T09:00:00Z`, or milliseconds since the epoch";
            reader.report(Code::BadInstant, place, message);
            return None;
        };
        Some(Self { instant: StoredInstant::new(instant), after })
    }

    pub(super) fn holds(&self, attribute: &AttributeValue<'_>) -> bool {
        let instant = match attribute {
            AttributeValue::Text(text) => Instant::parse(text),
            AttributeValue::Number(number) => Some(Instant::Number(*number)),
            AttributeValue::Boolean(_) | AttributeValue::List(_) => None,
        };
        let order = instant.and_then(|instant| instant.compare(&self.instant.as_instant()));
        order.is_some_and(|order| if self.after { order.is_gt() } else { order.is_lt() })
    }
}
