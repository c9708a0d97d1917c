//! `/admin/lanes`: what is sent how fast, why not faster, and forgetting that.

use std::sync::Arc;

use acteon_api::LaneBody;
use acteon_gateway::LaneStatus;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::AppState;
use super::access::{MayManageRules, MayRead, check_provider};
use super::refusal::Refusal;

pub(super) async fn list(_: MayRead, State(state): State<Arc<AppState>>) -> Json<Value> {
    let lanes: Vec<LaneBody> = state.gateway.lanes().into_iter().map(body).collect();
    Json(json!({ "lanes": lanes }))
}

pub(super) async fn reset(
    MayManageRules(caller): MayManageRules,
    State(state): State<Arc<AppState>>,
    Path(lane): Path<String>,
) -> Result<Json<LaneBody>, Refusal> {
    for provider in state.gateway.providers_of_lane(&lane) {
        check_provider(&caller, provider.as_str())?;
    }
    let missing = || Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is no such lane; GET /admin/lanes lists them");
    let status = state.gateway.reset_lane(&lane).ok_or_else(missing)?;
    tracing::info!(lane = %status.name, caller = %caller.id, "pause and pace of the lane forgotten by hand");
    Ok(Json(body(status)))
}

pub(super) fn body(status: LaneStatus) -> LaneBody {
    LaneBody {
        name: status.name.to_string(),
        state: status.mode.label().into(),
        next_probe_in_seconds: status.probe_in.as_secs_f64(),
        max_per_second: status.pace,
        configured: status.pace_is_configured,
        reason: status.reason,
        pauses: status.pauses,
        in_flight: status.in_flight,
        waiting: status.waiting,
        more_in_store: status.more_in_store,
    }
}
