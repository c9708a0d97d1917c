//! `/v1/recurring`: recurring actions.

use std::sync::Arc;

use acteon_api::{Backfilled, RecurringActions, RecurringCreated};
use acteon_core::Scope;
use acteon_core::limits::MAX_OFFSET;
use acteon_gateway::{RecurringError, RecurringList, RecurringPart};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::http::error::Refusal;
use crate::http::extract::body::{Incoming, NoBody};
use crate::http::extract::caller::{MayDispatch, MayRead, check_scope};
use crate::http::extract::idempotency::IdempotencyKey;
use crate::http::extract::json_body::JsonBody;
use crate::http::extract::path::Path;
use crate::http::extract::query::{FromQuery, NoQuery, Parameters, Query};
use crate::http::extract::scope::Scoped;
use crate::http::filter::{limit, word};
use crate::http::recurring::body::{BackfillSpan, NewRecurring};
use crate::http::recurring::changes::RecurringUpdate;
use crate::http::recurring::fields::Which;
use crate::http::recurring::once::once;
use crate::http::recurring::shown::{Shown, backfilled, listed, shown};
use crate::http::routes::upcoming::{Ahead, occurrences_of};
use crate::http::state::AppState;

/// Rows of a page whose caller does not say.
const DEFAULT_PAGE: usize = 100;

/// Longest id that a cursor may have.
const MAX_ID: usize = 64;

/// Words of statuses.
pub(in crate::http) const STATUSES: [&str; 4] = ["active", "paused", "completed", "stuck"];

pub(in crate::http) async fn create(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(new): JsonBody<NewRecurring>,
) -> Result<(StatusCode, Json<RecurringCreated>), Refusal> {
    let NewRecurring {
        namespace,
        tenant,
        definition,
    } = new;
    check_scope(&caller, namespace.as_str(), tenant.as_str())?;
    let once = match key {
        Some(key) => Some(once((&namespace, &tenant), &key, &definition)?),
        None => None,
    };
    let _turn = state.reads.take().await?;
    let made = state
        .gateway
        .create_recurring(&caller, (namespace, tenant), definition, once)
        .await?;
    let calendar = made.recurring.definition.calendar.as_ref();
    let body = RecurringCreated {
        warnings: Vec::from_iter(state.gateway.calendar_notice(calendar)),
        status: made.status().to_owned(),
        next_execution_at: made.recurring.next.map(|next| next.to_string()),
        id: made.id,
        name: made.recurring.definition.name,
    };
    Ok((StatusCode::CREATED, Json(body)))
}

/// Which recurring actions to list.
pub(in crate::http) type RecurringQuery = (Scoped, RecurringPage);

/// Page of recurring actions.
pub(in crate::http) struct RecurringPage {
    status: Option<String>,
    part: RecurringPart,
}

impl FromQuery for RecurringPage {
    fn names() -> Vec<&'static str> {
        vec!["status", "limit", "offset", "cursor"]
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        Ok(Self {
            status: word(parameters, "status", &STATUSES)?,
            part: RecurringPart {
                after: parameters.parsed("cursor", "the next_cursor of the page before", id)?,
                offset: parameters
                    .parsed("offset", "a number up to 5000", |text| {
                        text.parse().ok().filter(|offset| *offset <= MAX_OFFSET)
                    })?
                    .unwrap_or(0),
                limit: limit(parameters, DEFAULT_PAGE)?,
            },
        })
    }
}

/// Id of a recurring action as a cursor has it: those of the gateway's own making, and those made of keys.
fn id(text: &str) -> Option<Arc<str>> {
    let is_id = |letter: u8| matches!(letter, b'0'..=b'9' | b'a'..=b'z' | b'-');
    let fits = (1..=MAX_ID).contains(&text.len()) && text.bytes().all(is_id);
    fits.then(|| text.into())
}

pub(in crate::http) async fn list(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Query((asked, page)): Query<RecurringQuery>,
) -> Result<Json<RecurringActions>, Refusal> {
    let _turn = state.reads.take().await?;
    let RecurringList { actions, next } = state
        .gateway
        .recurring_actions(&asked.of(&caller), page.status.as_deref(), page.part)
        .await?;
    Ok(Json(RecurringActions {
        count: actions.len(),
        recurring_actions: actions.iter().map(|found| listed(&state, found)).collect(),
        next_cursor: next.map(|next| next.to_string()),
    }))
}

/// Parameters of a look at one recurring action.
pub(in crate::http) type OneQuery = (Scoped, Ahead);

