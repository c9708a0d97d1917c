//! `/admin/circuit-breakers`: looking, and opening or closing by hand.

use std::sync::Arc;

use acteon_core::{Caller, ProviderName};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::AppState;
use super::access::{MayManageRules, MayRead, check_provider};
use super::body::NoBody;
use super::path::Path;
use super::query::NoQuery;
use super::refusal::Refusal;

pub(super) async fn list(
    _: MayRead,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
) -> Result<Json<Value>, Refusal> {
    let policy = state.gateway.breaker_policy().ok_or_else(off)?;
    let shown = |(provider, word, fallback): (ProviderName, &'static str, Option<ProviderName>)| {
        json!({
            "provider": provider, "state": word, "failure_threshold": policy.failure_threshold, "success_threshold": policy.success_threshold,
            "recovery_timeout_seconds": policy.recovery.as_secs(), "fallback_provider": fallback,
        })
    };
    let breakers: Vec<Value> = state.gateway.breakers().into_iter().map(shown).collect();
    Ok(Json(json!({ "circuit_breakers": breakers })))
}

pub(super) async fn trip(
    MayManageRules(caller): MayManageRules,
    State(state): State<Arc<AppState>>,
    Path(provider): Path<String>,
    _: NoQuery,
    _: NoBody,
) -> Result<Json<Value>, Refusal> {
    set(&state, &caller, &provider, true).await
}

pub(super) async fn reset(
    MayManageRules(caller): MayManageRules,
    State(state): State<Arc<AppState>>,
    Path(provider): Path<String>,
    _: NoQuery,
    _: NoBody,
) -> Result<Json<Value>, Refusal> {
    set(&state, &caller, &provider, false).await
}

async fn set(
    state: &AppState,
    caller: &Caller,
    provider: &str,
    open: bool,
) -> Result<Json<Value>, Refusal> {
    check_provider(caller, provider)?;
    if !state.gateway.set_breaker(provider, open).await? {
        return Err(off());
    }
    let word = if open { "open" } else { "closed" };
    tracing::info!(provider, state = word, caller = %caller.id, "circuit breaker moved by hand");
    Ok(Json(
        json!({ "provider": provider, "state": word, "message": format!("the circuit breaker of {provider} is now {word}") }),
    ))
}

fn off() -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "NOT_FOUND",
        "there is no such circuit breaker; set `enabled = true` in [circuit_breaker]",
    )
}
