//! The HTTP API.

mod access;
mod actions;
mod audit;
mod body;
mod breakers;
mod coverage;
mod dead_letters;
mod dispatch;
mod envelope;
mod filter;
mod front;
mod health;
mod intervals;
mod lanes;
mod offload;
mod path;
mod prefer;
mod query;
mod quotas;
mod record;
mod refusal;
mod replay;
mod rules;
mod shape;
mod silences;
mod site;

use std::sync::Arc;

use acteon_core::{Clock, Entropy};
use acteon_gateway::Gateway;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::{delete, get, post, put};

use crate::auth::Auth;
use crate::budget::Budget;
use crate::metrics::Metrics;
use crate::rules::RulesLoader;
use crate::sign_in::SignIns;
pub(crate) use front::{Effect, Front, effect_of, no_room_for_answer, while_starting};
pub(crate) use offload::{Asides, Turns};
use refusal::Refusal;
pub(crate) use site::Site;

/// What the routes need.
pub(crate) struct AppState {
    pub(crate) gateway: Gateway,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) rules: Arc<RulesLoader>,
    pub(crate) auth: Arc<Auth>,
    pub(crate) sign_ins: SignIns,
    /// Whether the server is stopping.
    pub(crate) stopped: tokio::sync::watch::Receiver<bool>,
    /// Turns to read lists and records, and to send earlier actions anew.
    pub(crate) reads: Turns,
    pub(crate) replays: Turns,
    /// Turns to evaluate rules and preview silences.
    pub(crate) asides: Asides,
    /// Room for answers that wait to be read by their callers.
    pub(crate) answers: Arc<Budget>,
    /// Room for bodies that are being received or read.
    pub(crate) bodies: Arc<Budget>,
}

/// Every route. What its caller must be allowed to do stands in the handler's first parameter; the last five are for everybody.
fn router(state: Arc<AppState>) -> Router {
    Router::new()
        .route("/v1/dispatch", post(dispatch::one))
        .route("/v1/dispatch/batch", post(dispatch::batch))
        .route("/v1/actions/{id}", get(actions::get))
        .route("/v1/audit", get(audit::list))
        .route("/v1/audit/export", get(audit::export))
        .route("/v1/audit/replay", post(audit::replay_many))
        .route("/v1/audit/{id}", get(audit::get))
        .route("/v1/audit/{id}/replay", post(audit::replay_one))
        .route("/v1/dlq", get(dead_letters::list))
        .route("/v1/dlq/stats", get(dead_letters::stats))
        .route("/v1/dlq/drain", post(dead_letters::drain))
        .route("/v1/dlq/replay", post(dead_letters::replay_many))
        .route(
            "/v1/dlq/{id}",
            get(dead_letters::get).delete(dead_letters::discard),
        )
        .route("/v1/dlq/{id}/replay", post(dead_letters::replay_one))
        .route("/v1/rules", get(rules::list))
        .route("/v1/rules/reload", post(rules::reload))
        .route("/v1/rules/evaluate", post(rules::evaluate))
        .route("/v1/rules/coverage", get(coverage::get))
        .route("/v1/rules/{name}/enabled", put(rules::set_enabled))
        .route("/v1/silences", get(silences::list).post(silences::create))
        .route("/v1/silences/preview", post(silences::preview))
        .route(
            "/v1/silences/{id}",
            get(silences::get)
                .put(silences::update)
                .delete(silences::expire),
        )
        .route(
            "/v1/time-intervals",
            get(intervals::list).post(intervals::create),
        )
        .route(
            "/v1/time-intervals/{namespace}/{tenant}/{name}",
            get(intervals::get).put(intervals::update),
        )
        .route(
            "/v1/time-intervals/{namespace}/{tenant}/{name}",
            delete(intervals::delete),
        )
        .route("/v1/quotas", get(quotas::list).post(quotas::create))
        .route(
            "/v1/quotas/{id}",
            get(quotas::get).put(quotas::update).delete(quotas::delete),
        )
        .route("/v1/quotas/{id}/usage", get(quotas::usage))
        .route("/v1/providers/health", get(health::providers))
        .route("/admin/circuit-breakers", get(breakers::list))
        .route(
            "/admin/circuit-breakers/{provider}/trip",
            post(breakers::trip),
        )
        .route(
            "/admin/circuit-breakers/{provider}/reset",
            post(breakers::reset),
        )
        .route("/admin/lanes", get(lanes::list))
        .route("/admin/lanes/{lane}/reset", post(lanes::reset))
        .route("/health", get(health::health))
        .route("/live", get(health::live))
        .route("/ready", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/metrics/prometheus", get(health::metrics))
        .fallback(|| async {
            Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is no such route")
        })
        .method_not_allowed_fallback(|| async {
            Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED",
                "this route does not take this method; see the Allow header",
            )
        })
        .with_state(state)
}
