//! `/v1/templates`: lists, makes, changes and deletes templates and profiles, and tries profiles.

use std::sync::Arc;

use acteon_api::{RenderedProfile, TemplatesReloaded};
use acteon_core::{Caller, Scope};
use acteon_gateway::{Profile, ProfileChange, Template, TemplateChange};
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
use crate::http::template_bodies::{RenderRequest, Update};

/// Parameters of a list.
pub(in crate::http) type ListQuery = (Scoped, Page);

/// Logs what somebody did to a template or profile: it changes what is sent from then on.
fn tell(what: &str, caller: &Caller, id: &str, name: &str) {
    tracing::info!(id, name, caller = %caller.id, "{what}");
}

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
    tell("template made", &caller, &made.id, &made.name);
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
    JsonBody(update): JsonBody<Update<TemplateChange>>,
) -> Result<Json<Template>, Refusal> {
    state.gateway.template(&asked.of(&caller), &id)?;
    let scope = repeated(&caller, update.namespace, update.tenant);
    let gateway = &state.gateway;
    let changed = gateway.update_template(&scope, &id, update.change).await?;
    tell("template changed", &caller, &id, &changed.name);
    Ok(Json(changed))
}

pub(in crate::http) async fn delete(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    _: NoBody,
) -> Result<StatusCode, Refusal> {
    let scope = asked.of(&caller);
    let name = state.gateway.template(&scope, &id)?.name;
    state.gateway.delete_template(&scope, &id).await?;
    tell("template deleted", &caller, &id, &name);
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
    tell("profile made", &caller, &made.id, &made.name);
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
    JsonBody(update): JsonBody<Update<ProfileChange>>,
) -> Result<Json<Profile>, Refusal> {
    state.gateway.profile(&asked.of(&caller), &id)?;
    let scope = repeated(&caller, update.namespace, update.tenant);
    let gateway = &state.gateway;
    let changed = gateway.update_profile(&scope, &id, update.change).await?;
    tell("profile changed", &caller, &id, &changed.name);
    Ok(Json(changed))
}

pub(in crate::http) async fn delete_profile(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    _: NoBody,
) -> Result<StatusCode, Refusal> {
    let scope = asked.of(&caller);
    let name = state.gateway.profile(&scope, &id)?.name;
    state.gateway.delete_profile(&scope, &id).await?;
    tell("profile deleted", &caller, &id, &name);
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
        provider,
    } = request;
    check_scope(&caller, &namespace, &tenant)?;
    let named = (namespace, tenant, profile);
    let rendered = state
        .gateway
        .render_profile(named, payload, provider.as_ref())
        .await?;
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
