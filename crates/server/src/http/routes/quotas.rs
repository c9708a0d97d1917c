//! `/v1/quotas`: lists, makes, changes and deletes quotas, and shows their usage.

use std::sync::Arc;

use acteon_core::limits::{MAX_DOCUMENT_TEXT_BYTES, MAX_NAME_BYTES};
use acteon_core::{Caller, Namespace, Scope, Tenant, Timestamp};
use acteon_gateway::{OverageSpec, Quota, QuotaChange, QuotaUsage, Window};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::http::answer::{UNKNOWN, answer, written};
use crate::http::error::{FieldErrors, Refusal};
use crate::http::extract::body::NoBody;
use crate::http::extract::caller::{MayManage, MayRead, check_scope, repeated};
use crate::http::extract::json_body::{FromBody, JsonBody};
use crate::http::extract::path::Path;
use crate::http::extract::query::{FromQuery, NoQuery, Parameters, Query};
use crate::http::extract::scope::Scoped;
use crate::http::filter::limit;
use crate::http::shape::{Field, FieldType, FieldValues, Shape};
use crate::http::state::AppState;

const QUOTA: Shape = Shape {
    what: "a quota",
    code: "INVALID_BODY",
    fields: &[&[
        Field::needed("namespace", FieldType::Name),
        Field::needed("tenant", FieldType::Tenant),
        Field::optional("provider", FieldType::Text(MAX_NAME_BYTES)),
        Field::optional("principal", FieldType::Text(MAX_NAME_BYTES)),
        Field::optional("per_principal", FieldType::Flag),
        Field::needed("max_actions", COUNT),
        Field::needed("window", WINDOW),
        Field::needed("overage_behavior", OVERAGE),
        Field::optional("description", DESCRIPTION),
        Field::optional("labels", FieldType::Texts),
        Field::optional("enabled", FieldType::Flag),
    ]],
};

const CHANGE: Shape = Shape {
    what: "what of a quota changes",
    code: "INVALID_BODY",
    fields: &[&[
        Field::optional("max_actions", COUNT),
        Field::optional("window", WINDOW),
        Field::optional("overage_behavior", OVERAGE),
        Field::optional("description", DESCRIPTION),
        Field::optional("labels", FieldType::Texts),
        Field::optional("enabled", FieldType::Flag),
        // Clients repeat these; they cannot be changed.
        Field::optional("namespace", FieldType::Name),
        Field::optional("tenant", FieldType::Name),
    ]],
};

const WINDOW: FieldType = FieldType::JsonOf("QuotaWindow");
const OVERAGE: FieldType = FieldType::JsonOf("QuotaOverage");
const COUNT: FieldType = FieldType::Whole(0..=i64::MAX);
const DESCRIPTION: FieldType = FieldType::Verbatim(MAX_DOCUMENT_TEXT_BYTES);

/// Value of a field whose type is the gateway's. Its own message says what is wrong with it.
fn own<T: DeserializeOwned>(
    values: &mut FieldValues<'_>,
    name: &str,
    faults: &mut FieldErrors,
) -> Option<T> {
    let raw = values.json(name)?;
    match serde_json::from_str::<Value>(raw.get()).and_then(serde_json::from_value) {
        Ok(read) => Some(read),
        Err(error) => {
            faults.add(name, || error.to_string());
            None
        }
    }
}

/// Window and overage of a body, with the errors of both.
fn window_and_overage(
    values: &mut FieldValues<'_>,
) -> Result<(Option<Window>, Option<OverageSpec>), Refusal> {
    let mut faults = FieldErrors::default();
    let found = (
        own(values, "window", &mut faults),
        own(values, "overage_behavior", &mut faults),
    );
    if faults.is_empty() {
        Ok(found)
    } else {
        Err(Refusal::invalid_fields(QUOTA.code, faults))
    }
}

/// Change of a quota, and the namespace and tenant that the body repeats.
pub(in crate::http) struct QuotaUpdate {
    change: QuotaChange,
    namespace: Option<Namespace>,
    tenant: Option<Tenant>,
}

impl FromBody for QuotaUpdate {
    const SHAPE: &'static Shape = &CHANGE;

    fn example() -> Value {
        json!({ "max_actions": 2000, "overage_behavior": "warn" })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        let (window, overage_behavior) = window_and_overage(&mut values)?;
        let change = QuotaChange {
            max_actions: values.whole("max_actions"),
            window,
            overage_behavior,
            enabled: values.flag("enabled"),
            description: values.owned("description"),
            labels: values.texts("labels"),
        };
        Ok(Self {
            change,
            namespace: values.name("namespace", Namespace::parse),
            tenant: values.name("tenant", Tenant::parse),
        })
    }
}

/// Reads a quota, which has no id yet.
impl FromBody for Quota {
    const SHAPE: &'static Shape = &QUOTA;

    fn example() -> Value {
        json!({ "namespace": "incidents", "tenant": "acme", "provider": "wechat-ops", "max_actions": 1000, "window": "hourly", "overage_behavior": "block" })
    }

    fn from_fields(mut values: FieldValues<'_>, now: Timestamp) -> Result<Self, Refusal> {
        let missing = |name: &'static str| move || Refusal::field(name, "is missing");
        let (window, overage_behavior) = window_and_overage(&mut values)?;
        Ok(Self {
            id: String::new(),
            namespace: values.owned("namespace").ok_or_else(missing("namespace"))?,
            tenant: values.owned("tenant").ok_or_else(missing("tenant"))?,
            provider: values.owned("provider"),
            principal: values.owned("principal"),
            per_principal: values.flag("per_principal").unwrap_or(false),
            max_actions: values
                .whole("max_actions")
                .ok_or_else(missing("max_actions"))?,
            window: window.ok_or_else(missing("window"))?,
            overage_behavior: overage_behavior.ok_or_else(missing("overage_behavior"))?,
            enabled: values.flag("enabled").unwrap_or(true),
            description: values.owned("description"),
            labels: values.texts("labels").unwrap_or_default(),
            created_at: now,
            updated_at: now,
        })
    }
}

