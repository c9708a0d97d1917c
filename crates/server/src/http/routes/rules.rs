//! `/v1/rules`: lists, tries, switches and reloads rules.

use std::sync::Arc;

use acteon_core::limits::MAX_FAULTS;
use acteon_core::{Action, ActionId, Outcome, Timestamp};
use acteon_rules::{EvaluateOptions, Evaluation, Facts};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

use crate::http::answer::{self, UNKNOWN, written};
use crate::http::envelope;
use crate::http::error::Refusal;
use crate::http::extract::body::Incoming;
use crate::http::extract::caller::{MayManageRules, MayReadRules, check_everything, check_scope};
use crate::http::extract::json_body::FromBody;
use crate::http::extract::path::Path;
use crate::http::extract::query::NoQuery;
use crate::http::json::json as json_text;
use crate::http::routes::reload::{Errors, answer};
use crate::http::shape::{Field, FieldType, FieldValues, Shape};
use crate::http::state::AppState;
use crate::rules::RulesError;

pub(in crate::http) async fn list(
    _: MayReadRules,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
) -> Result<Response, Refusal> {
    let _turn = state.reads.take().await?;
    let rules = state.gateway.rules();
    let shown = |(rule, enabled): (&acteon_rules::Rule, bool)| {
        json!({
            "name": rule.name(), "priority": rule.priority(), "enabled": enabled, "description": rule.description(),
            "action": rule.verdict().kind().as_str(), "condition": rule.condition(), "source": rule.source(),
        })
    };
    let list = move || written(&rules.rules().map(shown).collect::<Vec<Value>>());
    answer::answer(UNKNOWN, list).await
}

const ENABLED: Shape = Shape {
    what: "whether a rule is on",
    code: "INVALID_BODY",
    fields: &[&[Field::needed("enabled", FieldType::Flag)]],
};

/// Whether a rule is to be on, as a body says.
pub(in crate::http) struct SetEnabled(bool);

impl FromBody for SetEnabled {
    const SHAPE: &'static Shape = &ENABLED;

    fn example() -> Value {
        json!({ "enabled": false })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        let enabled = values.flag("enabled").map(Self);
        enabled.ok_or_else(|| Refusal::field("enabled", "is missing"))
    }
}

pub(in crate::http) async fn set_enabled(
    MayManageRules(caller): MayManageRules,
    State(state): State<Arc<AppState>>,
    Path(name): Path<String>,
    _: NoQuery,
    body: Incoming,
) -> Result<Json<Value>, Refusal> {
    check_everything(&caller)?;
    let SetEnabled(enabled) = body.read(state.clock.now()).await?;
    state.gateway.set_rule_enabled(&name, enabled).await?;
    tracing::info!(rule = name, enabled, caller = %caller.id, "rule switched");
    Ok(Json(
        json!({ "name": name, "enabled": enabled, "status": if enabled { "enabled" } else { "disabled" } }),
    ))
}

const RELOAD: Shape = Shape {
    what: "a directory",
    code: "INVALID_BODY",
    fields: &[&[Field::optional(
        "directory",
        FieldType::Text(MAX_PATH_BYTES),
    )]],
};

/// Longest path of a directory, in bytes, as Linux has it.
const MAX_PATH_BYTES: usize = 4096;

/// Directory in which a caller believes the rules to be.
pub(in crate::http) struct ReloadRequest(Option<String>);

impl FromBody for ReloadRequest {
    const SHAPE: &'static Shape = &RELOAD;

    fn example() -> Value {
        json!({})
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        Ok(Self(values.owned("directory")))
    }
}

pub(in crate::http) async fn reload(
    MayManageRules(caller): MayManageRules,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
    body: Incoming,
) -> Result<Response, Refusal> {
    check_everything(&caller)?;
    let asked = body.read_or_nothing(state.clock.now()).await?;
    let asked = asked.and_then(|ReloadRequest(directory)| directory);
    let directory = state
        .rules
        .directory()
        .map(|directory| directory.display().to_string());
    if asked.is_some() && asked != directory {
        let configured = directory.as_deref().unwrap_or("none");
        return Err(Refusal::field(
            "directory",
            format!("must be the configured one, which is {configured}; leave it out"),
        ));
    }
    match state.rules.reload(&state.gateway).await {
        Ok(count) => {
            let mut read = json!({ "loaded": count, "reloaded": count, "directory": directory });
            let left_out = state.rules.left_out();
            if !left_out.is_empty() {
                read["warnings"] = json!(left_out.iter().take(MAX_FAULTS).collect::<Vec<_>>());
            }
            answer(INVALID, "", read, &Errors::default())
        }
        Err(error) => {
            let errors = Errors::of(match &error {
                RulesError::Wrong(wrong) => wrong.0.iter().map(ToString::to_string).collect(),
                RulesError::Unreadable(..) | RulesError::Overtaken(_) => vec![error.to_string()],
            });
            answer(
                INVALID,
                "the rules before stay in force",
                json!({ "loaded": state.gateway.rules().len() }),
                &errors,
            )
        }
    }
}

