//! The flags that serve.

use crate::openapi::Operation;
use crate::openapi::schemas::{FlagList, switch};

pub(crate) fn registry() -> Operation {
    Operation::new("Lists the flags as they were written, or a row of each.")
        .asker()
        .query("summary", switch(), "Whether a row of each is enough.")
        .answers_tagged::<FlagList>()
}
