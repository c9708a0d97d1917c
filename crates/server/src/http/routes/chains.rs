//! `/v1/chains`: executions of chains.

use std::sync::Arc;

use acteon_core::Caller;
use acteon_flows::chain::view::{
    Dag, Detail, History, Summary, dag_of_execution, detail, history as attempts,
};
use acteon_flows::chain::{Refused, is_chain_id};
use acteon_gateway::{ChainFilter, Execution, ExecutionError};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use crate::http::chain_bodies::CancelChain;
use crate::http::error::Refusal;
use crate::http::extract::body::Incoming;
use crate::http::extract::caller::{MayDispatch, MayRead};
use crate::http::extract::path::Path;
use crate::http::extract::query::{FromQuery, Parameters, Query};
use crate::http::extract::scope::Scoped;
use crate::http::filter::{limit, word};
use crate::http::routes::recurring::within;
use crate::http::state::AppState;

/// Rows of a page whose caller does not say.
const DEFAULT_PAGE: usize = 100;

/// Longest id that a cursor may have.
const MAX_ID: usize = 128;

/// Words of statuses.
pub(in crate::http) const STATUSES: [&str; 11] = [
    "running",
    "completed",
    "failed",
    "cancelled",
    "timed_out",
    "waiting_sub_chain",
    "waiting_parallel",
    "waiting_timer",
    "waiting_signal",
    "waiting_approval",
    "stuck",
];

/// Which executions to list.
pub(in crate::http) type ChainsQuery = (Scoped, ChainPage);

/// Page of executions.
pub(in crate::http) struct ChainPage(pub(in crate::http) ChainFilter);

impl FromQuery for ChainPage {
    fn names() -> Vec<&'static str> {
        vec!["status", "limit", "cursor"]
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        Ok(Self(ChainFilter {
            status: word(parameters, "status", &STATUSES)?,
            after: parameters.parsed("cursor", "the next_cursor of the page before", id)?,
            limit: limit(parameters, DEFAULT_PAGE)?,
            ..ChainFilter::default()
        }))
    }
}

/// Id of an execution as a cursor has it.
fn id(text: &str) -> Option<Arc<str>> {
    (text.len() <= MAX_ID && is_chain_id(text)).then(|| text.into())
}

/// Page of executions.
#[derive(Serialize)]
pub(in crate::http) struct ChainPageBody {
    count: usize,
    chains: Vec<Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

pub(in crate::http) async fn list(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Query((asked, ChainPage(filter))): Query<ChainsQuery>,
) -> Result<Json<ChainPageBody>, Refusal> {
    let _turn = state.reads.take().await?;
    let found = state.gateway.chains(&asked.of(&caller), filter).await?;
    Ok(Json(ChainPageBody {
        count: found.chains.len(),
        chains: found.chains.into_iter().map(|row| row.summary).collect(),
        next_cursor: found.next.map(|next| next.to_string()),
    }))
}

pub(in crate::http) async fn get(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
) -> Result<Json<Detail>, Refusal> {
    let _turn = state.reads.take().await?;
    let found = state.gateway.chain(&asked.of(&caller), &id).await?;
    shown(&found).map(Json)
}

pub(in crate::http) async fn history(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
) -> Result<Json<History>, Refusal> {
    let _turn = state.reads.take().await?;
    let found = state.gateway.chain(&asked.of(&caller), &id).await?;
    let history = attempts(&found.body, &found.status).map_err(ExecutionError::from)?;
    Ok(Json(history))
}

pub(in crate::http) async fn dag(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
) -> Result<Json<Dag>, Refusal> {
    let _turn = state.reads.take().await?;
    let found = state.gateway.chain(&asked.of(&caller), &id).await?;
    let dag = dag_of_execution(&found.body, &found.status).map_err(ExecutionError::from)?;
    Ok(Json(dag))
}

pub(in crate::http) async fn cancel(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    body: Incoming,
) -> Result<Json<Detail>, Refusal> {
    let wish = body
        .read_or_nothing::<CancelChain>(state.clock.now())
        .await?;
    let wish = wish.unwrap_or_default();
    let scope = within(asked.of(&caller), &wish.which)?;
    let by = by(wish.cancelled_by, &caller);
    let _turn = state.reads.take().await?;
    let found = state
        .gateway
        .cancel_chain(&scope, &id, wish.reason.as_deref(), by.as_deref())
        .await?;
    shown(&found).map(Json)
}

/// Who cancels: whom the body names, and the key that it came with.
fn by(named: Option<String>, caller: &Caller) -> Option<String> {
    match (named, &*caller.id) {
        (named, "") => named,
        (None, key) => Some(key.to_owned()),
        (Some(named), key) if named == key => Some(named),
        (Some(named), key) => Some(format!("{named} ({key})")),
    }
}

/// Execution with its steps.
pub(in crate::http) fn shown(found: &Execution) -> Result<Detail, Refusal> {
    Ok(detail(&found.body, &found.status).map_err(ExecutionError::from)?)
}

impl From<ExecutionError> for Refusal {
    fn from(error: ExecutionError) -> Self {
        let message = error.to_string();
        match error {
            ExecutionError::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message),
            ExecutionError::Refused(
                Refused::NotActive(_)
                | Refused::Active(_)
                | Refused::OfAnother(_)
                | Refused::DoneOver { .. }
                | Refused::TooDeep
                | Refused::Expired(_)
                | Refused::OtherReset(_)
                | Refused::TooMany,
            ) => Self::new(StatusCode::CONFLICT, "CONFLICT", message),
            ExecutionError::Refused(Refused::ResetKey(_)) => {
                Self::new(StatusCode::BAD_REQUEST, "INVALID_HEADER", message)
            }
            ExecutionError::Refused(Refused::NotReached { .. }) => {
                Self::refused_field("from_step", &message)
            }
            ExecutionError::Refused(Refused::Attributes(_)) => {
                Self::refused_field("attributes", &message)
            }
            ExecutionError::Refused(Refused::UnknownSignal { .. }) => {
                Self::new(StatusCode::NOT_FOUND, "NO_SUCH_SIGNAL", message)
            }
            ExecutionError::Refused(Refused::TooLong(_)) => {
                Self::refused_field("payload", &message)
            }
            ExecutionError::Contended(_) => {
                let mut refusal = Self::new(StatusCode::CONFLICT, "CONFLICT", message);
                refusal.body.retryable = true;
                refusal
            }
            ExecutionError::Refused(Refused::Invalid(_)) | ExecutionError::Invalid(_) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "UNREADABLE", message)
            }
            ExecutionError::Store(error) => error.into(),
        }
    }
}
