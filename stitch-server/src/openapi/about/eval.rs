//! One evaluation.

use serde_json::json;

use crate::openapi::Operation;
use crate::openapi::schemas::{Evaluation, switch};

pub(crate) fn eval() -> Operation {
    let key = json!({"type": "string", "minLength": 1});
    Operation::new("Evaluates a flag.")
        .asker()
        .context()
        .required("key", key, "The flag.")
        .query("trace", switch(), "Whether to tell the steps that led there.")
        .answers::<Evaluation>(200)
        .fails([404])
}
