//! The document itself.

use super::super::Operation;
use super::super::schemas::Document;

pub(crate) fn openapi() -> Operation {
    Operation::new("This document.").answers_bare::<Document>(200)
}
