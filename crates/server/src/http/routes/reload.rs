//! `POST /admin/reload`: reads everything anew, as SIGHUP does, and says what came of it.

use std::sync::Arc;

use acteon_core::json::head;
use acteon_core::limits::{MAX_FAULT_BYTES, MAX_FAULTS};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::config::{Changes, ConfigError};
use crate::http::error::Refusal;
use crate::http::extract::body::NoBody;
use crate::http::extract::caller::{MayManageRules, check_everything};
use crate::http::extract::query::NoQuery;
use crate::http::state::AppState;

/// Most changes that an answer lists.
const MAX_LISTED: usize = 100;

/// The configuration first: its keys open what stands in the file of the API keys.
pub(in crate::http) async fn all(
    MayManageRules(caller): MayManageRules,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
    _: NoBody,
) -> Result<Response, Refusal> {
    check_everything(&caller)?;
    tracing::info!(caller = %caller.id, "reading the configuration, rules and API keys anew");
    let configuration = state.configuration.reload(&state.gateway).await;
    let (keys, rules) = tokio::join!(state.auth.reload(), state.rules.reload(&state.gateway));
    let mut errors = Vec::new();
    if let Err(error) = &configuration {
        errors.extend(problems("the configuration", error));
    }
    if let Err(error) = &keys {
        errors.extend(problems("the API keys", error));
    }
    if let Err(error) = &rules {
        errors.push(format!("the rules: {error}"));
    }
    let read = json!({
        "configuration": configuration.ok().flatten().as_ref().map(shown),
        "api_keys": keys.ok().and_then(|()| state.auth.len()),
        "rules": rules.ok().filter(|_| state.rules.directory().is_some()),
    });
    let message =
        "not everything could be read anew; where it could not, what was before stays in force";
    answer("INVALID_CONFIGURATION", message, read, &errors)
}

/// The answer to a reload: what is in force now, and what is wrong, line by line. With the latter it is a refusal.
pub(in crate::http) fn answer(
    code: &str,
    message: &str,
    mut read: Value,
    errors: &[String],
) -> Result<Response, Refusal> {
    read["errors"] = errors
        .iter()
        .take(MAX_FAULTS)
        .map(|error| head(error, MAX_FAULT_BYTES))
        .collect();
    if errors.is_empty() {
        return Ok(Json(read).into_response());
    }
    let refusal = Refusal::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        code,
        format!("{message}: {}", errors.join("; ")),
    );
    let Ok(Value::Object(mut body)) = serde_json::to_value(&*refusal.body) else {
        return Err(refusal);
    };
    body.extend(
        read.as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    Ok((refusal.status, Json(body)).into_response())
}

/// What is in force now, and what waits for the next start.
fn shown(changes: &Changes) -> Value {
    let Changes {
        providers,
        others,
        at_start,
    } = changes;
    let of_providers = providers
        .iter()
        .flat_map(|(name, keys)| keys.iter().map(move |key| format!("{name}: {key}")));
    let in_force = of_providers.chain(
        others
            .iter()
            .map(|(section, key)| format!("{section}.{key}")),
    );
    json!({ "changed": listed(in_force.collect()), "needs_restart": listed(at_start.clone()) })
}

fn listed(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > MAX_LISTED {
        let rest = format!("and {} more, which the log tells", lines.len() - MAX_LISTED);
        lines.truncate(MAX_LISTED);
        lines.push(rest);
    }
    lines
}

fn problems(of: &str, error: &ConfigError) -> Vec<String> {
    match error {
        ConfigError::Unreadable(message) => vec![format!("{of}: {message}")],
        ConfigError::Wrong { diagnostics, .. } => diagnostics
            .iter()
            .map(|diagnostic| format!("{of}: {diagnostic}"))
            .collect(),
    }
}