/// Code of a refusal where rules cannot be loaded.
const INVALID: &str = "INVALID_RULES";

const EVALUATE_REQUEST: Shape = Shape {
    what: "an action to try the rules on",
    code: "INVALID_BODY",
    fields: &[
        envelope::FIELDS,
        &[
            Field::optional("include_disabled", FieldType::Flag),
            Field::optional("evaluate_all", FieldType::Flag),
            Field::optional("evaluate_at", FieldType::Time),
            // Whoever tries an action that is there need not take these out.
            Field::optional("id", FieldType::Name),
            Field::optional("created_at", FieldType::Time),
            // No condition of this version reads state.
            Field::optional("mock_state", FieldType::Unheeded),
        ],
    ],
};

/// Action to try, for which instant, and with which options.
pub(in crate::http) struct EvaluateRequest {
    action: Action,
    at: Timestamp,
    options: EvaluateOptions,
}

impl FromBody for EvaluateRequest {
    const SHAPE: &'static Shape = &EVALUATE_REQUEST;

    fn example() -> Value {
        json!({ "namespace": "incidents", "tenant": "acme", "provider": "wechat-ops", "action_type": "notify", "payload": { "content": "checkout answers with 503" }, "metadata": { "severity": "critical" }, "evaluate_all": true })
    }

    fn from_fields(mut values: FieldValues<'_>, now: Timestamp) -> Result<Self, Refusal> {
        let include_disabled = values.flag("include_disabled").unwrap_or(false);
        let evaluate_all = values.flag("evaluate_all").unwrap_or(false);
        let at = values.time("evaluate_at").unwrap_or(now);
        let id = values
            .name("id", ActionId::parse)
            .map_or_else(|| ActionId::parse("playground"), Ok);
        let id = id.map_err(|error| Refusal::field("id", error.to_string()))?;
        let created_at = values.time("created_at").unwrap_or(at);
        let action = envelope::made_of(values, id, created_at)?;
        Ok(Self {
            action,
            at,
            options: EvaluateOptions {
                include_disabled,
                evaluate_all,
            },
        })
    }
}

/// Decision of the rules, and what silences and time intervals then do.
#[derive(Serialize)]
struct Evaluated<'a> {
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    /// Tag of the outcome at that instant, as far as rules decide it: quotas, throttles and keys
    /// need a dry run.
    would_be: &'static str,
    /// The outcome, where a silence or a time interval holds the action back.
    held_back: Option<&'a Outcome>,
}

/// `POST /v1/rules/evaluate`: decides about an action that does not exist, and shows every step.
/// Changes nothing.
pub(in crate::http) async fn evaluate(
    MayReadRules(caller): MayReadRules,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
    body: Incoming,
) -> Result<Response, Refusal> {
    let now = state.clock.now();
    let (asked, _turn) = body.read_in_turn(&state.asides, now).await?;
    let EvaluateRequest {
        action,
        at,
        options,
    } = asked;
    check_scope(&caller, action.namespace.as_str(), action.tenant.as_str())?;
    // Every rule is looked at, and every step written down.
    let trying = Arc::clone(&state);
    let evaluated = state.gateway.aside(move || {
        let mut evaluation =
            trying
                .gateway
                .rules()
                .evaluate(&Facts::new(&action, at), options, &*trying.clock);
        evaluation.context["environment_keys"] = trying
            .rules
            .context()
            .env
            .keys()
            .map(String::as_str)
            .collect();
        let held_back =
            trying
                .gateway
                .would_hold_back(&action, evaluation.matched_rule.as_deref(), at);
        let would_be = held_back
            .as_ref()
            .map_or_else(|| evaluation.would_be(), Outcome::as_str);
        written(&Evaluated {
            evaluation: &evaluation,
            would_be,
            held_back: held_back.as_ref(),
        })
    });
    let broke_off = || {
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL",
            "the evaluation broke off",
        )
    };
    Ok(json_text(
        StatusCode::OK,
        evaluated.await.ok_or_else(broke_off)??,
    ))
}
