//! Override rows.

use crate::openapi::Operation;
use crate::openapi::schemas::{Nothing, OverridePut, OverrideRows, RevisedRow, name};

pub(crate) fn of_flag() -> Operation {
    Operation::new("Lists a flag's override rows.").asker().answers::<OverrideRows>(200).fails([404])
}

pub(crate) fn put() -> Operation {
    Operation::new("Makes an override row, or writes it again, whole.")
        .token()
        .part("id", name(128))
        .body::<OverridePut>()
        .answers::<RevisedRow>(200)
        .writes()
        .fails([404, 422])
}

pub(crate) fn remove() -> Operation {
    Operation::new("Removes an override row.").token().on_terms().answers::<Nothing>(200).writes().fails([404, 422])
}
