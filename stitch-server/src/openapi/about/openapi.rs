//! The document itself.

use crate::openapi::Operation;
use crate::openapi::schemas::Document;

pub(crate) fn openapi() -> Operation {
    Operation::new("This document.").answers_bare::<Document>(200)
}
