//! What tokens are signed with.

use super::super::Operation;
use crate::auth::signing::Jwks;

pub(crate) fn jwks() -> Operation {
    Operation::new("Lists the public halves of what tokens are signed with.").answers::<Jwks<'_>>(200)
}
