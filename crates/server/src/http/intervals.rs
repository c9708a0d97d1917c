//! `/v1/time-intervals`.

use std::sync::Arc;

use acteon_core::Scope;
use acteon_gateway::StoredInterval;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::AppState;
use super::access::{MayManage, MayRead, check_scope, scope};
use super::body::{Incoming, NoBody, check_names};
use super::dispatch::json as json_text;
use super::offload::off_runtime;
use super::path::Path;
use super::query::Parameters;
use super::record::written;
use super::refusal::Refusal;

type Place = Path<(String, String, String)>;

pub(super) async fn create(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    body: Incoming,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let mut fields: Map<String, Value> = body.object().await?;
    let mut text = |name: &str| fields.remove(name).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
    let (namespace, tenant) = (text("namespace"), text("tenant"));
    check_names(&[("namespace", &namespace), ("tenant", &tenant)])?;
    check_scope(&caller, &namespace, &tenant)?;
    state.gateway.may_change_interval(&Scope::of(&caller.grants), &namespace, &tenant)?;
    let now = state.clock.now();
    let new = StoredInterval {
        namespace,
        tenant,
        interval: without_nulls(fields),
        created_by: caller.id.to_string(),
        created_at: now,
        updated_at: now,
    };
    let made = state.gateway.create_interval(new).await?;
    Ok((StatusCode::CREATED, Json(shown(made))))
}

/// Clients write null for what they leave out, within ranges too.
fn without_nulls(mut fields: Map<String, Value>) -> Value {
    fields.retain(|_, value| !value.is_null());
    Value::Object(fields.into_iter().map(|(name, value)| (name, without_nulls_within(value))).collect())
}

fn without_nulls_within(value: Value) -> Value {
    match value {
        Value::Object(fields) => without_nulls(fields),
        Value::Array(items) => items.into_iter().map(without_nulls_within).collect(),
        other => other,
    }
}

fn shown((stored, matches_now): (StoredInterval, bool)) -> Value {
    let StoredInterval { namespace, tenant, interval, created_by, created_at, updated_at } = stored;
    let mut shown = interval;
    for (name, value) in [
        ("namespace", json!(namespace)),
        ("tenant", json!(tenant)),
        ("created_by", json!(created_by)),
        ("created_at", json!(created_at)),
        ("updated_at", json!(updated_at)),
        ("matches_now", json!(matches_now)),
    ] {
        shown[name] = value;
    }
    shown
}

pub(super) async fn list(MayRead(caller): MayRead, State(state): State<Arc<AppState>>, uri: Uri) -> Result<Response, Refusal> {
    let parameters = Parameters::read(&uri, &["namespace", "tenant"])?;
    let scope = scope(&caller, &parameters)?;
    let _turn = state.reads.take().await?;
    let gateway = state.gateway.clone();
    let list = move || {
        let intervals: Vec<Value> = gateway.intervals(&scope).into_iter().map(shown).collect();
        written(&json!({ "count": intervals.len(), "time_intervals": intervals }))
    };
    Ok(json_text(StatusCode::OK, off_runtime(usize::MAX, list).await??))
}

pub(super) async fn get(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path((namespace, tenant, name)): Place,
) -> Result<Json<Value>, Refusal> {
    Ok(Json(shown(state.gateway.interval(&Scope::of(&caller.grants), &namespace, &tenant, &name)?)))
}

pub(super) async fn update(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path((namespace, tenant, name)): Place,
    body: Incoming,
) -> Result<Json<Value>, Refusal> {
    let mut fields: Map<String, Value> = body.object().await?;
    for (field, of_path) in [("name", &name), ("namespace", &namespace), ("tenant", &tenant)] {
        // Clients repeat these; they cannot be changed.
        if fields.remove(field).is_some_and(|said| !said.is_null() && said != **of_path) {
            return Err(Refusal::field(field, format!("must be that of the path, {of_path:?}, or left out")));
        }
    }
    let fields = without_nulls(fields);
    let changed = state.gateway.update_interval(&Scope::of(&caller.grants), (&namespace, &tenant, &name), &fields).await?;
    Ok(Json(shown(changed)))
}

pub(super) async fn delete(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path((namespace, tenant, name)): Place,
    _: NoBody,
) -> Result<StatusCode, Refusal> {
    state.gateway.delete_interval(&Scope::of(&caller.grants), &namespace, &tenant, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
