//! `/v1/silences`.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::limits::MAX_PAGE;
use acteon_core::{Caller, Scope, Timestamp};
use acteon_gateway::{Silence, SilenceChange, SilencePreview};
use acteon_rules::MatcherSpec;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Value, json};

use super::AppState;
use super::access::{MayManage, MayRead, check_scope, scope};
use super::body::{Incoming, check_names};
use super::path::Path;
use super::query::Parameters;
use super::refusal::Refusal;

/// Longest silence by `duration_seconds`: ten years.
const MAX_SECONDS: u64 = 315_360_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    namespace: String,
    tenant: String,
    matchers: Vec<MatcherSpec>,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    duration_seconds: Option<u64>,
    comment: Option<String>,
    /// For a preview: how many of the latest actions to look at.
    last: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    ends_at: Option<Timestamp>,
    comment: Option<String>,
    /// Clients repeat these; they cannot be changed.
    #[serde(rename = "namespace")]
    _namespace: Option<String>,
    #[serde(rename = "tenant")]
    _tenant: Option<String>,
}

pub(super) async fn create(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    body: Incoming,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let (new, _) = read(&state, &caller, body).await?;
    state.gateway.may_change_silence(&Scope::of(&caller.grants), &new)?;
    let silence = state.gateway.create_silence(new).await?;
    Ok((StatusCode::CREATED, Json(shown(&state, &silence))))
}

/// How many of the latest actions a silence would have held back. Makes none.
pub(super) async fn preview(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    body: Incoming,
) -> Result<Json<SilencePreview>, Refusal> {
    let (silence, last) = read(&state, &caller, body).await?;
    Ok(Json(state.gateway.preview_silence(&Scope::of(&caller.grants), &silence, last).await?))
}

async fn read(state: &AppState, caller: &Caller, body: Incoming) -> Result<(Silence, usize), Refusal> {
    let New { namespace, tenant, matchers, starts_at, ends_at, duration_seconds, comment, last } = body.object().await?;
    check_names(&[("namespace", &namespace), ("tenant", &tenant)])?;
    check_scope(caller, &namespace, &tenant)?;
    let now = state.clock.now();
    let starts_at = starts_at.unwrap_or(now);
    let ends_at = match (ends_at, duration_seconds) {
        (Some(ends_at), None) => ends_at,
        (None, Some(seconds @ 1..=MAX_SECONDS)) => starts_at + Duration::from_secs(seconds),
        (None, Some(_)) => return Err(Refusal::field("duration_seconds", format!("must be from 1 to {MAX_SECONDS}"))),
        (Some(_), Some(_)) => return Err(Refusal::field("ends_at", "and duration_seconds are both given: give one")),
        (None, None) => return Err(Refusal::field("ends_at", "or duration_seconds is missing")),
    };
    let silence = Silence {
        id: String::new(),
        namespace,
        tenant,
        matchers,
        starts_at,
        ends_at,
        created_by: caller.id.to_string(),
        comment: comment.unwrap_or_default(),
        created_at: now,
        updated_at: now,
    };
    Ok((silence, last.unwrap_or(MAX_PAGE).clamp(1, MAX_PAGE)))
}

fn shown(state: &AppState, silence: &Silence) -> Value {
    let mut shown = serde_json::to_value(silence).unwrap_or_default();
    shown["active"] = json!(silence.is_active(state.clock.now()));
    shown
}

pub(super) async fn list(MayRead(caller): MayRead, State(state): State<Arc<AppState>>, uri: Uri) -> Result<Json<Value>, Refusal> {
    let parameters = Parameters::read(&uri, &["namespace", "tenant", "include_expired"])?;
    let all = parameters.flag("include_expired")?;
    let silences = state.gateway.silences(&scope(&caller, &parameters)?, all);
    let silences: Vec<Value> = silences.iter().map(|silence| shown(&state, silence)).collect();
    Ok(Json(json!({ "count": silences.len(), "silences": silences })))
}

pub(super) async fn get(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let silence = state.gateway.silence(&Scope::of(&caller.grants), &id)?;
    Ok(Json(shown(&state, &silence)))
}

pub(super) async fn update(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    body: Incoming,
) -> Result<Json<Value>, Refusal> {
    let Change { ends_at, comment, .. } = body.object().await?;
    let change = SilenceChange { ends_at, comment };
    let silence = state.gateway.update_silence(&Scope::of(&caller.grants), &id, change).await?;
    Ok(Json(shown(&state, &silence)))
}

pub(super) async fn expire(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    state.gateway.expire_silence(&Scope::of(&caller.grants), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