pub(in crate::http) async fn create(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
    JsonBody(quota): JsonBody<Quota>,
) -> Result<(StatusCode, Json<CreatedQuota>), Refusal> {
    check_scope(&caller, &quota.namespace, &quota.tenant)?;
    state
        .gateway
        .may_change_quota(&Scope::of(&caller.grants), &quota)?;
    let warnings = state.gateway.quota_warnings(&quota);
    Ok((
        StatusCode::CREATED,
        Json(CreatedQuota {
            quota: state.gateway.create_quota(quota).await?,
            warnings,
        }),
    ))
}

/// Quota that was made, with warnings.
#[derive(Serialize)]
pub(in crate::http) struct CreatedQuota {
    #[serde(flatten)]
    quota: Quota,
    /// Parts of it that are probably not meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Parameters of a list of quotas.
pub(in crate::http) struct QuotasQuery {
    scope: Scoped,
    provider: Option<String>,
    principal: Option<String>,
    limit: usize,
    offset: usize,
}

impl FromQuery for QuotasQuery {
    fn names() -> Vec<&'static str> {
        [
            &Scoped::names()[..],
            &["provider", "principal", "limit", "offset"],
        ]
        .concat()
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let text = |name: &str| parameters.get(name).map(str::to_owned);
        Ok(Self {
            scope: Scoped::read(parameters)?,
            offset: parameters
                .parsed("offset", "a number", |text| text.parse().ok())?
                .unwrap_or(0),
            limit: limit(parameters, 100)?,
            provider: text("provider"),
            principal: text("principal"),
        })
    }
}

pub(in crate::http) async fn list(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Query(asked): Query<QuotasQuery>,
) -> Result<Response, Refusal> {
    let QuotasQuery {
        scope,
        provider,
        principal,
        limit,
        offset,
    } = asked;
    let scope = scope.of(&caller);
    let _turn = state.reads.take().await?;
    let gateway = state.gateway.clone();
    let list = move || {
        let quotas = gateway.quotas(&scope).into_iter().filter(|quota| {
            is_asked_for(provider.as_deref(), "generic", quota.provider.as_deref())
                && is_asked_for(principal.as_deref(), "any", quota.principal.as_deref())
        });
        let page: Vec<Quota> = quotas.skip(offset).take(limit).collect();
        written(&json!({ "count": page.len(), "quotas": page }))
    };
    answer(UNKNOWN, list).await
}

/// Whether a quota has the value that is asked for, where the word `nothing` asks for quotas
/// without one.
fn is_asked_for(wanted: Option<&str>, nothing: &str, found: Option<&str>) -> bool {
    match wanted {
        None => true,
        Some(wanted) if wanted == nothing => found.is_none(),
        wanted => found == wanted,
    }
}

/// Caller whose usage of a quota is asked about, where the quota counts callers apart.
pub(in crate::http) struct Principal(Option<String>);

impl FromQuery for Principal {
    fn names() -> Vec<&'static str> {
        vec!["principal"]
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        Ok(Self(parameters.get("principal").map(str::to_owned)))
    }
}

/// Parameters of a look at one quota.
pub(in crate::http) type UsageQuery = (Scoped, Principal);

pub(in crate::http) async fn get(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<UsageQuery>,
) -> Result<Json<Value>, Refusal> {
    let (quota, QuotaUsage { used, resets_at }) = with_usage(&state, &caller, &id, asked).await?;
    let mut shown = serde_json::to_value(&quota).unwrap_or_default();
    let (limit, remaining) = (quota.max_actions, quota.max_actions.saturating_sub(used));
    shown["usage"] =
        json!({ "used": used, "limit": limit, "remaining": remaining, "resets_at": resets_at });
    Ok(Json(shown))
}

pub(in crate::http) async fn usage(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<UsageQuery>,
) -> Result<Json<Value>, Refusal> {
    let (quota, QuotaUsage { used, resets_at }) = with_usage(&state, &caller, &id, asked).await?;
    Ok(Json(json!({
        "tenant": quota.tenant, "namespace": quota.namespace, "used": used, "limit": quota.max_actions,
        "remaining": quota.max_actions.saturating_sub(used), "window": quota.window, "resets_at": resets_at,
        "overage_behavior": quota.overage_behavior,
    })))
}

/// Quota and its usage: where it counts callers apart, that of the caller asked about, or of
/// whoever asks.
async fn with_usage(
    state: &AppState,
    caller: &Caller,
    id: &str,
    (scope, Principal(principal)): UsageQuery,
) -> Result<(Quota, QuotaUsage), Refusal> {
    let quota = state.gateway.quota(&scope.of(caller), id)?;
    let principal = principal.as_deref().unwrap_or(&caller.id);
    let usage = state.gateway.quota_usage(&quota, principal).await?;
    Ok((quota, usage))
}

pub(in crate::http) async fn update(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    JsonBody(update): JsonBody<QuotaUpdate>,
) -> Result<Json<Quota>, Refusal> {
    let QuotaUpdate {
        change,
        namespace,
        tenant,
    } = update;
    state.gateway.quota(&asked.of(&caller), &id)?;
    Ok(Json(
        state
            .gateway
            .update_quota(&repeated(&caller, namespace, tenant), &id, change)
            .await?,
    ))
}

pub(in crate::http) async fn delete(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    _: NoBody,
) -> Result<StatusCode, Refusal> {
    state.gateway.delete_quota(&asked.of(&caller), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
