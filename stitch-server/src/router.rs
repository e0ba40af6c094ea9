//! The whole map of addresses, grouped by who calls.

use std::sync::Arc;

use axum::http::Method;

use crate::handlers::{
    approvals, audit, batch, eval, events, flags, health, jwks, keys, login, metric_definitions, metrics, openapi,
    overrides, registry, registry_document, sdk, segments, stages, users,
};
use crate::ofrep;
use crate::openapi::about;
use crate::request::Service;
use crate::state::AppState;
use crate::telemetry::metrics::Route;
use methods::{Methods, methods};

mod methods;

pub(crate) use methods::Described;

/// What answers on the main address.
pub fn service(state: AppState) -> Service {
    Service::new(map(state), true)
}

/// What answers on the management address. It has no guard against other machines: those that collect numbers are
/// other machines, and no number is about a person.
pub fn management(state: AppState) -> Service {
    Service::new(Map::new(state).route("/metrics", Methods::default().on(Method::GET, metrics::metrics)), false)
}

fn map(state: AppState) -> Map {
    let map = Map::new(state);
    addresses().into_iter().fold(map, |map, (template, methods)| map.route(template, methods))
}

/// Every address: who answers each of its methods, and what the document says of it.
pub(crate) fn addresses() -> Vec<(&'static str, Methods)> {
    vec![
        // For whoever runs it, and whoever writes a client.
        ("/healthz", methods!(get health::alive)),
        ("/readyz", methods!(get health::ready)),
        ("/openapi.json", methods!(get openapi::openapi)),
        // For services inside the trust boundary, operators, the pages.
        ("/api/flags/health", methods!(get health::health)),
        ("/api/flags/eval", methods!(get eval::eval)),
        ("/api/flags/eval/batch", methods!(post batch::batch)),
        ("/api/flags/registry", methods!(get registry::registry)),
        ("/api/flags/overrides/by-flag/{key}", methods!(get overrides::of_flag)),
        ("/api/flags/overrides/{id}", methods!(put overrides::put, delete overrides::remove)),
        ("/api/flags/{key}/stage", methods!(patch stages::change)),
        ("/api/flags/{key}/rollback", methods!(post stages::rollback)),
        ("/api/flags/audit", methods!(get audit::audit)),
        // For SDK clients, by key.
        ("/v1/environments/{env}/evaluate", methods!(post sdk::evaluate)),
        ("/v1/environments/{env}/segments/{key}/check", methods!(post sdk::check)),
        ("/v1/environments/{env}/events", methods!(post events::report, get events::list)),
        // For people and their tools, by token.
        ("/v1/flags", methods!(get flags::list, post flags::create)),
        ("/v1/flags/{key}", methods!(get flags::read, put flags::update, delete flags::remove)),
        ("/v1/environments/{env}/flags", methods!(get flags::of_environment)),
        ("/v1/segments", methods!(get segments::list, post segments::create)),
        ("/v1/segments/{key}", methods!(get segments::read, put segments::update, delete segments::remove)),
        ("/v1/registry", methods!(get registry_document::read, put registry_document::replace)),
        ("/v1/approvals", methods!(get approvals::list, post approvals::create)),
        ("/v1/approvals/{key}", methods!(get approvals::read)),
        ("/v1/approvals/{key}/sign", methods!(post approvals::sign)),
        ("/v1/metrics", methods!(get metric_definitions::list, post metric_definitions::create)),
        (
            "/v1/metrics/{key}",
            methods!(get metric_definitions::read, patch metric_definitions::update, delete metric_definitions::remove),
        ),
        ("/.well-known/jwks.json", methods!(get jwks::jwks)),
        ("/v1/auth/login", methods!(post login::login)),
        ("/v1/keys", methods!(get keys::list, post keys::create)),
        ("/v1/keys/{id}", methods!(get keys::read, patch keys::update, delete keys::revoke)),
        ("/v1/users", methods!(get users::list, post users::create)),
        ("/v1/users/{email}", methods!(get users::read, patch users::update, delete users::remove)),
        // For any OpenFeature client. A key may hold anything, or nothing.
        (ofrep::FLAG_TEMPLATE, methods!(post ofrep::evaluate::flag)),
        (
            ofrep::FLAG,
            Methods::default().post("ofrep_evaluate_no_flag", ofrep::evaluate::flag, about::ofrep::evaluate::flag),
        ),
        (ofrep::FLAGS, methods!(post ofrep::evaluate::flags)),
        (ofrep::EVENTS, methods!(get ofrep::events::events)),
    ]
}

/// Addresses, found by axum's own matcher. Not axum's router: it tells which one matched to nobody outside, where what
/// there is to count is known once there is an answer, and it boxes and clones what nothing here needs.
#[derive(Debug)]
pub struct Map {
    state: AppState,
    matcher: matchit::Router<Address>,
    elsewhere: Address,
}

/// Who answers an address, and where that is counted.
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) methods: Methods,
    pub(crate) counts: Arc<Route>,
}

impl Map {
    fn new(state: AppState) -> Self {
        let elsewhere = Address::new(&state, "none", Methods::default());
        Self { state, matcher: matchit::Router::new(), elsewhere }
    }

    fn route(mut self, template: &'static str, methods: Methods) -> Self {
        let address = Address::new(&self.state, template, methods);
        self.matcher.insert(template, address).unwrap_or_else(|error| panic!("`{template}`: {error}"));
        self
    }

    /// What all its handlers share.
    pub(crate) fn state(&self) -> &AppState {
        &self.state
    }

    /// The address that `path` belongs to.
    pub(crate) fn at(&self, path: &str) -> &Address {
        self.matcher.at(path).map_or(&self.elsewhere, |found| found.value)
    }

    /// The part of that name, of a path that has an address.
    pub(crate) fn part<'p>(&self, path: &'p str, name: &str) -> Option<&'p str> {
        self.matcher.at(path).ok()?.params.get(name)
    }
}

impl Address {
    fn new(state: &AppState, template: &'static str, methods: Methods) -> Self {
        Self { methods, counts: state.metrics().route(template) }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use axum::body::{Body, to_bytes};
    use axum::http::{Request, StatusCode};

    use super::*;
    use crate::extract::Call;
    use crate::source::Source;
    use crate::state::Settings;

    #[tokio::test]
    async fn a_panic_is_caught_answered_and_counted() {
        const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
        async fn panics(_: Call) -> &'static str {
            panic!("at the user U-secret")
        }
        let registry = Source::Embedded.load().unwrap();
        let state =
            AppState::new(Settings::default(), Source::Embedded, registry, crate::gate::run().unwrap()).unwrap();
        let service =
            Service::new(map(state.clone()).route("/panics", Methods::default().on(Method::GET, panics)), true);
        let ask = |path| Request::get(path).header("host", "localhost").header("x-request-id", "r-1");
        let response = service.answer(ask("/panics").body(Body::empty()).unwrap(), PEER).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()["x-request-id"], "r-1");
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains(r#""code":"internal_error""#) && body.contains(r#""request_id":"r-1""#), "{body}");
        assert!(!body.contains("secret"));
        let response = service.answer(ask("/healthz").body(Body::empty()).unwrap(), PEER).await;
        assert_eq!(response.status(), StatusCode::OK);
        let routes = state.metrics().routes();
        let counted = routes.iter().find(|route| route.template() == "/panics").unwrap();
        assert_eq!(counted.answers().collect::<Vec<_>>(), [("GET", 500, 1)]);
    }
}
