//! `/v1/people-groups`: lists, makes, changes and deletes groups of people.

use std::sync::Arc;

use acteon_api::PeopleGroupBody;
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
use crate::http::people_bodies::{PutGroup, group_body};
use crate::http::state::AppState;

pub(in crate::http) async fn list(
    _: MaySeePeople,
    State(state): State<Arc<AppState>>,
    Query(asked): Query<Page>,
) -> Result<Response, Refusal> {
    let directory = state.gateway.directory();
    let all = move || directory.groups().map(|found| group_body(found)).collect();
    page(&state, "people_groups", asked, all).await
}

pub(in crate::http) async fn get(
    _: MaySeePeople,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    _: NoQuery,
) -> Result<Json<PeopleGroupBody>, Refusal> {
    let found = state.gateway.people_group(&id)?;
    Ok(Json(group_body(&found)))
}

pub(in crate::http) async fn put(
    MaySeePeople(caller): MaySeePeople,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    _: NoQuery,
    JsonBody(new): JsonBody<PutGroup>,
) -> Result<(StatusCode, Json<PeopleGroupBody>), Refusal> {
    let (found, how) = state.gateway.put_people_group(new.of(id)?).await?;
    let id = &found.value.id;
    tracing::info!(group = id, new = how == Made::New, caller = %caller.id, "group written");
    Ok((made(how), Json(group_body(&found))))
}

pub(in crate::http) async fn delete(
    MaySeePeople(caller): MaySeePeople,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    _: NoQuery,
    _: NoBody,
) -> Result<StatusCode, Refusal> {
    state.gateway.delete_people_group(&id).await?;
    tracing::info!(group = id, caller = %caller.id, "group deleted");
    Ok(StatusCode::NO_CONTENT)
}
