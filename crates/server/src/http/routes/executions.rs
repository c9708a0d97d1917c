//! `/v1/executions`: executions of chains by another name, with signals, attributes, and what is done over.

use std::sync::Arc;

use acteon_api::{ExecutionBody, Executions, SignalSent};
use acteon_core::Requesters;
use acteon_flows::chain::AskedReset;
use acteon_flows::chain::view::{Event, events, summary};
use acteon_gateway::{ChainFilter, ChainSummary, Execution, ExecutionError};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::http::chain_bodies::{ChainAttributes, ResetChain, SignalChain};
use crate::http::error::Refusal;
use crate::http::extract::body::Incoming;
use crate::http::extract::caller::{MayDispatch, MayRead};
use crate::http::extract::idempotency::IdempotencyKey;
use crate::http::extract::json_body::JsonBody;
use crate::http::extract::path::Path;
use crate::http::extract::query::{FromQuery, Parameters, Query};
use crate::http::extract::scope::Scoped;
use crate::http::routes::chains::ChainPage;
use crate::http::routes::recurring::within;
use crate::http::state::AppState;

/// Which executions to list.
pub(in crate::http) type ExecutionsQuery = (Scoped, ChainPage, ExecutionFilter);

/// Filters of executions beside those of chains.
pub(in crate::http) struct ExecutionFilter(ChainFilter);

impl FromQuery for ExecutionFilter {
    fn names() -> Vec<&'static str> {
        vec!["chain_name", "started_after", "started_before", "attr"]
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let attribute = |text: &str| {
            let (name, text) = text.split_once('=')?;
            (!name.is_empty()).then(|| (name.to_owned(), text.to_owned()))
        };
        Ok(Self(ChainFilter {
            name: parameters.get("chain_name").map(str::to_owned),
            started_after: parameters.time("started_after")?,
            started_before: parameters.time("started_before")?,
            attribute: parameters.parsed("attr", "an attribute as name=text", attribute)?,
            ..ChainFilter::default()
        }))
    }
}

/// What happened in an execution.
#[derive(Serialize)]
pub(in crate::http) struct ExecutionHistory {
    execution_id: String,
    events: Vec<Event>,
}

pub(in crate::http) async fn list(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Query((asked, ChainPage(page), ExecutionFilter(filter))): Query<ExecutionsQuery>,
) -> Result<Json<Executions>, Refusal> {
    let filter = ChainFilter {
        status: page.status,
        after: page.after,
        limit: page.limit,
        ..filter
    };
    let _turn = state.reads.take().await?;
    let found = state.gateway.chains(&asked.of(&caller), filter).await?;
    Ok(Json(Executions {
        count: found.chains.len(),
        executions: found.chains.into_iter().map(listed).collect(),
        next_cursor: found.next.map(|next| next.to_string()),
    }))
}

pub(in crate::http) async fn get(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
) -> Result<Json<ExecutionBody>, Refusal> {
    let _turn = state.reads.take().await?;
    let found = state.gateway.chain(&asked.of(&caller), &id).await?;
    shown(&found).map(Json)
}

pub(in crate::http) async fn history(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
) -> Result<Json<ExecutionHistory>, Refusal> {
    let _turn = state.reads.take().await?;
    let found = state.gateway.chain(&asked.of(&caller), &id).await?;
    Ok(Json(ExecutionHistory {
        events: events(&found.body).map_err(ExecutionError::from)?,
        execution_id: found.body.id,
    }))
}

pub(in crate::http) async fn signal(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Path((id, name)): Path<(String, String)>,
    Query(asked): Query<Scoped>,
    body: Incoming,
) -> Result<Json<SignalSent>, Refusal> {
    let signal = body
        .read_or_nothing::<SignalChain>(state.clock.now())
        .await?;
    let signal = signal.unwrap_or_default();
    let scope = within(asked.of(&caller), &signal.which)?;
    let payload = signal.payload.unwrap_or_else(|| RawValue::NULL.to_owned());
    let _turn = state.reads.take().await?;
    let found = state
        .gateway
        .signal_chain(&scope, &id, &name, &payload)
        .await?;
    Ok(Json(SignalSent {
        execution_id: found.body.id,
        signal_name: name,
        status: "delivered".to_owned(),
    }))
}

pub(in crate::http) async fn set_attributes(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    JsonBody(body): JsonBody<ChainAttributes>,
) -> Result<Json<ExecutionBody>, Refusal> {
    let scope = within(asked.of(&caller), &body.which)?;
    let _turn = state.reads.take().await?;
    let found = state
        .gateway
        .set_chain_attributes(&scope, &id, &body.attributes)
        .await?;
    shown(&found).map(Json)
}

pub(in crate::http) async fn reset(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    IdempotencyKey(key): IdempotencyKey,
    body: Incoming,
) -> Result<(StatusCode, Json<ExecutionBody>), Refusal> {
    let reset = body
        .read_or_nothing::<ResetChain>(state.clock.now())
        .await?;
    let reset = reset.unwrap_or_default();
    let scope = within(asked.of(&caller), &reset.which)?;
    let _turn = state.reads.take().await?;
    let by = Requesters::of(&caller);
    let asked = AskedReset {
        by: Some(&by),
        from: reset.from_step.as_deref(),
        key: key.as_deref(),
    };
    let found = state.gateway.reset_chain(&scope, &id, asked).await?;
    Ok((StatusCode::CREATED, Json(shown(&found)?)))
}

fn shown(found: &Execution) -> Result<ExecutionBody, Refusal> {
    let summary = summary(&found.body, &found.status).map_err(ExecutionError::from)?;
    let origin = &found.body.origin;
    Ok(ExecutionBody {
        reset_of: found.body.reset_of.clone(),
        ..listed(ChainSummary {
            summary,
            namespace: origin.namespace.to_string(),
            tenant: origin.tenant.to_string(),
            attributes: found.body.attributes.clone(),
        })
    })
}

fn listed(found: ChainSummary) -> ExecutionBody {
    let summary = found.summary;
    ExecutionBody {
        execution_id: summary.chain_id,
        chain_name: summary.chain_name,
        status: summary.status,
        current_step: summary.current_step,
        total_steps: summary.total_steps,
        namespace: found.namespace,
        tenant: found.tenant,
        started_at: summary.started_at.to_string(),
        updated_at: summary.updated_at.to_string(),
        parent_execution_id: summary.parent_chain_id,
        reset_of: None,
        attributes: found.attributes,
    }
}
