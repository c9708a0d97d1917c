//! `/admin/lanes`: lists lanes with their pace and why they are slow, and resets them.

use std::sync::Arc;

use acteon_api::LaneBody;
use acteon_core::{Caller, Scope};
use acteon_gateway::LaneStatus;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::http::error::Refusal;
use crate::http::extract::body::NoBody;
use crate::http::extract::caller::{MayManageRules, MayRead, check_provider};
use crate::http::extract::path::Path;
use crate::http::extract::query::NoQuery;
use crate::http::state::AppState;

pub(in crate::http) async fn list(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
) -> Json<Value> {
    let lanes: Vec<LaneBody> = state
        .gateway
        .lanes()
        .into_iter()
        .map(|status| body(&state, &caller, status))
        .collect();
    Json(json!({ "lanes": lanes }))
}

pub(in crate::http) async fn reset(
    MayManageRules(caller): MayManageRules,
    State(state): State<Arc<AppState>>,
    Path(lane): Path<String>,
    _: NoQuery,
    _: NoBody,
) -> Result<Json<LaneBody>, Refusal> {
    for provider in state.gateway.providers_of_lane(&lane) {
        check_provider(&caller, provider.as_str())?;
    }
    let missing = || {
        Refusal::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "there is no such lane; GET /admin/lanes lists them",
        )
    };
    let status = state.gateway.reset_lane(&lane).await?.ok_or_else(missing)?;
    tracing::info!(lane = %status.name, caller = %caller.id, "pause and pace of the lane forgotten by hand");
    Ok(Json(body(&state, &caller, status)))
}

/// JSON of a lane for a caller. Its reason is what a service said, which may repeat what it was
/// sent by any tenant, through any of the providers that share the lane: it is for callers who may
/// do everything through all of them.
pub(in crate::http) fn body(state: &AppState, caller: &Caller, status: LaneStatus) -> LaneBody {
    let scope = Scope::of(&caller.grants);
    let sees_reason = state
        .gateway
        .providers_of_lane(&status.name)
        .iter()
        .all(|provider| scope.covers_provider(provider.as_str()));
    LaneBody {
        name: status.name.to_string(),
        state: status.mode.as_str().into(),
        next_probe_in_seconds: status.probe_in.as_secs_f64(),
        max_per_second: status.pace,
        configured: status.pace_is_configured,
        reason: status.reason.filter(|_| sees_reason),
        pauses: status.pauses,
        in_flight: status.in_flight,
        waiting: status.waiting,
        more_in_store: status.more_in_store,
    }
}
