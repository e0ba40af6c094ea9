//! Flags' definitions.

use crate::openapi::Operation;
use crate::openapi::schemas::{FlagUpdate, Flags, NewFlag, Nothing, RevisedFlag};

pub(crate) fn list() -> Operation {
    Operation::new("Lists the flags.").token().answers::<Flags>(200)
}

pub(crate) fn create() -> Operation {
    Operation::new("Makes a flag, a draft.").token().body::<NewFlag>().answers::<RevisedFlag>(201).writes().fails([422])
}

pub(crate) fn read() -> Operation {
    Operation::new("Tells a flag.").token().answers::<RevisedFlag>(200).fails([404])
}

pub(crate) fn update() -> Operation {
    Operation::new("Writes a flag's definition, whole; its stage stays.")
        .token()
        .body::<FlagUpdate>()
        .answers::<RevisedFlag>(200)
        .writes()
        .fails([404, 422])
}

pub(crate) fn remove() -> Operation {
    Operation::new("Removes a flag with its overrides.")
        .token()
        .on_terms()
        .answers::<Nothing>(200)
        .writes()
        .fails([404])
}

pub(crate) fn of_environment() -> Operation {
    Operation::new("Lists the flags as an environment sees them.").token().answers::<Flags>(200).fails([404])
}
