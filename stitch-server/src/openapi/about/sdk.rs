//! What SDK clients ask.

use crate::handlers::sdk::{Answer, Membership};
use crate::openapi::Operation;
use crate::openapi::schemas::{SdkCheck, SdkEvaluation};

pub(crate) fn evaluate() -> Operation {
    Operation::new("Evaluates a flag.").sdk_key().body::<SdkEvaluation>().answers::<Answer<'_>>(200).fails([404])
}

pub(crate) fn check() -> Operation {
    Operation::new("Says whether somebody is in a segment.")
        .sdk_key()
        .body::<SdkCheck>()
        .answers::<Membership>(200)
        .fails([404])
}
