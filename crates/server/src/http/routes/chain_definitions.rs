//! `/v1/chains/definitions`: definitions of chains.

use std::sync::Arc;

use acteon_api::{ChainDefinitionSummary, ChainDefinitions};
use acteon_core::Scope;
use acteon_core::json::{members, text};
use acteon_flows::chain::view::{Dag, dag_of_definition};
use acteon_flows::chain::{Definition, OnChainFailure, limits};
use acteon_gateway::ChainError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::de::IgnoredAny;

use crate::http::error::Refusal;
use crate::http::extract::body::{Incoming, NoBody};
use crate::http::extract::caller::{MayManageRules, MayReadRules, check_everything};
use crate::http::extract::path::Path;
use crate::http::extract::query::NoQuery;
use crate::http::shape::unreadable;
use crate::http::state::AppState;

pub(in crate::http) async fn list(
    MayReadRules(_): MayReadRules,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
) -> Json<ChainDefinitions> {
    let definitions = state.gateway.chain_definitions();
    Json(ChainDefinitions {
        count: definitions.len(),
        definitions: definitions.iter().map(|found| listed(found)).collect(),
    })
}

pub(in crate::http) async fn get(
    MayReadRules(_): MayReadRules,
    State(state): State<Arc<AppState>>,
    Path(name): Path<String>,
    _: NoQuery,
) -> Result<Json<Arc<Definition>>, Refusal> {
    Ok(Json(state.gateway.chain_definition(&name)?))
}

pub(in crate::http) async fn put(
    MayManageRules(caller): MayManageRules,
    State(state): State<Arc<AppState>>,
    Path(name): Path<String>,
    _: NoQuery,
    body: Incoming,
) -> Result<Json<Arc<Definition>>, Refusal> {
    check_everything(&caller)?;
    let json = body.text().await?.to_owned();
    if json.len() <= limits::MAX_DEFINITION_BYTES {
        serde_json::from_str::<IgnoredAny>(&json)
            .map_err(|error| unreadable(&json, "the definition of a chain", &error))?;
        check_name(&name, &json)?;
    }
    let _turn = state.reads.take().await?;
    let scope = Scope::of(&caller.grants);
    Ok(Json(state.gateway.put_chain(&scope, json).await?))
}

pub(in crate::http) async fn delete(
    MayManageRules(caller): MayManageRules,
    State(state): State<Arc<AppState>>,
    Path(name): Path<String>,
    _: NoQuery,
    _: NoBody,
) -> Result<StatusCode, Refusal> {
    check_everything(&caller)?;
    let scope = Scope::of(&caller.grants);
    state.gateway.delete_chain(&scope, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(in crate::http) async fn dag(
    MayReadRules(_): MayReadRules,
    State(state): State<Arc<AppState>>,
    Path(name): Path<String>,
    _: NoQuery,
) -> Result<Json<Dag>, Refusal> {
    let definition = state.gateway.chain_definition(&name)?;
    Ok(Json(dag_of_definition(&definition)))
}

fn listed(definition: &Definition) -> ChainDefinitionSummary {
    ChainDefinitionSummary {
        name: definition.name.clone(),
        version: definition.version,
        steps_count: definition.steps.len(),
        has_branches: definition.has_branches(),
        has_parallel: definition.has_parallel(),
        has_sub_chains: definition.has_sub_chains(),
        on_failure: match definition.on_failure {
            OnChainFailure::Abort => "abort".to_owned(),
            OnChainFailure::AbortNoDlq => "abort_no_dlq".to_owned(),
        },
        timeout_seconds: definition.timeout_seconds,
    }
}

/// Refuses a definition that has another name than its path. What is no definition at all is told by who reads it.
fn check_name(name: &str, json: &str) -> Result<(), Refusal> {
    let members = members(json).unwrap_or_default();
    let own = members.iter().find(|member| member.name() == "name");
    let own = own.and_then(|member| text(member.value));
    match own {
        Some(own) if *own != *name => {
            let message = format!(
                "the definition is named {own:?}, and the path names {name:?}; expected the same name twice"
            );
            Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "NAME_MISMATCH",
                message,
            ))
        }
        Some(_) | None => Ok(()),
    }
}

impl From<ChainError> for Refusal {
    fn from(error: ChainError) -> Self {
        match error {
            ChainError::Problems(problems) => {
                let message = match &problems[..] {
                    [one] => one.to_string(),
                    [first, ..] => format!("{first}; and {} more, see details", problems.len() - 1),
                    [] => "the definition is wrong".to_owned(),
                };
                let mut refusal =
                    Self::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID_CHAIN", message);
                refusal.body.details = problems.iter().map(ToString::to_string).collect();
                refusal
            }
            ChainError::Policy(error) => error.into(),
        }
    }
}
