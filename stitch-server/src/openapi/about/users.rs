//! People who may log in.

use crate::handlers::users::{Added, Changed, List, Told};
use crate::openapi::Operation;
use crate::openapi::schemas::revision_in_query;

pub(crate) fn list() -> Operation {
    Operation::new("Lists the users.").token().answers::<List<'_>>(200)
}

pub(crate) fn create() -> Operation {
    Operation::new("Adds a user.").token().body::<Added>().answers::<Told<'_>>(201).writes().fails([429])
}

pub(crate) fn read() -> Operation {
    Operation::new("Tells a user.").token().answers::<Told<'_>>(200).fails([404])
}

pub(crate) fn update() -> Operation {
    Operation::new("Changes a user, who loses all tokens by it; what is left out stays.")
        .token()
        .body::<Changed>()
        .answers::<Told<'_>>(200)
        .writes()
        .fails([404, 429])
}

pub(crate) fn remove() -> Operation {
    Operation::new("Removes a user, who loses all tokens by it.")
        .token()
        .query("revision", revision_in_query(), "The revision that the caller saw, where that matters.")
        .answers_nothing(204)
        .writes()
        .fails([404])
}
