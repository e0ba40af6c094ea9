//! The methods of an address: who answers each, and what the document says of it.

use std::fmt;

use axum::extract::Request;
use axum::handler::Handler;
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;

use crate::error::{Code, Error};
use crate::openapi::Operation;
use crate::request::Known;

/// What a handler comes to.
type Answer = BoxFuture<'static, Response>;
/// A handler, whatever it takes.
type Answers = Box<dyn Fn(Request, Known) -> Answer + Send + Sync>;

/// Methods with their descriptions.
#[derive(Default)]
pub(crate) struct Methods {
    /// So few that looking at each is fastest.
    handlers: Vec<(Method, Answers)>,
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

    /// Who answers a method. `HEAD` is answered as `GET`, and hyper keeps the body back.
    pub(crate) fn of(&self, method: &Method) -> Option<&Answers> {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        self.handlers.iter().find(|(other, _)| other == method).map(|(_, answers)| answers)
    }

    /// The answer to a method that nobody answers.
    pub(crate) fn refuse(&self) -> Response {
        if self.handlers.is_empty() {
            let error = Error::new(Code::NotFound, "there is nothing at this address");
            return error.hint("see `spec/service.md` for the addresses").into_response();
        }
        let error = Error::new(Code::MethodNotAllowed, "this address does not have this method");
        let mut response = error.hint("`Allow` says which it has").into_response();
        response.headers_mut().insert(header::ALLOW, self.allow());
        response
    }

    fn allow(&self) -> HeaderValue {
        let names = self.handlers.iter().map(|(method, _)| method.as_str());
        let names: Vec<_> = names.map(|name| if name == "GET" { "GET,HEAD" } else { name }).collect();
        HeaderValue::from_str(&names.join(",")).unwrap_or_else(|_| unreachable!("names of methods are visible"))
    }

    /// With a method that the document does not describe.
    pub(super) fn on<T: 'static>(mut self, method: Method, handler: impl Handler<T, Known, Future = Answer>) -> Self {
        self.handlers.push((method, Box::new(move |request, known| handler.clone().call(request, known))));
        self
    }
}

impl fmt::Debug for Methods {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.handlers.iter().map(|(method, _)| method)).finish()
    }
}

macro_rules! methods_of_http {
    ($($method:ident $name:ident)+) => {
        impl Methods {$(
            pub(super) fn $method<T: 'static>(
                mut self,
                id: &str,
                handler: impl Handler<T, Known, Future = Answer>,
                about: fn() -> Operation,
            ) -> Self {
                self.described.push(Described { method: stringify!($method), id: id.trim_end_matches("::").replace("::", "_"), about });
                self.on(Method::$name, handler)
            }
        )+}
    };
}

methods_of_http! { get GET post POST put PUT patch PATCH delete DELETE }

/// Methods by their handlers' names, under which [`about`](crate::openapi::about) describes them.
macro_rules! methods {
    ($($method:ident $($handler:ident)::+),+) => {
        Methods::default()$(.$method(concat!($(stringify!($handler), "::"),+), $($handler)::+, about::$($handler)::+))+
    };
}

pub(super) use methods;
