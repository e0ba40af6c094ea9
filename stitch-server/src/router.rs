//! The whole map of addresses, grouped by who calls.

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodRouter, get, patch, post, put};

use crate::handlers::{
    approvals, audit, batch, eval, events, flags, health, jwks, keys, login, metric_definitions, metrics, overrides,
    registry, registry_document, sdk, segments, stages, users,
};
use crate::ofrep;
use crate::request::{self, Service};
use crate::state::AppState;
use crate::telemetry::metrics::Route;

/// What answers on the main address.
pub fn service(state: AppState) -> Service {
    Service::new(addresses(Map::new(state)), true)
}

/// What answers on the management address. It has no guard against other machines: those that collect numbers are
/// other machines, and no number is about a person.
pub fn management(state: AppState) -> Service {
    Service::new(Map::new(state).route("/metrics", get(metrics::metrics)), false)
}

fn addresses(map: Map) -> Map {
    map
        // For whoever runs it.
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        // For services inside the trust boundary, operators, the pages.
        .route("/api/flags/health", get(health::health))
        .route("/api/flags/eval", get(eval::eval))
        .route("/api/flags/eval/batch", post(batch::batch))
        .route("/api/flags/registry", get(registry::registry))
        .route("/api/flags/overrides/by-flag/{key}", get(overrides::of_flag))
        .route("/api/flags/overrides/{id}", put(overrides::put).delete(overrides::remove))
        .route("/api/flags/{key}/stage", patch(stages::change))
        .route("/api/flags/{key}/rollback", post(stages::rollback))
        .route("/api/flags/audit", get(audit::audit))
        // For SDK clients, by key.
        .route("/v1/environments/{env}/evaluate", post(sdk::evaluate))
        .route("/v1/environments/{env}/segments/{key}/check", post(sdk::check))
        .route("/v1/environments/{env}/events", post(events::report).get(events::list))
        // For people and their tools, by token.
        .route("/v1/flags", get(flags::list).post(flags::create))
        .route("/v1/flags/{key}", get(flags::read).put(flags::update).delete(flags::remove))
        .route("/v1/environments/{env}/flags", get(flags::of_environment))
        .route("/v1/segments", get(segments::list).post(segments::create))
        .route("/v1/segments/{key}", get(segments::read).put(segments::update).delete(segments::remove))
        .route("/v1/registry", get(registry_document::read).put(registry_document::replace))
        .route("/v1/approvals", get(approvals::list).post(approvals::create))
        .route("/v1/approvals/{key}", get(approvals::read))
        .route("/v1/approvals/{key}/sign", post(approvals::sign))
        .route("/v1/metrics", get(metric_definitions::list).post(metric_definitions::create))
        .route(
            "/v1/metrics/{key}",
            get(metric_definitions::read).patch(metric_definitions::update).delete(metric_definitions::remove),
        )
        .route("/.well-known/jwks.json", get(jwks::jwks))
        .route("/v1/auth/login", post(login::login))
        .route("/v1/keys", get(keys::list).post(keys::create))
        .route("/v1/keys/{id}", get(keys::read).patch(keys::update).delete(keys::revoke))
        .route("/v1/users", get(users::list).post(users::create))
        .route("/v1/users/{email}", get(users::read).patch(users::update).delete(users::remove))
        // For any OpenFeature client. A key may hold anything, or nothing.
        .route(ofrep::FLAG_TEMPLATE, post(ofrep::evaluate::flag))
        .route(ofrep::FLAG, post(ofrep::evaluate::flag))
        .route(ofrep::FLAGS, post(ofrep::evaluate::flags))
        .route(ofrep::EVENTS, get(ofrep::events::events))
}

/// Addresses, found by axum's own matcher: axum says which one matched within its routes alone, and what there is to
/// count is known only outside, once there is an answer.
#[derive(Debug)]
pub struct Map {
    state: AppState,
    matcher: matchit::Router<Address>,
    elsewhere: Address,
}

/// Who answers an address, and where that is counted.
#[derive(Debug)]
pub(crate) struct Address {
    /// Of this address alone, so that only one matcher goes through all of them.
    pub(crate) router: Router,
    pub(crate) counts: Arc<Route>,
}

impl Map {
    fn new(state: AppState) -> Self {
        let elsewhere = Address::new(&state, "none", Router::new());
        Self { state, matcher: matchit::Router::new(), elsewhere }
    }

    fn route(mut self, template: &'static str, methods: MethodRouter<AppState>) -> Self {
        let address = Address::new(&self.state, template, Router::new().route(template, methods));
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
}

impl Address {
    fn new(state: &AppState, template: &'static str, router: Router<AppState>) -> Self {
        let router = router.method_not_allowed_fallback(request::method_not_allowed).fallback(request::not_found);
        Self { router: router.with_state(state.clone()), counts: state.metrics().route(template) }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use axum::body::{Body, to_bytes};
    use axum::http::{Request, StatusCode};

    use super::*;
    use crate::source::Source;
    use crate::state::Settings;

    #[tokio::test]
    async fn a_panic_is_caught_answered_and_counted() {
        const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
        async fn panics() -> &'static str {
            panic!("at the user U-secret")
        }
        let registry = Source::Embedded.load().unwrap();
        let state =
            AppState::new(Settings::default(), Source::Embedded, registry, crate::gate::run().unwrap()).unwrap();
        let service = Service::new(addresses(Map::new(state.clone())).route("/panics", get(panics)), true);
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
