//! What calling into Rust costs by itself: the floor of every method of a class that pyo3 makes.

use pyo3::prelude::*;

/// Methods that do nothing.
#[pymodule(gil_used = false)]
mod empty {
    use pyo3::prelude::*;

    /// Immutable, as stitch's classes are.
    #[pyclass(frozen)]
    struct Empty;

    #[pymethods]
    impl Empty {
        #[new]
        fn new() -> Self {
            Self
        }

        /// Nothing in, nothing out.
        fn nothing(&self) {}

        /// What a handle's `bool` takes and gives, and nothing between.
        #[pyo3(signature = (context, default))]
        fn bool(&self, context: &Bound<'_, PyAny>, default: &Bound<'_, PyAny>) -> bool {
            let _ = (context, default);
            true
        }
    }
}
