//! What tokens are signed with.

use crate::auth::signing::Jwks;
use crate::openapi::Operation;

pub(crate) fn jwks() -> Operation {
    Operation::new("Lists the public halves of what tokens are signed with.").answers::<Jwks<'_>>(200)
}
