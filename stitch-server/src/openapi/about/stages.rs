//! Stages and the kill switch.

use crate::openapi::Operation;
use crate::openapi::schemas::{Rollback, RollbackWish, StageChange, StageWish};

pub(crate) fn change() -> Operation {
    Operation::new("Changes a flag's stage or percentage.")
        .token()
        .body::<StageWish>()
        .answers::<StageChange>(200)
        .writes()
        .fails([404, 422])
}

pub(crate) fn rollback() -> Operation {
    Operation::new("Stops a flag: the kill switch. It asks for no revision and no approval; twice is once.")
        .token()
        .body::<RollbackWish>()
        .answers::<Rollback>(200)
        .writes()
        .fails([404])
}
