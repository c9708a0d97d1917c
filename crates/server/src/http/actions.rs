//! Actions afterwards: `GET /v1/actions/{id}`, and the dead letters.

use std::sync::Arc;

use acteon_core::limits::MAX_PAGE;
use acteon_core::{ActionId, Namespace, Tenant};
use acteon_gateway::ActionView;
use acteon_store::Scope;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use serde_json::value::RawValue;

use super::AppState;
use super::prefer;
use super::query::Parameters;
use super::refusal::Refusal;

const DEFAULT_PAGE: usize = 50;

pub(super) async fn get(State(state): State<Arc<AppState>>, Path(id): Path<String>, uri: Uri) -> Result<Json<ActionView>, Refusal> {
    let parameters = Parameters::read(&uri, &["namespace", "tenant"])?;
    let found = state.gateway.find(&scope(&parameters)?, &action_id(&id)?).await?;
    the_one(found).map(Json)
}

pub(super) async fn dead_letters(State(state): State<Arc<AppState>>, uri: Uri) -> Result<Response, Refusal> {
    let parameters = Parameters::read(&uri, &["namespace", "tenant", "limit", "cursor"])?;
    let in_range = |text: &str| text.parse().ok().filter(|limit| (1..=MAX_PAGE).contains(limit));
    let limit = parameters.parsed("limit", "a number from 1 to 1000", in_range)?.unwrap_or(DEFAULT_PAGE);
    let cursor = parameters.parsed("cursor", "the next_cursor of the page before", |text| text.parse().ok())?;
    let page = state.gateway.dead_letters(&scope(&parameters)?, cursor, limit).await?;
    Ok(Json(page).into_response())
}

pub(super) async fn dead_letter(State(state): State<Arc<AppState>>, Path(id): Path<String>, uri: Uri) -> Result<Json<ActionView>, Refusal> {
    let parameters = Parameters::read(&uri, &["namespace", "tenant"])?;
    let mut found = state.gateway.find(&scope(&parameters)?, &action_id(&id)?).await?;
    found.retain(|view| view.state == "dead");
    the_one(found).map(Json)
}

pub(super) async fn replay(
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let parameters = Parameters::read(&uri, &["namespace", "tenant"])?;
    let id = action_id(&id)?;
    let replayed = state.gateway.replay(&scope(&parameters)?, &id, prefer::read(&headers).wait).await?;
    let (new_id, answer) = replayed.ok_or_else(not_found)?;
    let outcome: Option<Box<RawValue>> = RawValue::from_string(answer.outcome.to_string()).ok();
    let success = !answer.outcome.starts_with(r#"{"Failed""#);
    Ok(Json(json!({ "original_action_id": id, "new_action_id": new_id, "success": success, "outcome": outcome })).into_response())
}

fn the_one(mut found: Vec<ActionView>) -> Result<ActionView, Refusal> {
    match (found.pop(), found.is_empty()) {
        (Some(view), true) => Ok(view),
        (None, _) => Err(not_found()),
        (Some(_), false) => {
            let message = "several tenants have an action with this id; add ?namespace=...&tenant=...";
            Err(Refusal::new(StatusCode::CONFLICT, "AMBIGUOUS_ID", message))
        }
    }
}

fn not_found() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is no such action in this scope")
}

fn action_id(text: &str) -> Result<ActionId, Refusal> {
    ActionId::parse(text).map_err(|_| not_found())
}

fn scope(parameters: &Parameters) -> Result<Scope, Refusal> {
    Ok(Scope {
        namespace: parameters.parsed("namespace", "a namespace", |text| Namespace::parse(text).ok())?,
        tenant: parameters.parsed("tenant", "a tenant", |text| Tenant::parse(text).ok())?,
    })
}
