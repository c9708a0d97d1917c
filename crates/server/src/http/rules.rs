//! `/v1/rules`: looking, trying, switching, reloading.

use std::collections::BTreeMap;
use std::sync::Arc;

use acteon_core::json::head;
use acteon_core::limits::{MAX_FAULT_BYTES, MAX_FAULTS};
use acteon_core::{Action, ActionId, ActionType, Namespace, Outcome, Priority, ProviderName, Tenant, Timestamp};
use acteon_rules::{EvaluateOptions, Evaluation, Facts};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::AppState;
use super::access::{MayManageRules, MayReadRules, check_everything, check_scope};
use super::body::Incoming;
use super::dispatch::json as json_text;
use super::offload::off_runtime;
use super::path::Path;
use super::record::written;
use super::refusal::Refusal;
use crate::rules::RulesError;

pub(super) async fn list(_: MayReadRules, State(state): State<Arc<AppState>>) -> Result<Response, Refusal> {
    let _turn = state.reads.take().await?;
    let rules = state.gateway.rules();
    let shown = |(rule, enabled): (&acteon_rules::Rule, bool)| {
        json!({
            "name": rule.name(), "priority": rule.priority(), "enabled": enabled, "description": rule.description(),
            "action": rule.verdict().tag(), "condition": rule.condition(), "source": rule.source(),
        })
    };
    let list = move || written(&rules.rules().map(shown).collect::<Vec<Value>>());
    Ok(json_text(StatusCode::OK, off_runtime(usize::MAX, list).await??))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Enabled {
    enabled: bool,
}

pub(super) async fn set_enabled(
    MayManageRules(caller): MayManageRules,
    State(state): State<Arc<AppState>>,
    Path(name): Path<String>,
    body: Incoming,
) -> Result<Json<Value>, Refusal> {
    check_everything(&caller)?;
    let Enabled { enabled } = body.object().await?;
    state.gateway.set_rule_enabled(&name, enabled).await?;
    tracing::info!(rule = name, enabled, caller = %caller.id, "rule switched");
    Ok(Json(json!({ "name": name, "enabled": enabled, "status": if enabled { "enabled" } else { "disabled" } })))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reload {
    directory: Option<String>,
}

pub(super) async fn reload(
    MayManageRules(caller): MayManageRules,
    State(state): State<Arc<AppState>>,
    body: Incoming,
) -> Result<Response, Refusal> {
    check_everything(&caller)?;
    let Reload { directory: asked } = body.object_or_nothing().await?;
    let directory = state.rules.directory().map(|directory| directory.display().to_string());
    if asked.is_some() && asked != directory {
        let configured = directory.as_deref().unwrap_or("none");
        return Err(Refusal::field("directory", format!("must be the configured one, which is {configured}; leave it out")));
    }
    match state.rules.reload(&state.gateway).await {
        Ok(count) => {
            let mut body = json!({ "loaded": count, "reloaded": count, "directory": directory, "errors": [] });
            let left_out = state.rules.left_out();
            if !left_out.is_empty() {
                body["warnings"] = json!(left_out.iter().take(MAX_FAULTS).collect::<Vec<_>>());
            }
            Ok(Json(body).into_response())
        }
        Err(error) => {
            let message = format!("the rules before stay in force: {error}");
            let refusal = Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID_RULES", message);
            let errors: Vec<String> = match &error {
                RulesError::Wrong(wrong) => {
                    wrong.0.iter().take(MAX_FAULTS).map(|wrong| head(&wrong.to_string(), MAX_FAULT_BYTES).to_owned()).collect()
                }
                RulesError::Unreadable(..) => vec![error.to_string()],
            };
            let mut body = serde_json::to_value(&*refusal.body).unwrap_or_default();
            body["loaded"] = json!(state.gateway.rules().len());
            body["errors"] = json!(errors);
            Ok((refusal.status, Json(body)).into_response())
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hypothesis {
    namespace: Namespace,
    tenant: Tenant,
    provider: ProviderName,
    action_type: ActionType,
    payload: Box<RawValue>,
    #[serde(default)]
    metadata: Option<BTreeMap<String, String>>,
    #[serde(default)]
    include_disabled: bool,
    #[serde(default)]
    evaluate_all: bool,
    evaluate_at: Option<Timestamp>,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    dedup_key: Option<String>,
    status: Option<String>,
    fingerprint: Option<String>,
    /// No condition of this version reads state.
    #[serde(rename = "mock_state")]
    _mock_state: Option<IgnoredAny>,
}

/// A decision, and what silences and time intervals then do.
#[derive(Serialize)]
struct Evaluated<'a> {
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    /// The tag of the outcome at that instant, up to the gate: quotas, throttles and keys are a dry run's.
    would_be: &'static str,
    /// The outcome, where a silence or a time interval holds the action back.
    held_back: Option<&'a Outcome>,
}

/// Decides about an action that is not there, and shows every step. Changes nothing.
pub(super) async fn evaluate(
    MayReadRules(caller): MayReadRules,
    State(state): State<Arc<AppState>>,
    body: Incoming,
) -> Result<Response, Refusal> {
    let (asked, _turn): (Hypothesis, _) = body.object_in_turn(&state.asides).await?;
    check_scope(&caller, asked.namespace.as_str(), asked.tenant.as_str())?;
    let now = asked.evaluate_at.unwrap_or_else(|| state.clock.now());
    let id = ActionId::parse("playground").map_err(|error| Refusal::field("id", error.to_string()))?;
    let action = Action {
        id,
        namespace: asked.namespace,
        tenant: asked.tenant,
        provider: asked.provider,
        action_type: asked.action_type,
        payload: asked.payload,
        metadata: asked.metadata.unwrap_or_default(),
        dedup_key: asked.dedup_key,
        status: asked.status,
        fingerprint: asked.fingerprint,
        starts_at: asked.starts_at,
        ends_at: asked.ends_at,
        created_at: now,
        expires_at: asked.expires_at,
        priority: Priority::default(),
    };
    let options = EvaluateOptions { include_disabled: asked.include_disabled, evaluate_all: asked.evaluate_all };
    // Every rule is looked at, and every step written down.
    let trying = Arc::clone(&state);
    let evaluated = state.gateway.aside(move || {
        let mut evaluation = trying.gateway.rules().evaluate(&Facts::new(&action, now), options, &*trying.clock);
        evaluation.context["environment_keys"] = trying.rules.context().env.keys().map(String::as_str).collect();
        let held_back = trying.gateway.would_hold_back(&action, evaluation.matched_rule.as_deref(), now);
        let would_be = held_back.as_ref().map_or_else(|| evaluation.would_be(), Outcome::tag);
        written(&Evaluated { evaluation: &evaluation, would_be, held_back: held_back.as_ref() })
    });
    let broke_off = || Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "the evaluation broke off");
    Ok(json_text(StatusCode::OK, evaluated.await.ok_or_else(broke_off)??))
}
