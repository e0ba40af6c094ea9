//! The audit log.

use serde_json::json;

use super::super::Operation;
use super::super::schemas::{AuditPage, number};
use crate::handlers::audit::MOST;

pub(crate) fn audit() -> Operation {
    Operation::new("Lists entries of the audit log, in order.")
        .asker()
        .query("flag", json!({"type": "string"}), "Only those about this flag.")
        .query("after", number(0, i64::MAX), "Only those after this place in the log.")
        .query("limit", number(1, i64::try_from(MOST).unwrap_or(i64::MAX)), "At most so many: 100 by default.")
        .answers::<AuditPage>(200)
        .fails([503])
}
