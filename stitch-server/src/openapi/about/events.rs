//! What SDK clients report.

use crate::handlers::events::{PAGE, Page, Taken};
use crate::openapi::Operation;
use crate::openapi::schemas::{Events, number};

pub(crate) fn report() -> Operation {
    Operation::new("Takes events, and answers once those that count are durable.")
        .sdk_key()
        .body::<Events>()
        .answers::<Taken>(200)
        .fails([503])
}

pub(crate) fn list() -> Operation {
    let most = i64::try_from(PAGE).unwrap_or(i64::MAX);
    Operation::new("Lists what was reported, in the order in which it was stored.")
        .token()
        .query("after", number(0, i64::MAX), "Only what was stored after this cursor.")
        .query("limit", number(1, most), "At most so many: 1,000 by default.")
        .answers::<Page<'_>>(200)
        .fails([503])
}
