//! What an operator sees of a running server: [`logs`] on standard error, [`metrics`] on the management address. No
//! key, token, password or attribute value is ever in either.

mod exposition;
pub mod logs;
pub mod metrics;

pub use exposition::{CONTENT_TYPE, exposition};
pub use logs::init;
