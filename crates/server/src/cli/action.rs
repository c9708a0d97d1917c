//! Prints one action of the audit trail or of the list of dead letters, which have the same fields
//! under other names.

use serde_json::Value;

use super::screen::{Table, clean, field, inert_json, raw};
use super::when;

/// Lines that are shown of an action: the name of each, and where an answer may have its value.
const LINES: &[(&str, &[&str])] = &[
    ("action", &["/action_id", "/action/id"]),
    ("namespace", &["/namespace", "/action/namespace"]),
    ("tenant", &["/tenant", "/action/tenant"]),
    ("type", &["/action_type", "/action/action_type"]),
    // The audit trail names the provider asked for, a dead letter has that in its action.
    ("asked for", &["/action/provider", "/provider"]),
    ("provider", &["/provider_used", "/provider"]),
    ("state", &["/state"]),
    ("verdict", &["/verdict"]),
    ("rule", &["/matched_rule"]),
    ("priority", &["/priority"]),
    ("caller", &["/caller_id", "/caller"]),
    ("origin", &["/origin"]),
    ("accepted", &["/dispatched_at", "/accepted_at"]),
    ("ended", &["/completed_at", "/finished_at"]),
    ("next attempt", &["/next_attempt_at"]),
    ("possible_duplicate", &["/possible_duplicate"]),
    ("takeovers", &["/takeovers"]),
    ("class", &["/failure_class"]),
];

/// Prints an action with its attempts; with `as_json` the answer unchanged.
pub(super) fn show(answer: &str, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        say!("{}", inert_json(answer));
        return Ok(());
    }
    let body: Value = serde_json::from_str(answer)?;
    for (name, pointers) in LINES {
        let text = field(&body, pointers);
        if !text.is_empty() {
            line(name, &when::shown(&text))?;
        }
    }
    let recipients: Vec<&str> = body["recipients"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if !recipients.is_empty() {
        line("recipients", &recipients.join(", "))?;
    }
    for warning in body["warnings"].as_array().into_iter().flatten() {
        line("warning", warning.as_str().unwrap_or_default())?;
    }
    let labels = body
        .pointer("/metadata")
        .or_else(|| body.pointer("/action/metadata"));
    for (name, value) in labels.and_then(Value::as_object).into_iter().flatten() {
        line(
            "label",
            &format!("{name}={}", value.as_str().unwrap_or_default()),
        )?;
    }
    // Numbers and the order of keys stay as they came.
    if let Some(details) = raw(answer, "outcome_details") {
        line(
            "outcome",
            &format!("{} {details}", field(&body, &["/outcome"])),
        )?;
    } else if let Some(outcome) = raw(answer, "outcome") {
        line("outcome", outcome)?;
    }
    if let Some(payload) = raw(answer, "action_payload").or_else(|| raw(answer, "action.payload")) {
        line("payload", payload)?;
    }
    attempts(&body)
}

fn attempts(body: &Value) -> anyhow::Result<()> {
    let Some(attempts) = body
        .get("attempt_history")
        .or_else(|| body.get("history"))
        .and_then(Value::as_array)
    else {
        return Ok(());
    };
    let mut table = Table::new(["ATTEMPT", "BEGAN", "TOOK", "PROVIDER", "CODE", "RESULT"]);
    for attempt in attempts {
        let text = |pointer: &str| field(attempt, &[pointer]);
        let mut result = if attempt["error"].is_null() {
            "taken".to_owned()
        } else {
            text("/error/message")
        };
        if attempt["maybe_sent"] == true {
            result = format!("may have arrived: {result}");
        }
        let hint = text("/hint");
        if !hint.is_empty() {
            result = format!("{result} (hint {hint})");
        }
        let code = [text("/error/code"), text("/service_code")]
            .into_iter()
            .filter(|code| !code.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
        table.whole_row([
            text("/number"),
            when::shown(&text("/started_at")),
            format!("{} ms", text("/duration_ms")),
            text("/provider"),
            code,
            result,
        ]);
    }
    say!("");
    table.print("no attempts")
}

fn line(name: &str, text: &str) -> anyhow::Result<()> {
    say!("{name:<18} {}", clean(text));
    Ok(())
}
