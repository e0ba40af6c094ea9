//! Segments.

use crate::openapi::Operation;
use crate::openapi::schemas::{NewSegment, Nothing, RevisedSegment, SegmentUpdate, Segments};

pub(crate) fn list() -> Operation {
    Operation::new("Lists the segments.").token().answers::<Segments>(200)
}

pub(crate) fn create() -> Operation {
    Operation::new("Makes a segment.").token().body::<NewSegment>().answers::<RevisedSegment>(201).writes().fails([422])
}

pub(crate) fn read() -> Operation {
    Operation::new("Tells a segment.").token().answers::<RevisedSegment>(200).fails([404])
}

pub(crate) fn update() -> Operation {
    Operation::new("Writes a segment, whole.")
        .token()
        .body::<SegmentUpdate>()
        .answers::<RevisedSegment>(200)
        .writes()
        .fails([404, 422])
}

pub(crate) fn remove() -> Operation {
    Operation::new("Removes a segment that nothing uses.")
        .token()
        .on_terms()
        .answers::<Nothing>(200)
        .writes()
        .fails([404])
}
