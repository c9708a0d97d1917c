//! Schemas and examples of parameters: one name means the same on every route.

use std::collections::BTreeSet;

use acteon_core::limits::{MAX_CRON_BYTES, MAX_NAME_BYTES, MAX_OFFSET, MAX_PAGE, MAX_SOUGHT_BYTES};
use serde_json::{Value, json};

use crate::http::filter::words;
use crate::http::recurring::fields::DAYS;
use crate::http::routes::upcoming::MAX_AHEAD;
use crate::http::routes::{approvals, chains, recurring};

/// Pattern of texts without control characters, which no path and no query may hold.
const PLAIN: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";

/// Parameter object of a path.
pub(super) fn of_path(path: &str, name: &str) -> Value {
    let schema = json!({ "type": "string", "minLength": 1, "pattern": PLAIN });
    json!({ "name": name, "in": "path", "required": true, "schema": schema, "example": example(path, name) })
}

fn example(path: &str, name: &str) -> &'static str {
    match name {
        "namespace" => "incidents",
        "tenant" => "acme",
        "provider" => "wechat-ops",
        "lane" => "wechat:9d24307e83211e8b",
        "name" if path.starts_with("/v1/executions") => "deployed",
        "name" if path.starts_with("/v1/chains") => "announce",
        "name" if path.starts_with("/v1/rules") => "page-the-department",
        "name" => "working-hours",
        _ if path.starts_with("/v1/silences") => "0199a1c0-6a4e-7cc0-8b6e-0d6f3a2b1c00",
        _ if path.starts_with("/v1/quotas") => "0b6c7a52-0a4f-4a57-9d7e-4f0f6f5f3a11",
        _ if path.starts_with("/v1/people-groups") => "release-managers",
        _ if path.starts_with("/v1/people") => "zhangsan",
        _ if path.starts_with("/v1/templates") => "019ad0b6-5c00-7a31-9d3e-2f5b8c1e4a20",
        _ if path.starts_with("/v1/recurring") => "019ad0b6-5c00-7a31-9d3e-2f5b8c1e4a10",
        _ if ["/v1/chains", "/v1/executions", "/v1/subscribe/chain"]
            .iter()
            .any(|root| path.starts_with(root)) =>
        {
            "chain-019ad0b6-5c00-7a31-9d3e-2f5b8c1e4a30"
        }
        _ if path.starts_with("/v1/approvals") => "019ad0b6-5c00-7a31-9d3e-2f5b8c1e4a40",
        _ if path.starts_with("/v1/dlq") => "checkout-5xx-2",
        _ => "checkout-5xx-1",
    }
}

/// Parameter object of a query.
pub(super) fn of_query(name: &str) -> Value {
    let mut parameter = json!({ "name": name, "in": "query", "schema": query_schema(name) });
    match name {
        "namespace" => parameter["example"] = json!("incidents"),
        "tenant" => parameter["example"] = json!("acme"),
        "sig" => {
            parameter["example"] = json!("0".repeat(64));
            parameter["required"] = json!(true);
        }
        "expires_at" => {
            parameter["example"] = json!(1_767_225_600);
            parameter["required"] = json!(true);
        }
        "cron_expression" => {
            parameter["example"] = json!("0 9 * * MON-FRI");
            parameter["required"] = json!(true);
        }
        _ => {}
    }
    parameter
}

/// Statuses of all that has some. Each route takes those of its own.
fn statuses() -> BTreeSet<&'static str> {
    let all = recurring::STATUSES
        .iter()
        .chain(&chains::STATUSES)
        .chain(&approvals::STATUSES);
    all.copied().collect()
}

fn query_schema(name: &str) -> Value {
    if let Some(words) = words(name) {
        return json!({ "type": "string", "enum": words });
    }
    match name {
        "namespace" | "tenant" | "action_type" => {
            // Bytes are counted, of which a character has up to four.
            json!({ "type": "string", "minLength": 1, "maxLength": MAX_NAME_BYTES, "pattern": PLAIN })
        }
        "limit" => json!({ "type": "integer", "minimum": 1, "maximum": MAX_PAGE }),
        "offset" => json!({ "type": "integer", "minimum": 0, "maximum": MAX_OFFSET }),
        "max_replays" => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
        "all" | "dry_run" | "include_expired" | "include_history" => json!({ "type": "boolean" }),
        "from" | "to" | "evaluate_at" | "started_after" | "started_before" => {
            json!({ "type": "string", "format": "date-time" })
        }
        "cron_expression" => {
            json!({ "type": "string", "minLength": 1, "maxLength": MAX_CRON_BYTES, "pattern": PLAIN })
        }
        "next" => json!({ "type": "integer", "minimum": 1, "maximum": MAX_AHEAD }),
        "status" => json!({ "type": "string", "enum": statuses() }),
        "expires_at" => json!({ "type": "integer" }),
        "sig" => json!({ "type": "string", "pattern": "^[0-9A-Fa-f]{64}$" }),
        "kid" => json!({ "type": "string", "pattern": "^[0-9A-Za-z_-]*$" }),
        "lang" => json!({ "type": "string", "enum": ["en", "zh-CN"] }),
        "on" => json!({ "type": "string", "enum": DAYS }),
        "state" => json!({ "type": "string", "enum": ["dead", "discarded"] }),
        // A place in a list, or the id of what is on it.
        "cursor" => {
            json!({ "type": "string", "pattern": "^(-?[0-9]+(\\.-?[0-9]+){1,2}|[0-9A-Za-z.:_~-]{1,128})$" })
        }
        "recipient" | "message_id" | "text" => {
            json!({ "type": "string", "minLength": 1, "maxLength": MAX_SOUGHT_BYTES, "pattern": PLAIN })
        }
        "attr" => {
            json!({ "type": "string", "pattern": "^[^=\\u0000-\\u001f]+=[^\\u0000-\\u001f]*$" })
        }
        "provider" => json!({ "type": "string", "minLength": 1, "pattern": PLAIN }),
        _ => json!({ "type": "string", "pattern": PLAIN }),
    }
}

/// Parameter object of a header.
pub(super) fn of_head(name: &str) -> Value {
    let (example, description) = match name {
        "Prefer" => (
            "wait=5",
            "`respond-async` to be answered as soon as it is stored, or `wait=N` for N seconds.",
        ),
        "Last-Event-ID" => (
            "019c1347-d2fb-7000-8000-00000000002a",
            "Id of the last event that was read: the stream goes on behind it.",
        ),
        _ => (
            "checkout-5xx-1",
            "Id of an action that has none of its own, or key of a request that makes something once, in plain ASCII.",
        ),
    };
    json!({ "name": name, "in": "header", "description": description, "schema": { "type": "string" }, "example": example })
}
