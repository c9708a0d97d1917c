//! `/v1/silences`.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::limits::MAX_PAGE;
use acteon_core::{Caller, Namespace, Scope, Tenant, Timestamp};
use acteon_gateway::{Silence, SilenceChange, SilencePreview};
use acteon_rules::MatcherSpec;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::AppState;
use super::access::{MayManage, MayRead, check_scope, repeated, scope};
use super::body::{Incoming, NoBody, check_names};
use super::dispatch::json as json_text;
use super::offload::off_runtime;
use super::path::Path;
use super::query::Parameters;
use super::record::written;
use super::refusal::Refusal;

/// Longest silence by `duration_seconds`: ten years.
const MAX_SECONDS: u64 = 315_360_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    namespace: String,
    tenant: String,
    #[serde(deserialize_with = "objects")]
    matchers: Vec<MatcherSpec>,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    duration_seconds: Option<u64>,
    comment: Option<String>,
    /// For a preview: how many of the latest actions to look at.
    last: Option<usize>,
}

/// Matchers with names for their fields: as lists they would be read by place.
fn objects<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<MatcherSpec>, D::Error> {
    let objects: Vec<Map<String, Value>> = Deserialize::deserialize(deserializer)?;
    objects.into_iter().map(|object| serde_json::from_value(Value::Object(object)).map_err(D::Error::custom)).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    ends_at: Option<Timestamp>,
    comment: Option<String>,
    /// Clients repeat these; they cannot be changed.
    namespace: Option<Namespace>,
    tenant: Option<Tenant>,
}

pub(super) async fn create(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    body: Incoming,
) -> Result<(StatusCode, Json<Shown>), Refusal> {
    let (new, _) = read(&state, &caller, body.object().await?)?;
    let silence = state.gateway.create_silence_within(&Scope::of(&caller.grants), new).await?;
    let warnings = silence.warnings(state.clock.now());
    Ok((StatusCode::CREATED, Json(Shown { warnings, ..shown(&state, silence) })))
}

/// How many of the latest actions a silence would have held back. Makes none.
pub(super) async fn preview(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    body: Incoming,
) -> Result<Json<Previewed>, Refusal> {
    let (new, _turn) = body.object_in_turn(&state.asides).await?;
    let (silence, last) = read(&state, &caller, new)?;
    let preview = state.gateway.preview_silence(&Scope::of(&caller.grants), &silence, last).await?;
    Ok(Json(Previewed { preview, warnings: silence.warnings(state.clock.now()) }))
}

/// What a silence would have held back.
#[derive(Serialize)]
pub(super) struct Previewed {
    #[serde(flatten)]
    preview: SilencePreview,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

fn read(state: &AppState, caller: &Caller, new: New) -> Result<(Silence, usize), Refusal> {
    let New { namespace, tenant, matchers, starts_at, ends_at, duration_seconds, comment, last } = new;
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
        deleted_at: None,
    };
    Ok((silence, last.unwrap_or(MAX_PAGE).clamp(1, MAX_PAGE)))
}

/// A silence as it stands.
#[derive(Serialize)]
pub(super) struct Shown {
    #[serde(flatten)]
    silence: Silence,
    active: bool,
    /// What of a new one is probably not meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// All that a look found.
#[derive(Serialize)]
struct List {
    count: usize,
    silences: Vec<Shown>,
}

fn shown(state: &AppState, silence: Silence) -> Shown {
    Shown { active: silence.is_active(state.clock.now()), silence, warnings: Vec::new() }
}

pub(super) async fn list(MayRead(caller): MayRead, State(state): State<Arc<AppState>>, uri: Uri) -> Result<Response, Refusal> {
    let parameters = Parameters::read(&uri, &["namespace", "tenant", "include_expired"])?;
    let all = parameters.flag("include_expired")?;
    let scope = scope(&caller, &parameters)?;
    let _turn = state.reads.take().await?;
    let looking = Arc::clone(&state);
    let list = move || {
        let silences: Vec<Shown> = looking.gateway.silences(&scope, all).into_iter().map(|silence| shown(&looking, silence)).collect();
        written(&List { count: silences.len(), silences })
    };
    Ok(json_text(StatusCode::OK, off_runtime(usize::MAX, list).await??))
}

pub(super) async fn get(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<Shown>, Refusal> {
    let parameters = Parameters::read(&uri, &["namespace", "tenant"])?;
    let silence = state.gateway.silence(&scope(&caller, &parameters)?, &id)?;
    Ok(Json(shown(&state, silence)))
}

pub(super) async fn update(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    uri: Uri,
    body: Incoming,
) -> Result<Json<Shown>, Refusal> {
    let parameters = Parameters::read(&uri, &["namespace", "tenant"])?;
    let Change { ends_at, comment, namespace, tenant } = body.object().await?;
    state.gateway.silence(&scope(&caller, &parameters)?, &id)?;
    let change = SilenceChange { ends_at, comment };
    let silence = state.gateway.update_silence(&repeated(&caller, namespace, tenant), &id, change).await?;
    Ok(Json(shown(&state, silence)))
}

pub(super) async fn expire(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    uri: Uri,
    _: NoBody,
) -> Result<StatusCode, Refusal> {
    let parameters = Parameters::read(&uri, &["namespace", "tenant"])?;
    state.gateway.expire_silence(&scope(&caller, &parameters)?, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
