//! The methods that engines, holders and handles share, written once.
//!
//! Every field of a context is an argument of its own: with a `**fields` each call would build a tuple and a dict.

/// `#[pymethods]` with a class's own methods, then those that ask through its `fn question`. A class that has many flags
/// takes a `[flag_key …]` and reads values with fields as well; a handle is for hot loops, and reads them with a context and
/// a default alone. The texts say for `help` what the arguments are.
macro_rules! asking {
    ($class:ident $([$key:ident $reading:literal])? $signature:literal { $($own:tt)* }) => {
        asking! {
            @fields $class $([$key $reading])? $signature { $($own)* }
            user_id kind tenant_id tier env role_key attributes overrides approvals now
        }
    };
    (
        @fields $class:ident [$key:ident $reading:literal] $signature:literal { $($own:tt)* } $($field:ident)*
    ) => {
        asking! { @asks $class [$key] $signature {
            $($own)*

            /// The value of a boolean flag; `default` where there is no such flag, or one of another type.
            #[pyo3(signature = ($key, context=None, default=None, *, $($field=None),*), text_signature = $reading)]
            fn bool<'py>(
                &self,
                py: Python<'py>,
                $key: &Bound<'py, PyAny>,
                context: Option<Given<'_, 'py>>,
                default: Option<Given<'_, 'py>>,
                $($field: Option<Given<'_, 'py>>),*
            ) -> PyResult<Truth<'py>> {
                let whom = ForWhom::new(context.as_deref(), [$($field),*]);
                self.question(py, $key, |question| question.bool(&whom, default.as_deref()))
            }

            /// The value of a string flag; `default` where there is no such flag, or one of another type.
            #[pyo3(signature = ($key, context=None, default=None, *, $($field=None),*), text_signature = $reading)]
            fn string<'py>(
                &self,
                py: Python<'py>,
                $key: &Bound<'py, PyAny>,
                context: Option<Given<'_, 'py>>,
                default: Option<Given<'_, 'py>>,
                $($field: Option<Given<'_, 'py>>),*
            ) -> PyResult<Bound<'py, PyAny>> {
                let whom = ForWhom::new(context.as_deref(), [$($field),*]);
                self.question(py, $key, |question| question.string(&whom, default.as_deref()))
            }

            /// The value of an integer flag; `default` where there is no such flag, or one of another type.
            #[pyo3(signature = ($key, context=None, default=None, *, $($field=None),*), text_signature = $reading)]
            fn integer<'py>(
                &self,
                py: Python<'py>,
                $key: &Bound<'py, PyAny>,
                context: Option<Given<'_, 'py>>,
                default: Option<Given<'_, 'py>>,
                $($field: Option<Given<'_, 'py>>),*
            ) -> PyResult<Bound<'py, PyAny>> {
                let whom = ForWhom::new(context.as_deref(), [$($field),*]);
                self.question(py, $key, |question| question.integer(&whom, default.as_deref()))
            }

            /// The value of a double flag; `default` where there is no such flag, or one of another type.
            #[pyo3(signature = ($key, context=None, default=None, *, $($field=None),*), text_signature = $reading)]
            fn double<'py>(
                &self,
                py: Python<'py>,
                $key: &Bound<'py, PyAny>,
                context: Option<Given<'_, 'py>>,
                default: Option<Given<'_, 'py>>,
                $($field: Option<Given<'_, 'py>>),*
            ) -> PyResult<Bound<'py, PyAny>> {
                let whom = ForWhom::new(context.as_deref(), [$($field),*]);
                self.question(py, $key, |question| question.double(&whom, default.as_deref()))
            }

            /// The value of an object flag, a dict or list of its own; `default` where there is no such flag, or one of
            /// another type.
            #[pyo3(signature = ($key, context=None, default=None, *, $($field=None),*), text_signature = $reading)]
            fn object<'py>(
                &self,
                py: Python<'py>,
                $key: &Bound<'py, PyAny>,
                context: Option<Given<'_, 'py>>,
                default: Option<Given<'_, 'py>>,
                $($field: Option<Given<'_, 'py>>),*
            ) -> PyResult<Bound<'py, PyAny>> {
                let whom = ForWhom::new(context.as_deref(), [$($field),*]);
                self.question(py, $key, |question| question.object(&whom, default.as_deref()))
            }
        } $($field)* }
    };
    (@fields $class:ident $signature:literal { $($own:tt)* } $($field:ident)*) => {
        asking! { @asks $class [] $signature {
            $($own)*

            /// The value of a boolean flag; `default` where there is no such flag, or one of another type.
            #[pyo3(signature = (context, default, /))]
            fn bool<'py>(&self, context: &Bound<'py, PyAny>, default: &Bound<'py, PyAny>) -> PyResult<Truth<'py>> {
                self.question(context.py(), |question| question.bool(&ForWhom::given(context), Some(default)))
            }

            /// The value of a string flag; `default` where there is no such flag, or one of another type.
            #[pyo3(signature = (context, default, /))]
            fn string<'py>(&self, context: &Bound<'py, PyAny>, default: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
                self.question(context.py(), |question| question.string(&ForWhom::given(context), Some(default)))
            }

            /// The value of an integer flag; `default` where there is no such flag, or one of another type.
            #[pyo3(signature = (context, default, /))]
            fn integer<'py>(&self, context: &Bound<'py, PyAny>, default: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
                self.question(context.py(), |question| question.integer(&ForWhom::given(context), Some(default)))
            }

            /// The value of a double flag; `default` where there is no such flag, or one of another type.
            #[pyo3(signature = (context, default, /))]
            fn double<'py>(&self, context: &Bound<'py, PyAny>, default: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
                self.question(context.py(), |question| question.double(&ForWhom::given(context), Some(default)))
            }

            /// The value of an object flag, a dict or list of its own; `default` where there is no such flag, or one of
            /// another type.
            #[pyo3(signature = (context, default, /))]
            fn object<'py>(&self, context: &Bound<'py, PyAny>, default: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
                self.question(context.py(), |question| question.object(&ForWhom::given(context), Some(default)))
            }
        } $($field)* }
    };
    (@asks $class:ident [$($key:ident)?] $signature:literal { $($own:tt)* } $($field:ident)*) => {
        #[pymethods]
        #[expect(clippy::too_many_arguments, reason = "the fields of a context")]
        impl $class {
            $($own)*

            /// The answer for one flag.
            #[pyo3(signature = ($($key,)? context=None, *, $($field=None),*), text_signature = $signature)]
            fn evaluate<'py>(
                &self,
                py: Python<'py>,
                $($key: &Bound<'py, PyAny>,)?
                context: Option<Given<'_, 'py>>,
                $($field: Option<Given<'_, 'py>>),*
            ) -> PyResult<Bound<'py, PyEvaluation>> {
                let whom = ForWhom::new(context.as_deref(), [$($field),*]);
                self.question(py, $($key,)? |question| question.evaluate(&whom))
            }

            /// The answer for one flag and, step by step, how it came about.
            #[pyo3(signature = ($($key,)? context=None, *, $($field=None),*), text_signature = $signature)]
            fn explain<'py>(
                &self,
                py: Python<'py>,
                $($key: &Bound<'py, PyAny>,)?
                context: Option<Given<'_, 'py>>,
                $($field: Option<Given<'_, 'py>>),*
            ) -> PyResult<PyExplanation> {
                let whom = ForWhom::new(context.as_deref(), [$($field),*]);
                self.question(py, $($key,)? |question| question.explain(&whom))
            }
        }
    };
}

pub(crate) use asking;
