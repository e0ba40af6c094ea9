//! The keys of SDK clients.

use crate::handlers::keys::{Asked, Change, List, Told};
use crate::openapi::Operation;

pub(crate) fn list() -> Operation {
    Operation::new("Lists the SDK keys that the caller may write.").token().answers::<List<'_>>(200)
}

pub(crate) fn create() -> Operation {
    Operation::new("Makes an SDK key; only this answer has the key itself.")
        .token()
        .body::<Asked>()
        .answers::<Told<'_>>(201)
        .writes()
}

pub(crate) fn read() -> Operation {
    Operation::new("Tells an SDK key, but not the key itself.").token().answers::<Told<'_>>(200).fails([404])
}

pub(crate) fn update() -> Operation {
    Operation::new("Names an SDK key otherwise.")
        .token()
        .body::<Change>()
        .answers::<Told<'_>>(200)
        .writes()
        .fails([404])
}

pub(crate) fn revoke() -> Operation {
    Operation::new("Revokes an SDK key, for good; twice is once.")
        .token()
        .answers::<Told<'_>>(200)
        .writes()
        .fails([404])
}
