//! The methods of an address: who answers each, and what the document says of it.

use axum::handler::Handler;
use axum::routing::MethodRouter;

use crate::openapi::Operation;
use crate::state::AppState;

/// Methods with their descriptions: none can be there without one.
#[derive(Default)]
pub(crate) struct Methods {
    router: MethodRouter<AppState>,
    described: Vec<Described>,
}

/// What the document says of a method.
pub(crate) struct Described {
    /// Its name there.
    pub(crate) method: &'static str,
    /// The operation's.
    pub(crate) id: String,
    pub(crate) about: fn() -> Operation,
}

impl Methods {
    pub(crate) fn described(&self) -> &[Described] {
        &self.described
    }

    pub(super) fn into_router(self) -> MethodRouter<AppState> {
        self.router
    }
}

macro_rules! methods_of_http {
    ($($method:ident)+) => {
        impl Methods {$(
            pub(super) fn $method<T: 'static>(
                mut self,
                id: &str,
                handler: impl Handler<T, AppState>,
                about: fn() -> Operation,
            ) -> Self {
                self.described.push(Described { method: stringify!($method), id: id.trim_end_matches("::").replace("::", "_"), about });
                Self { router: self.router.$method(handler), ..self }
            }
        )+}
    };
}

methods_of_http! { get post put patch delete }

/// Methods by their handlers' names, under which [`about`](crate::openapi::about) describes them.
macro_rules! methods {
    ($($method:ident $($handler:ident)::+),+) => {
        Methods::default()$(.$method(concat!($(stringify!($handler), "::"),+), $($handler)::+, about::$($handler)::+))+
    };
}

pub(super) use methods;
