//! `/admin/circuit-breakers`: lists breakers, and opens or closes one by hand.

use std::sync::Arc;

use acteon_core::json::head;
use acteon_core::limits::MAX_NAME_BYTES;
use acteon_core::{Caller, ProviderName};
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
use acteon_core::similar::nearest;

pub(in crate::http) async fn list(
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

pub(in crate::http) async fn trip(
    MayManageRules(caller): MayManageRules,
    State(state): State<Arc<AppState>>,
    Path(provider): Path<String>,
    _: NoQuery,
    _: NoBody,
) -> Result<Json<Value>, Refusal> {
    set(&state, &caller, &provider, true).await
}

pub(in crate::http) async fn reset(
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
        return Err(none(state, provider));
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
        "there are no circuit breakers; set `enabled = true` in [circuit_breaker]",
    )
}

/// Refusal of a provider that does not exist. It names those that do: its caller may change every
/// provider's breaker.
fn none(state: &AppState, provider: &str) -> Refusal {
    let known = state.gateway.breakers();
    if known.is_empty() {
        return off();
    }
    let known: Vec<&str> = known.iter().map(|(name, _, _)| name.as_str()).collect();
    let provider = head(provider, MAX_NAME_BYTES);
    let near = nearest(provider, known.iter().copied())
        .map_or(String::new(), |near| format!("did you mean {near}? "));
    let message = format!(
        "there is no provider {provider:?}; {near}known are: {}",
        known.join(", ")
    );
    Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
}
