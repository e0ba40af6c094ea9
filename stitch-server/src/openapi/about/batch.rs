//! Many evaluations.

use crate::openapi::Operation;
use crate::openapi::schemas::{Batch, Evaluations, switch};

pub(crate) fn batch() -> Operation {
    Operation::new("Evaluates many flags, or all, at one instant.")
        .asker()
        .context()
        .query("trace", switch(), "Whether to tell the steps that led there.")
        .body::<Batch>()
        .answers::<Evaluations>(200)
}