pub(in crate::http) async fn get(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query((asked, Ahead(ahead))): Query<OneQuery>,
) -> Result<Json<Shown>, Refusal> {
    let _turn = state.reads.take().await?;
    let found = state.gateway.recurring(&asked.of(&caller), &id).await?;
    let next = match ahead {
        Some(count) => Some(occurrences_of(&state, &found, count)?),
        None => None,
    };
    shown(&state, &found, next).map(Json)
}

pub(in crate::http) async fn update(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    JsonBody(update): JsonBody<RecurringUpdate>,
) -> Result<Json<Shown>, Refusal> {
    let scope = within(asked.of(&caller), &update.which)?;
    let _turn = state.reads.take().await?;
    let found = state
        .gateway
        .redefine_recurring((&scope, &caller), &id, |before| update.apply(before))
        .await?;
    shown(&state, &found, None).map(Json)
}

pub(in crate::http) async fn delete(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    _: NoBody,
) -> Result<StatusCode, Refusal> {
    let _turn = state.reads.take().await?;
    state
        .gateway
        .delete_recurring(&asked.of(&caller), &id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(in crate::http) async fn pause(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    body: Incoming,
) -> Result<Json<Shown>, Refusal> {
    let which = body.read_or_nothing::<Which>(state.clock.now()).await?;
    let scope = within(asked.of(&caller), &which.unwrap_or_default())?;
    let _turn = state.reads.take().await?;
    let found = state.gateway.pause_recurring(&scope, &id).await?;
    shown(&state, &found, None).map(Json)
}

pub(in crate::http) async fn resume(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    body: Incoming,
) -> Result<Json<Shown>, Refusal> {
    let which = body.read_or_nothing::<Which>(state.clock.now()).await?;
    let scope = within(asked.of(&caller), &which.unwrap_or_default())?;
    let _turn = state.reads.take().await?;
    let found = state.gateway.resume_recurring(&scope, &id).await?;
    shown(&state, &found, None).map(Json)
}

pub(in crate::http) async fn backfill(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    JsonBody(span): JsonBody<BackfillSpan>,
) -> Result<Json<Backfilled>, Refusal> {
    let scope = within(asked.of(&caller), &span.which)?;
    let _turn = state.replays.take().await?;
    let found = state
        .gateway
        .backfill_recurring(&scope, &id, (span.start, span.end), span.limit, &caller)
        .await?;
    Ok(Json(Backfilled {
        id,
        occurrences: found.len(),
        dispatched: found.iter().filter(|found| found.answer.is_ok()).count(),
        results: found.iter().map(backfilled).collect(),
    }))
}

/// Scope within the namespace and tenant that a body repeats.
pub(in crate::http) fn within(mut scope: Scope, which: &Which) -> Result<Scope, Refusal> {
    let differs = |name: &str, asked: &str| {
        let message = format!("is another than the {name} of the query, which is {asked:?}");
        Refusal::field(name, message)
    };
    match (&scope.namespace, &which.namespace) {
        (Some(asked), Some(said)) if asked != said => {
            return Err(differs("namespace", asked.as_str()));
        }
        _ => {}
    }
    match (&scope.tenant, &which.tenant) {
        (Some(asked), Some(said)) if asked != said => {
            return Err(differs("tenant", asked.as_str()));
        }
        _ => {}
    }
    scope.namespace = which.namespace.clone().or(scope.namespace);
    scope.tenant = which.tenant.clone().or(scope.tenant);
    Ok(scope)
}

impl From<RecurringError> for Refusal {
    fn from(error: RecurringError) -> Self {
        let message = error.to_string();
        match error {
            RecurringError::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message),
            RecurringError::Limit(_) => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "RECURRING_LIMIT", message)
            }
            RecurringError::NeverOccurs { field, why } => Self::field(field, why),
            RecurringError::Contended(_) => {
                let mut refusal = Self::new(StatusCode::CONFLICT, "CONFLICT", message);
                refusal.body.retryable = true;
                refusal
            }
            RecurringError::Forbidden(_) => Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", message),
            RecurringError::Dispatch(error) => error.into(),
            RecurringError::Conflict { .. } => Self::new(StatusCode::CONFLICT, "CONFLICT", message),
            RecurringError::Used(_) => Self::new(StatusCode::CONFLICT, "ID_CONFLICT", message),
            RecurringError::Payload(message) => {
                Self::field("payload", format!("could not be sent: {message}"))
            }
            RecurringError::DedupKey(message) => Self::field("dedup_key", message),
            RecurringError::Template(message) => Self::field("template", message),
            RecurringError::Provider(message) => Self::field("provider", message),
            RecurringError::Calendar(message) => Self::field("calendar", message),
            RecurringError::Invalid(_) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "UNREADABLE", message)
            }
            RecurringError::Store(error) => error.into(),
        }
    }
}
