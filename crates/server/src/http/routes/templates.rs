//! `/v1/templates`: lists, makes, changes and deletes templates and profiles, and tries profiles.

use std::sync::Arc;

use acteon_api::{RenderedProfile, TemplatesReloaded};
use acteon_core::Scope;
use acteon_gateway::{Profile, Template};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::http::error::Refusal;
use crate::http::extract::body::NoBody;
use crate::http::extract::caller::{MayManage, MayRead, check_everything, check_scope, repeated};
use crate::http::extract::json_body::JsonBody;
use crate::http::extract::path::Path;
use crate::http::extract::query::{NoQuery, Query};
use crate::http::extract::scope::Scoped;
use crate::http::page::{Page, page};
use crate::http::state::AppState;
use crate::http::template_bodies::{ProfileUpdate, RenderRequest, TemplateUpdate};

/// Parameters of a list.
pub(in crate::http) type ListQuery = (Scoped, Page);

pub(in crate::http) async fn list(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Query((asked, asked_page)): Query<ListQuery>,
) -> Result<Response, Refusal> {
    let (gateway, scope) = (state.gateway.clone(), asked.of(&caller));
    let all = move || gateway.templates(&scope);
    page(&state, "templates", asked_page, all).await
}

pub(in crate::http) async fn create(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
    JsonBody(template): JsonBody<Template>,
) -> Result<(StatusCode, Json<Template>), Refusal> {
    check_scope(&caller, &template.namespace, &template.tenant)?;
    let scope = Scope::of(&caller.grants);
    let made = state.gateway.create_template(&scope, template).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

pub(in crate::http) async fn get(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
) -> Result<Json<Template>, Refusal> {
    Ok(Json(state.gateway.template(&asked.of(&caller), &id)?))
}

pub(in crate::http) async fn update(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    JsonBody(update): JsonBody<TemplateUpdate>,
) -> Result<Json<Template>, Refusal> {
    state.gateway.template(&asked.of(&caller), &id)?;
    let scope = repeated(&caller, update.namespace, update.tenant);
    let gateway = &state.gateway;
    Ok(Json(
        gateway.update_template(&scope, &id, update.change).await?,
    ))
}

pub(in crate::http) async fn delete(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    _: NoBody,
) -> Result<StatusCode, Refusal> {
    let scope = asked.of(&caller);
    state.gateway.delete_template(&scope, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(in crate::http) async fn list_profiles(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Query((asked, asked_page)): Query<ListQuery>,
) -> Result<Response, Refusal> {
    let (gateway, scope) = (state.gateway.clone(), asked.of(&caller));
    let all = move || gateway.profiles(&scope);
    page(&state, "profiles", asked_page, all).await
}

pub(in crate::http) async fn create_profile(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
    JsonBody(profile): JsonBody<Profile>,
) -> Result<(StatusCode, Json<Profile>), Refusal> {
    check_scope(&caller, &profile.namespace, &profile.tenant)?;
    let scope = Scope::of(&caller.grants);
    let made = state.gateway.create_profile(&scope, profile).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

pub(in crate::http) async fn get_profile(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
) -> Result<Json<Profile>, Refusal> {
    Ok(Json(state.gateway.profile(&asked.of(&caller), &id)?))
}

pub(in crate::http) async fn update_profile(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    JsonBody(update): JsonBody<ProfileUpdate>,
) -> Result<Json<Profile>, Refusal> {
    state.gateway.profile(&asked.of(&caller), &id)?;
    let scope = repeated(&caller, update.namespace, update.tenant);
    let gateway = &state.gateway;
    Ok(Json(
        gateway.update_profile(&scope, &id, update.change).await?,
    ))
}

pub(in crate::http) async fn delete_profile(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    _: NoBody,
) -> Result<StatusCode, Refusal> {
    let scope = asked.of(&caller);
    state.gateway.delete_profile(&scope, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(in crate::http) async fn render(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
    JsonBody(request): JsonBody<RenderRequest>,
) -> Result<Json<RenderedProfile>, Refusal> {
    let RenderRequest {
        namespace,
        tenant,
        profile,
        payload,
    } = request;
    check_scope(&caller, &namespace, &tenant)?;
    let named = (namespace, tenant, profile);
    let rendered = state.gateway.render_profile(named, payload).await?;
    Ok(Json(RenderedProfile { rendered }))
}

pub(in crate::http) async fn reload(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
    _: NoBody,
) -> Result<Json<TemplatesReloaded>, Refusal> {
    check_everything(&caller)?;
    let scope = Scope::of(&caller.grants);
    let (templates, profiles) = state.gateway.reload_templates(&scope).await?;
    Ok(Json(TemplatesReloaded {
        templates,
        profiles,
    }))
}
