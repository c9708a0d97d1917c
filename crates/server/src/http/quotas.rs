//! `/v1/quotas`.

use std::collections::BTreeMap;
use std::sync::Arc;

use acteon_core::{Caller, Namespace, Scope, Tenant};
use acteon_gateway::{OverageSpec, Quota, QuotaChange, QuotaUsage, Window};
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::AppState;
use super::access::{MayManage, MayRead, check_scope, repeated, scope};
use super::body::{Incoming, NoBody, check_names};
use super::dispatch::json as json_text;
use super::filter::limit;
use super::offload::off_runtime;
use super::path::Path;
use super::query::Parameters;
use super::record::written;
use super::refusal::Refusal;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    namespace: String,
    tenant: String,
    provider: Option<String>,
    principal: Option<String>,
    #[serde(default)]
    per_principal: bool,
    max_actions: u64,
    window: Window,
    overage_behavior: OverageSpec,
    description: Option<String>,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
    enabled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    max_actions: Option<u64>,
    window: Option<Window>,
    overage_behavior: Option<OverageSpec>,
    enabled: Option<bool>,
    description: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    /// Clients repeat these; they cannot be changed.
    namespace: Option<Namespace>,
    tenant: Option<Tenant>,
}

pub(super) async fn create(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    body: Incoming,
) -> Result<(StatusCode, Json<Quota>), Refusal> {
    let new: New = body.object().await?;
    check_names(&[("namespace", &new.namespace), ("tenant", &new.tenant)])?;
    check_scope(&caller, &new.namespace, &new.tenant)?;
    let now = state.clock.now();
    let quota = Quota {
        id: String::new(),
        namespace: new.namespace,
        tenant: new.tenant,
        provider: new.provider,
        principal: new.principal,
        per_principal: new.per_principal,
        max_actions: new.max_actions,
        window: new.window,
        overage_behavior: new.overage_behavior,
        enabled: new.enabled.unwrap_or(true),
        description: new.description,
        labels: new.labels.unwrap_or_default(),
        created_at: now,
        updated_at: now,
    };
    state.gateway.may_change_quota(&Scope::of(&caller.grants), &quota)?;
    Ok((StatusCode::CREATED, Json(state.gateway.create_quota(quota).await?)))
}

pub(super) async fn list(MayRead(caller): MayRead, State(state): State<Arc<AppState>>, uri: Uri) -> Result<Response, Refusal> {
    let parameters = Parameters::read(&uri, &["namespace", "tenant", "provider", "principal", "limit", "offset"])?;
    let scope = scope(&caller, &parameters)?;
    let offset = parameters.parsed("offset", "a number", |text| text.parse().ok())?.unwrap_or(0);
    let limit = limit(&parameters, 100)?;
    let _turn = state.reads.take().await?;
    let gateway = state.gateway.clone();
    let list = move || {
        let quotas = gateway.quotas(&scope).into_iter().filter(|quota| is_asked_for(quota, &parameters));
        let page: Vec<Quota> = quotas.skip(offset).take(limit).collect();
        written(&json!({ "count": page.len(), "quotas": page }))
    };
    Ok(json_text(StatusCode::OK, off_runtime(usize::MAX, list).await??))
}

fn is_asked_for(quota: &Quota, parameters: &Parameters) -> bool {
    let is = |wanted: Option<&str>, unscoped: &str, found: &Option<String>| match wanted {
        None => true,
        Some(wanted) if wanted == unscoped => found.is_none(),
        Some(wanted) => found.as_deref() == Some(wanted),
    };
    is(parameters.get("provider"), "generic", &quota.provider) && is(parameters.get("principal"), "any", &quota.principal)
}

pub(super) async fn get(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<Value>, Refusal> {
    let (quota, QuotaUsage { used, resets_at }) = with_usage(&state, &caller, &id, &uri).await?;
    let mut shown = serde_json::to_value(&quota).unwrap_or_default();
    let (limit, remaining) = (quota.max_actions, quota.max_actions.saturating_sub(used));
    shown["usage"] = json!({ "used": used, "limit": limit, "remaining": remaining, "resets_at": resets_at });
    Ok(Json(shown))
}

pub(super) async fn usage(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<Value>, Refusal> {
    let (quota, QuotaUsage { used, resets_at }) = with_usage(&state, &caller, &id, &uri).await?;
    Ok(Json(json!({
        "tenant": quota.tenant, "namespace": quota.namespace, "used": used, "limit": quota.max_actions,
        "remaining": quota.max_actions.saturating_sub(used), "window": quota.window, "resets_at": resets_at,
        "overage_behavior": quota.overage_behavior,
    })))
}

/// A quota and how much of it is used: where it counts callers apart, by the one asked about, or by whoever asks.
async fn with_usage(state: &AppState, caller: &Caller, id: &str, uri: &Uri) -> Result<(Quota, QuotaUsage), Refusal> {
    let parameters = Parameters::read(uri, &["namespace", "tenant", "principal"])?;
    let quota = state.gateway.quota(&scope(caller, &parameters)?, id)?;
    let usage = state.gateway.quota_usage(&quota, parameters.get("principal").unwrap_or(&caller.id)).await?;
    Ok((quota, usage))
}

pub(super) async fn update(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    uri: Uri,
    body: Incoming,
) -> Result<Json<Quota>, Refusal> {
    let parameters = Parameters::read(&uri, &["namespace", "tenant"])?;
    let Change { max_actions, window, overage_behavior, enabled, description, labels, namespace, tenant } = body.object().await?;
    state.gateway.quota(&scope(&caller, &parameters)?, &id)?;
    let change = QuotaChange { max_actions, window, overage_behavior, enabled, description, labels };
    Ok(Json(state.gateway.update_quota(&repeated(&caller, namespace, tenant), &id, change).await?))
}

pub(super) async fn delete(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    uri: Uri,
    _: NoBody,
) -> Result<StatusCode, Refusal> {
    let parameters = Parameters::read(&uri, &["namespace", "tenant"])?;
    state.gateway.delete_quota(&scope(&caller, &parameters)?, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
