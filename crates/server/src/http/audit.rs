//! The audit trail: the journal looked back at, sent anew, and exported.

use std::sync::Arc;

use acteon_core::Outcome;
use acteon_gateway::ActionView;
use acteon_store::{Cursor, HistoryFilter, PageRequest};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde_json::{Map, Value, json};

use super::AppState;
use super::access::{MayDispatch, MayRead, scope};
use super::actions::{action_id, not_found, the_one};
use super::filter::{FILTERS, NEVER, PAGES, cursor_text, filter, page};
use super::path::Path;
use super::prefer;
use super::query::Parameters;
use super::refusal::Refusal;
use super::replay;

/// Rows read at a time for an export.
const EXPORT_PAGE: usize = 500;

pub(super) async fn list(MayRead(caller): MayRead, State(state): State<Arc<AppState>>, uri: Uri) -> Result<Json<Value>, Refusal> {
    let parameters = Parameters::read(&uri, &[&FILTERS[..], &NEVER, &PAGES].concat())?;
    let request = page(&parameters)?;
    let filter = filter(&caller, &parameters)?;
    if NEVER.iter().any(|name| parameters.get(name).is_some()) {
        return Ok(Json(json!({ "records": [], "total": 0, "limit": request.limit, "offset": request.offset })));
    }
    let page = state.gateway.history(filter, request).await?;
    let records: Vec<Value> = page.views.iter().map(record).collect();
    let mut body = json!({ "records": records, "limit": request.limit, "offset": request.offset });
    if let Some(total) = page.total {
        body["total"] = json!(total);
        body["total_is_capped"] = json!(page.cut);
    }
    if let Some(next) = page.next {
        body["next_cursor"] = json!(cursor_text(next));
    }
    Ok(Json(body))
}

pub(super) async fn get(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<Value>, Refusal> {
    let parameters = Parameters::read(&uri, &["namespace", "tenant"])?;
    let found = state.gateway.find(&scope(&caller, &parameters)?, &action_id(&id)?).await?;
    the_one(found).map(|view| Json(record(&view)))
}

pub(super) async fn replay_one(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let parameters = Parameters::read(&uri, &["namespace", "tenant"])?;
    let scope = scope(&caller, &parameters)?;
    let replayed = state.gateway.replay(&scope, &action_id(&id)?, false, &caller, prefer::read(&headers).wait).await?;
    Ok(Json(replay::one(&replayed.ok_or_else(not_found)?)))
}

/// Sends again what the filters find, at most `limit`, oldest first. Something must be asked for: nobody means everything.
pub(super) async fn replay_many(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    uri: Uri,
) -> Result<Json<Value>, Refusal> {
    let parameters = Parameters::read(&uri, &[&FILTERS[..], &replay::PARAMETERS].concat())?;
    if FILTERS.iter().all(|name| parameters.get(name).is_none()) {
        let message = format!("say which actions: give at least one of {}", FILTERS.join(", "));
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "FILTER_MISSING", message));
    }
    let request = replay::request(filter(&caller, &parameters)?, &parameters)?;
    Ok(Json(replay::many(&state.gateway.replay_page(request, &caller).await?)))
}

/// The whole of what the filters find, a JSON object a line, as it is read.
pub(super) async fn export(MayRead(caller): MayRead, State(state): State<Arc<AppState>>, uri: Uri) -> Result<Response, Refusal> {
    let parameters = Parameters::read(&uri, &FILTERS)?;
    let filter = filter(&caller, &parameters)?;
    let lines = stream::try_unfold(Some(None), move |after: Option<Option<Cursor>>| {
        let (state, filter) = (Arc::clone(&state), filter.clone());
        async move {
            let Some(after) = after else { return Ok(None) };
            let (lines, next) = export_page(&state, filter, after).await?;
            Ok::<_, std::io::Error>(Some((lines, next.map(Some))))
        }
    });
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
}

async fn export_page(state: &AppState, filter: HistoryFilter, after: Option<Cursor>) -> std::io::Result<(Bytes, Option<Cursor>)> {
    let request = PageRequest { after, offset: 0, limit: EXPORT_PAGE, count: false };
    // A line that cannot be read breaks the export off, so that it is not taken for whole.
    let page = state.gateway.history(filter, request).await.map_err(std::io::Error::other)?;
    let mut lines = String::new();
    for view in &page.views {
        lines.push_str(&record(view).to_string());
        lines.push('\n');
    }
    Ok((Bytes::from(lines), page.next))
}

/// A row as the wire format has it, with what happened beside.
pub(super) fn record(view: &ActionView) -> Value {
    let action = &view.action;
    let ended = view.finished_at;
    let mut metadata: Map<String, Value> = action.metadata.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    if let Some(key) = &action.dedup_key {
        metadata.insert("__dedup_key".into(), json!(key));
    }
    let payload: Value = serde_json::from_str(action.payload.get()).unwrap_or_default();
    json!({
        "id": view.seq.0.to_string(),
        "action_id": action.id,
        "chain_id": null,
        "namespace": action.namespace,
        "tenant": action.tenant,
        "provider": action.provider,
        "provider_used": view.provider,
        "action_type": action.action_type,
        "verdict": view.verdict,
        "matched_rule": view.matched_rule,
        "outcome": view.outcome.tag(),
        "action_payload": payload,
        "verdict_details": { "rule": view.matched_rule },
        "outcome_details": details(&view.outcome),
        "metadata": metadata,
        "dispatched_at": view.accepted_at,
        "completed_at": ended,
        "duration_ms": ended.map_or(0, |ended| ended.since(view.accepted_at).as_millis() as u64),
        "expires_at": null,
        "caller_id": view.caller,
        "auth_method": view.auth_method,
        "record_hash": null,
        "previous_hash": null,
        "sequence_number": null,
        "signature": null,
        "signer_id": null,
        "kid": null,
        "canonical_hash": null,
        "origin": view.origin,
        "state": view.state,
        "attempts": view.attempts,
        "attempt_history": view.history,
        "possible_duplicate": view.possible_duplicate,
        "takeovers": view.takeovers,
        "warnings": view.warnings,
        "next_attempt_at": view.next_attempt_at,
    })
}

/// The fields of the outcome's variant, in the audit's spelling.
fn details(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Throttled { retry_after, rule } => json!({ "retry_after_secs": retry_after.as_secs(), "rule": rule }),
        other => {
            let whole = serde_json::to_value(other).unwrap_or_default();
            let inner = whole.as_object().and_then(|map| map.values().next().cloned());
            inner.unwrap_or_else(|| json!({}))
        }
    }
}
