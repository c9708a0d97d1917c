//! `/v1/people`: lists, makes, changes and deletes people.

use std::sync::Arc;

use acteon_api::PersonBody;
use acteon_gateway::Made;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::made;
use crate::http::error::Refusal;
use crate::http::extract::body::NoBody;
use crate::http::extract::caller::MaySeePeople;
use crate::http::extract::json_body::JsonBody;
use crate::http::extract::path::Path;
use crate::http::extract::query::{NoQuery, Query};
use crate::http::page::{Page, page};
use crate::http::people_bodies::{PutPerson, person_body};
use crate::http::state::AppState;

pub(in crate::http) async fn list(
    _: MaySeePeople,
    State(state): State<Arc<AppState>>,
    Query(asked): Query<Page>,
) -> Result<Response, Refusal> {
    let directory = state.gateway.directory();
    let all = move || directory.people().map(|found| person_body(found)).collect();
    page(&state, "people", asked, all).await
}

pub(in crate::http) async fn get(
    _: MaySeePeople,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    _: NoQuery,
) -> Result<Json<PersonBody>, Refusal> {
    let found = state.gateway.person(&id)?;
    Ok(Json(person_body(&found)))
}

pub(in crate::http) async fn put(
    MaySeePeople(caller): MaySeePeople,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    _: NoQuery,
    JsonBody(new): JsonBody<PutPerson>,
) -> Result<(StatusCode, Json<PersonBody>), Refusal> {
    let (found, how) = state.gateway.put_person(new.of(id)?).await?;
    let id = &found.value.id;
    tracing::info!(person = id, new = how == Made::New, caller = %caller.id, "person written");
    Ok((made(how), Json(person_body(&found))))
}

pub(in crate::http) async fn delete(
    MaySeePeople(caller): MaySeePeople,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    _: NoQuery,
    _: NoBody,
) -> Result<StatusCode, Refusal> {
    state.gateway.delete_person(&id).await?;
    tracing::info!(person = id, caller = %caller.id, "person deleted");
    Ok(StatusCode::NO_CONTENT)
}
