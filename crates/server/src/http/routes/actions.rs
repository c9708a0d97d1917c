//! `GET /v1/actions/{id}`: shows one action.

use std::sync::Arc;

use acteon_core::ActionId;
use acteon_gateway::ActionView;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::http::answer::{answer, written};
use crate::http::error::{Refusal, about};
use crate::http::extract::caller::MayRead;
use crate::http::extract::path::Path;
use crate::http::extract::query::Query;
use crate::http::extract::scope::Scoped;
use crate::http::state::AppState;

pub(in crate::http) async fn get(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
) -> Result<Response, Refusal> {
    let (scope, id) = (asked.of(&caller), action_id(&id)?);
    let _turn = state.reads.take().await?;
    let view = the_one(state.gateway.find(&scope, &id).await?)?;
    let bytes = view.action.payload.get().len();
    let shown = answer(bytes, move || written(&view)).await?;
    Ok(about(&id, shown))
}

/// Action of an id; a refusal where several have it.
pub(in crate::http) fn the_one(mut found: Vec<ActionView>) -> Result<ActionView, Refusal> {
    match (found.pop(), found.is_empty()) {
        (Some(view), true) => Ok(view),
        (None, _) => Err(not_found()),
        (Some(_), false) => {
            let message =
                "several tenants have an action with this id; add ?namespace=...&tenant=...";
            Err(Refusal::new(StatusCode::CONFLICT, "AMBIGUOUS_ID", message))
        }
    }
}

pub(in crate::http) fn not_found() -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "NOT_FOUND",
        "there is no such action in this scope",
    )
}

pub(in crate::http) fn action_id(text: &str) -> Result<ActionId, Refusal> {
    ActionId::parse(text).map_err(|_| not_found())
}
