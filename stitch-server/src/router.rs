//! The whole map of addresses.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, patch, post, put};
use tower_http::catch_panic::CatchPanicLayer;

use crate::handlers::{
    approvals, audit, batch, eval, events, flags, health, jwks, keys, login, metric_definitions, overrides, registry,
    registry_document, sdk, segments, stages, users,
};
use crate::state::AppState;
use crate::{ofrep, request};

/// The service.
pub fn router(state: AppState) -> Router {
    framed(routes(), state)
}

fn routes() -> Router<AppState> {
    Router::new()
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
        .route(&format!("{}{{*key}}", ofrep::FLAG), post(ofrep::evaluate::flag))
        .route(ofrep::FLAG, post(ofrep::evaluate::flag))
        .route(ofrep::FLAGS, post(ofrep::evaluate::flags))
        .route(ofrep::EVENTS, get(ofrep::events::events))
}

/// What every route has; the last layer is the outermost.
fn framed(routes: Router<AppState>, state: AppState) -> Router {
    routes
        .method_not_allowed_fallback(request::method_not_allowed)
        .fallback(request::not_found)
        .layer(CatchPanicLayer::custom(request::panicked))
        // The frame has read the body within a limit of its own.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(state.clone(), request::frame))
        .with_state(state)
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::{Request, StatusCode};
    use tower::ServiceExt;

    use super::*;
    use crate::source::Source;
    use crate::state::Settings;

    #[tokio::test]
    async fn a_panic_is_caught_and_answered() {
        async fn panics() -> &'static str {
            panic!("at the user U-secret")
        }
        let registry = Source::Embedded.load().unwrap();
        let state =
            AppState::new(Settings::default(), Source::Embedded, registry, crate::gate::run().unwrap()).unwrap();
        let service = framed(routes().route("/panics", get(panics)), state);
        let ask = |path| Request::get(path).header("host", "localhost").header("x-request-id", "r-1");
        let response = service.clone().oneshot(ask("/panics").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()["x-request-id"], "r-1");
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains(r#""code":"internal_error""#) && body.contains(r#""request_id":"r-1""#), "{body}");
        assert!(!body.contains("secret"));
        let response = service.oneshot(ask("/healthz").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
}
