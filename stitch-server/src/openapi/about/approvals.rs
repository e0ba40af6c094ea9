//! Approvals.

use crate::handlers::approvals::List;
use crate::openapi::Operation;
use crate::openapi::schemas::{ApprovalWish, text};
use crate::writes::approval::Shown;

pub(crate) fn list() -> Operation {
    Operation::new("Lists approvals, the newest last.")
        .token()
        .query("flag", text(), "Only those of this flag.")
        .answers::<List<'_>>(200)
}

pub(crate) fn create() -> Operation {
    Operation::new("Asks for the approval of a change, which is then to be made exactly so.")
        .token()
        .body::<ApprovalWish>()
        .answers::<Shown<'_>>(201)
        .writes()
        .fails([404, 422])
}

pub(crate) fn read() -> Operation {
    Operation::new("Tells an approval.").token().answers::<Shown<'_>>(200).fails([404])
}

pub(crate) fn sign() -> Operation {
    Operation::new("Signs an approval.").token().answers::<Shown<'_>>(200).writes().fails([404])
}
