//! The audit log.

use crate::handlers::audit::MOST;
use crate::openapi::Operation;
use crate::openapi::schemas::{AuditPage, number, text};

pub(crate) fn audit() -> Operation {
    Operation::new("Lists entries of the audit log, in order.")
        .asker()
        .query("flag", text(), "Only those about this flag.")
        .query("after", number(0, i64::MAX), "Only those after this place in the log.")
        .query("limit", number(1, i64::try_from(MOST).unwrap_or(i64::MAX)), "At most so many: 100 by default.")
        .answers::<AuditPage>(200)
        .fails([503])
}
