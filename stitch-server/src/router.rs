//! The whole map of addresses.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;

use crate::handlers::{batch, eval, events, health, jwks, keys, login, metric_definitions, registry, sdk, users};
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
        // For SDK clients, by key.
        .route("/v1/environments/{env}/evaluate", post(sdk::evaluate))
        .route("/v1/environments/{env}/segments/{key}/check", post(sdk::check))
        .route("/v1/environments/{env}/events", post(events::report).get(events::list))
        // For people and their tools, by token.
        .route("/v1/metrics", get(metric_definitions::list).post(metric_definitions::create))
        .route(
            "/v1/metrics/{key}",
            get(metric_definitions::read).put(metric_definitions::update).delete(metric_definitions::remove),
        )
        // For people and their tools.
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
