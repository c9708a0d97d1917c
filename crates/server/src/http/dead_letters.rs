//! Dead letters: looking, sending anew, and taking off the list. Nothing is destroyed: the journal keeps them all.

use std::sync::Arc;

use acteon_core::Scope;
use acteon_gateway::ActionView;
use acteon_store::{HistoryFilter, PageRequest, State as ActionState};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::{Value, json};

use super::AppState;
use super::access::{MayDispatch, MayManage, MayRead, scope};
use super::actions::{action_id, not_found, the_one};
use super::filter::{FILTERS, PAGES, cursor_text, filter, page};
use super::path::Path;
use super::prefer;
use super::query::Parameters;
use super::refusal::Refusal;
use super::replay;

/// Most letters that one drain hands out.
const DRAIN: usize = 1000;

pub(super) async fn list(MayRead(caller): MayRead, State(state): State<Arc<AppState>>, uri: Uri) -> Result<Json<Value>, Refusal> {
    let parameters = Parameters::read(&uri, &[&FILTERS[..], &PAGES].concat())?;
    let request = PageRequest { count: false, ..page(&parameters)? };
    let page = state.gateway.history(dead(filter(&caller, &parameters)?), request).await?;
    let mut body = json!({ "count": page.views.len(), "entries": page.views });
    if let Some(next) = page.next {
        body["next_cursor"] = json!(cursor_text(next));
    }
    Ok(Json(body))
}

fn dead(filter: HistoryFilter) -> HistoryFilter {
    HistoryFilter { state: Some(ActionState::Dead), ..filter }
}

pub(super) async fn get(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<ActionView>, Refusal> {
    let parameters = Parameters::read(&uri, &["namespace", "tenant"])?;
    letter(&state, &scope(&caller, &parameters)?, &id, &["dead", "discarded"]).await.map(Json)
}

async fn letter(state: &AppState, scope: &Scope, id: &str, states: &[&str]) -> Result<ActionView, Refusal> {
    let mut found = state.gateway.find(scope, &action_id(id)?).await?;
    found.retain(|view| states.contains(&view.state));
    the_one(found)
}

/// `DELETE`: takes one off the list.
pub(super) async fn discard(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<StatusCode, Refusal> {
    let parameters = Parameters::read(&uri, &["namespace", "tenant"])?;
    let letter = letter(&state, &scope(&caller, &parameters)?, &id, &["dead"]).await?;
    state.gateway.discard(&[letter]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends one again, and takes it off the list if it goes.
pub(super) async fn replay_one(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let parameters = Parameters::read(&uri, &["namespace", "tenant"])?;
    let scope = scope(&caller, &parameters)?;
    // One that was replayed before, whose answer was lost, gets the same answer.
    let letter = letter(&state, &scope, &id, &["dead", "discarded"]).await?;
    let replayed = state.gateway.replay(&scope, &letter.action.id, true, &caller, prefer::read(&headers).wait).await?;
    Ok(Json(replay::one(&replayed.ok_or_else(not_found)?)))
}

/// Sends again what the filters find, such as `?code=CONFIGURATION&from=...`, at most `limit`, oldest first, and takes off the list what goes.
pub(super) async fn replay_many(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    uri: Uri,
) -> Result<Json<Value>, Refusal> {
    let parameters = Parameters::read(&uri, &[&FILTERS[..], &replay::PARAMETERS].concat())?;
    let request = replay::request(dead(filter(&caller, &parameters)?), &parameters)?;
    Ok(Json(replay::many(&state.gateway.replay_page(request, &caller).await?)))
}

pub(super) async fn stats(MayRead(caller): MayRead, State(state): State<Arc<AppState>>, uri: Uri) -> Result<Json<Value>, Refusal> {
    let parameters = Parameters::read(&uri, &["namespace", "tenant"])?;
    let count = state.gateway.count_dead_letters(&scope(&caller, &parameters)?).await?;
    Ok(Json(json!({ "enabled": true, "count": count })))
}

/// Hands out dead letters, whole, and takes those off the list; for callers who may see everything.
pub(super) async fn drain(MayManage(caller): MayManage, State(state): State<Arc<AppState>>, uri: Uri) -> Result<Json<Value>, Refusal> {
    Parameters::read(&uri, &[])?;
    let scope = Scope::of(&caller.grants);
    if !scope.is_everything() {
        let message = "forbidden: drain needs a grant for every tenant and namespace; list and discard your own instead";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "FORBIDDEN", message));
    }
    let request = PageRequest { after: None, offset: 0, limit: DRAIN, count: false };
    let page = state.gateway.history(dead(HistoryFilter::of(scope)), request).await?;
    state.gateway.discard(&page.views).await?;
    let entries: Vec<Value> = page.views.iter().map(entry).collect();
    Ok(Json(json!({ "count": entries.len(), "entries": entries })))
}

fn entry(view: &ActionView) -> Value {
    let action = &view.action;
    let (code, error) = match &view.outcome {
        acteon_core::Outcome::Failed { code, message, .. } => (code.as_str(), message.as_str()),
        _ => ("", ""),
    };
    json!({
        "action_id": action.id, "namespace": action.namespace, "tenant": action.tenant, "provider": action.provider,
        "action_type": action.action_type, "error": error, "code": code, "attempts": view.attempts,
        "timestamp": view.finished_at.map_or(0, |at| at.as_millis() / 1000),
        "payload": action.payload, "metadata": action.metadata,
    })
}
