//! Metrics that SDK clients may report.

use crate::handlers::metric_definitions::{Asked, Change, List, Told};
use crate::openapi::Operation;
use crate::openapi::schemas::Nothing;

pub(crate) fn list() -> Operation {
    Operation::new("Lists the metrics that SDK clients may report.").token().answers::<List<'_>>(200)
}

pub(crate) fn create() -> Operation {
    Operation::new("Defines a metric.").token().body::<Asked>().answers::<Told<'_>>(201).writes()
}

pub(crate) fn read() -> Operation {
    Operation::new("Tells a metric.").token().answers::<Told<'_>>(200).fails([404])
}

pub(crate) fn update() -> Operation {
    Operation::new("Describes a metric anew.").token().body::<Change>().answers::<Told<'_>>(200).writes().fails([404])
}

pub(crate) fn remove() -> Operation {
    Operation::new("Removes a metric; its events stay.").token().seen().answers::<Nothing>(200).writes().fails([404])
}
