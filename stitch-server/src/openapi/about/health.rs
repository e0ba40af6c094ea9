//! How the server fares.

use crate::openapi::Operation;
use crate::wire::health::{Health, Probe};

pub(crate) fn alive() -> Operation {
    Operation::new("Says that the process answers.").answers::<Probe>(200)
}

pub(crate) fn ready() -> Operation {
    Operation::new("Says that evaluations are answered.").answers::<Probe>(200)
}

pub(crate) fn health() -> Operation {
    Operation::new("Tells how the server fares.").answers::<Health<'_>>(200)
}
