//! From a password to a token.

use crate::handlers::login::{Asked, Given};
use crate::openapi::Operation;

pub(crate) fn login() -> Operation {
    Operation::new("Gives a token to whoever knows a password.")
        .body::<Asked>()
        .answers::<Given>(200)
        .fails([401, 409, 429, 503])
}
