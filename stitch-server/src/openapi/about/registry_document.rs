//! All definitions as one document.

use crate::openapi::Operation;
use crate::openapi::schemas::{RegistryUpdate, RevisedRegistry, Written};

pub(crate) fn read() -> Operation {
    Operation::new("Tells all definitions as one document.").token().answers::<RevisedRegistry>(200)
}

pub(crate) fn replace() -> Operation {
    Operation::new("Writes all definitions as a document has them; no stage moves.")
        .token()
        .body::<RegistryUpdate>()
        .answers::<Written>(200)
        .writes()
        .fails([422])
}
