//! `/v1/scheduled`: actions that wait for their instants.

use std::sync::Arc;

use acteon_api::{ScheduledActionBody, ScheduledActions};
use acteon_core::Timestamp;
use acteon_core::limits::MAX_SCHEDULE;
use acteon_gateway::{ScheduleError, ScheduledAction, ScheduledList};
use acteon_store::Cursor;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::http::error::Refusal;
use crate::http::extract::body::NoBody;
use crate::http::extract::caller::{MayDispatch, MayRead};
use crate::http::extract::json_body::{FromBody, JsonBody};
use crate::http::extract::path::Path;
use crate::http::extract::query::{FromQuery, Parameters, Query};
use crate::http::extract::scope::Scoped;
use crate::http::filter::{cursor_text, limit, parse_cursor};
use crate::http::routes::actions::action_id;
use crate::http::shape::{Field, FieldType, FieldValues, Shape};
use crate::http::state::AppState;

/// Rows of a page whose caller does not say.
const DEFAULT_PAGE: usize = 100;

/// Which scheduled actions to list.
pub(in crate::http) type ScheduledQuery = (Scoped, ScheduledPage);

/// A page of scheduled actions.
pub(in crate::http) struct ScheduledPage {
    after: Option<Cursor>,
    limit: usize,
}

impl FromQuery for ScheduledPage {
    fn names() -> Vec<&'static str> {
        vec!["limit", "cursor"]
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        Ok(Self {
            after: parameters.parsed(
                "cursor",
                "the next_cursor of the page before",
                parse_cursor,
            )?,
            limit: limit(parameters, DEFAULT_PAGE)?,
        })
    }
}

const MOVE: Shape = Shape {
    what: "the instant that a scheduled action moves to",
    code: "INVALID_BODY",
    fields: &[&[Field::needed("scheduled_at", FieldType::Time)]],
};

/// The instant that a scheduled action moves to.
pub(in crate::http) struct NewInstant(Timestamp);

impl FromBody for NewInstant {
    const SHAPE: &'static Shape = &MOVE;

    fn example() -> Value {
        json!({ "scheduled_at": "2026-01-31T09:00:00+08:00" })
    }

    fn from_fields(mut values: FieldValues<'_>, now: Timestamp) -> Result<Self, Refusal> {
        let at = values
            .time("scheduled_at")
            .ok_or_else(|| Refusal::field("scheduled_at", "is missing"))?;
        match too_far(at, now) {
            Some(message) => Err(Refusal::field("scheduled_at", message)),
            None => Ok(Self(at)),
        }
    }
}

/// Why an action cannot be scheduled for an instant, if that lies too far ahead.
pub(in crate::http) fn too_far(at: Timestamp, now: Timestamp) -> Option<String> {
    let farthest = now + MAX_SCHEDULE;
    (at > farthest).then(|| {
        format!(
            "must not be more than a year (366 days) ahead, is {at}; the farthest is {farthest}"
        )
    })
}

pub(in crate::http) async fn list(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Query((asked, page)): Query<ScheduledQuery>,
) -> Result<Json<ScheduledActions>, Refusal> {
    let _turn = state.reads.take().await?;
    let ScheduledList { actions, next } = state
        .gateway
        .scheduled(asked.of(&caller), page.after, page.limit)
        .await?;
    Ok(Json(ScheduledActions {
        count: actions.len(),
        scheduled: actions.iter().map(shown).collect(),
        next_cursor: next.map(cursor_text),
    }))
}

pub(in crate::http) async fn get(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
) -> Result<Json<ScheduledActionBody>, Refusal> {
    let (scope, id) = (asked.of(&caller), action_id(&id)?);
    let _turn = state.reads.take().await?;
    let action = state.gateway.scheduled_action(&scope, &id).await?;
    Ok(Json(shown(&action)))
}

pub(in crate::http) async fn cancel(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    _: NoBody,
) -> Result<StatusCode, Refusal> {
    let (scope, id) = (asked.of(&caller), action_id(&id)?);
    let _turn = state.reads.take().await?;
    state.gateway.cancel_scheduled(&scope, &id, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(in crate::http) async fn reschedule(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    JsonBody(NewInstant(at)): JsonBody<NewInstant>,
) -> Result<Json<ScheduledActionBody>, Refusal> {
    let (scope, id) = (asked.of(&caller), action_id(&id)?);
    let _turn = state.reads.take().await?;
    let action = state.gateway.reschedule(&scope, &id, at).await?;
    Ok(Json(shown(&action)))
}

fn shown(action: &ScheduledAction) -> ScheduledActionBody {
    ScheduledActionBody {
        action_id: action.action_id.to_string(),
        namespace: action.namespace.to_string(),
        tenant: action.tenant.to_string(),
        provider: action.provider.to_string(),
        action_type: action.action_type.to_string(),
        scheduled_for: action.scheduled_for.to_string(),
        created_at: action.created_at.to_string(),
    }
}

impl From<ScheduleError> for Refusal {
    fn from(error: ScheduleError) -> Self {
        let message = error.to_string();
        match error {
            ScheduleError::NotFound(_) | ScheduleError::Cancelled(_) => {
                Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
            }
            ScheduleError::Begun { .. } => Self::new(StatusCode::CONFLICT, "NOT_WAITING", message),
            ScheduleError::Ambiguous(_) => Self::new(StatusCode::CONFLICT, "AMBIGUOUS_ID", message),
            ScheduleError::Expires { .. } => Self::field("scheduled_at", message),
            ScheduleError::Store(error) => error.into(),
        }
    }
}
