//! The HTTP API.

mod actions;
mod body;
mod dispatch;
mod envelope;
mod health;
mod prefer;
mod query;
mod refusal;

use std::sync::Arc;

use acteon_core::{Clock, Entropy};
use acteon_gateway::Gateway;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};

use crate::metrics::Metrics;
use refusal::Refusal;

/// What the routes need.
pub(crate) struct AppState {
    pub(crate) gateway: Gateway,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// Every route.
pub(crate) fn router(state: Arc<AppState>) -> Router {
    Router::new()
        .route("/v1/dispatch", post(dispatch::one))
        .route("/v1/dispatch/batch", post(dispatch::batch))
        .route("/v1/actions/{id}", get(actions::get))
        .route("/v1/dlq", get(actions::dead_letters))
        .route("/v1/dlq/{id}", get(actions::dead_letter))
        .route("/v1/dlq/{id}/replay", post(actions::replay))
        .route("/v1/providers/health", get(health::providers))
        .route("/health", get(health::health))
        .route("/live", get(health::live))
        .route("/ready", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/metrics/prometheus", get(health::metrics))
        .fallback(|| async { Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is no such route") })
        .method_not_allowed_fallback(|| async {
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "this route does not take this method; see the Allow header")
        })
        .with_state(state)
}
