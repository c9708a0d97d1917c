//! `POST /admin/reload`: reads everything again, as SIGHUP does, and reports the result.

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

/// Reads everything again, the configuration first: its keys open what stands in the file of the
/// API keys.
pub(in crate::http) async fn all(
    MayManageRules(caller): MayManageRules,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
    _: NoBody,
) -> Result<Response, Refusal> {
    check_everything(&caller)?;
    tracing::info!(caller = %caller.id, "reading the configuration, rules, people and API keys anew");
    let configuration = state.configuration.reload(&state.gateway).await;
    let (keys, rules, people) = tokio::join!(
        state.auth.reload(),
        state.rules.reload(&state.gateway),
        state.people.reload(&state.gateway)
    );
    let mut errors = Errors::default();
    if let Err(error) = &configuration {
        errors.add("the configuration", error);
    }
    if let Err(error) = &keys {
        errors.add("the API keys", error);
    }
    if let Err(error) = &rules {
        errors.lines.push(format!("the rules: {error}"));
    }
    if let Err(error) = &people {
        errors.add("the people", error);
    }
    let people = people.ok().flatten();
    let read = json!({
        "configuration": configuration.ok().flatten().as_ref().map(shown),
        "api_keys": keys.ok().and_then(|()| state.auth.len()),
        "rules": rules.ok().filter(|_| state.rules.directory().is_some()),
        "people": people.map(|(people, _)| people),
    });
    let message =
        "not everything could be read anew; where it could not, what was before stays in force";
    answer("INVALID_CONFIGURATION", message, read, &errors)
}

/// Answer to a reload: what is in force now, and the errors, line by line. With any error it is a
/// refusal.
pub(in crate::http) fn answer(
    code: &str,
    message: &str,
    mut read: Value,
    Errors { lines, more }: &Errors,
) -> Result<Response, Refusal> {
    let told = lines.iter().take(MAX_FAULTS);
    let untold = lines.len().saturating_sub(MAX_FAULTS) + more;
    read["errors"] = told
        .map(|error| head(error, MAX_FAULT_BYTES).to_owned())
        .chain((untold > 0).then(|| and_more(untold)))
        .collect();
    if lines.is_empty() {
        return Ok(Json(read).into_response());
    }
    let refusal = Refusal::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        code,
        format!("{message}: {}", lines.join("; ")),
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

/// JSON of what is in force now, and what waits for the next start.
fn shown(changes: &Changes) -> Value {
    let Changes {
        providers,
        calendars,
        people,
        others,
        at_start,
    } = changes;
    let of_providers = providers
        .iter()
        .flat_map(|(name, keys)| keys.iter().map(move |key| format!("{name}: {key}")));
    let of_calendars = calendars.iter().map(|name| format!("calendar {name}"));
    let of_others = others
        .iter()
        .map(|(section, key)| format!("{section}.{key}"));
    let in_force = of_providers
        .chain(of_calendars)
        .chain(people.then(|| "people".to_owned()))
        .chain(of_others);
    json!({ "changed": listed(in_force.collect()), "needs_restart": listed(at_start.clone()) })
}

fn listed(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > MAX_LISTED {
        let rest = and_more(lines.len() - MAX_LISTED);
        lines.truncate(MAX_LISTED);
        lines.push(rest);
    }
    lines
}

fn and_more(count: usize) -> String {
    format!("and {count} more, which the log tells")
}

/// Errors of what was read, line by line: the first ones, and the number of further ones.
#[derive(Default)]
pub(in crate::http) struct Errors {
    lines: Vec<String>,
    /// Number of further errors.
    more: usize,
}

impl Errors {
    /// Errors of these lines, cut to what an answer lists.
    pub(in crate::http) fn of(lines: Vec<String>) -> Self {
        Self { lines, more: 0 }
    }

    fn add(&mut self, of: &str, error: &ConfigError) {
        match error {
            ConfigError::Unreadable(message) => self.lines.push(format!("{of}: {message}")),
            ConfigError::Wrong {
                diagnostics, more, ..
            } => {
                let lines = diagnostics.iter();
                self.lines
                    .extend(lines.map(|diagnostic| format!("{of}: {diagnostic}")));
                self.more += more;
            }
        }
    }
}
