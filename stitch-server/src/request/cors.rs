//! Which pages of other origins may read answers: those that `--cors-origin` names, of health, eval and OFREP.

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use crate::ofrep;
use crate::state::Settings;

const METHODS: &str = "GET, POST";
/// What a page may send: what our routes and the published clients know.
const HEADERS: &str = "Authorization, Cache-Control, Content-Type, If-None-Match, Last-Event-ID, X-API-Key, \
    X-PTT-Env, X-PTT-Role-Key, X-PTT-Tenant-Id, X-PTT-Tier, X-PTT-User-Id, X-Request-Id";
/// What a page may read beyond what it may anyway.
const EXPOSED: &str = "ETag, Retry-After, X-Request-Id";
/// Seconds for which a browser need not ask again.
const MAX_AGE: &str = "600";

/// What a request has to do with other origins.
pub(super) enum Cors {
    /// Its route is for no other origin, or no origin is allowed.
    Closed,
    /// Its route is for others, but not for this one, or it comes from none.
    Refused,
    /// It comes from an origin that is allowed.
    Allowed(HeaderValue),
}

impl Cors {
    pub(super) fn of(path: &str, headers: &HeaderMap, settings: &Settings) -> Self {
        if settings.cors_origins.is_empty() || !is_open(path) {
            return Self::Closed;
        }
        let mut origins = headers.get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (Some(origin), None) if settings.cors_origins.contains(origin) => Self::Allowed(origin.clone()),
            _ => Self::Refused,
        }
    }

    /// The answer to a browser that asks first.
    pub(super) fn preflight(&self, head: &Parts) -> Option<Response> {
        let Self::Allowed(_) = self else { return None };
        let asks = head.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        (head.method == Method::OPTIONS && asks).then(|| {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
            response
        })
    }

    /// Tells the browser, in every answer, failures too.
    pub(super) fn tell(self, response: &mut Response) {
        let headers = response.headers_mut();
        match self {
            Self::Closed => return,
            Self::Refused => {}
            Self::Allowed(origin) => {
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
            }
        }
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
}

fn is_open(path: &str) -> bool {
    matches!(path, "/api/flags/health" | "/api/flags/eval" | "/api/flags/eval/batch") || path.starts_with(ofrep::PREFIX)
}
