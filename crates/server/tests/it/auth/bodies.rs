//! Bodies of requests to the routes.

use serde_json::{Value, json};

use crate::support::action;

/// A body by its name in the list of routes; it names the tenant acme where it makes something.
pub(super) fn body(name: &str) -> Value {
    let of_acme = |mut fields: Value| {
        fields["namespace"] = json!("incidents");
        fields["tenant"] = json!("acme");
        fields
    };
    match name {
        "action" => action("new", "log", &json!({})),
        "batch" => json!([action("new", "log", &json!({}))]),
        "idless" => of_acme(json!({ "provider": "log", "action_type": "x", "payload": {} })),
        "silence" => of_acme(
            json!({ "matchers": [{ "name": "no", "value": "no" }], "duration_seconds": 60 }),
        ),
        "interval" => of_acme(
            json!({ "name": "new", "time_ranges": [{ "months": [{ "start": 1, "end": 1 }] }] }),
        ),
        "template" => of_acme(json!({ "name": "new", "content": "x" })),
        "profile" => of_acme(json!({ "name": "new", "fields": { "content": "x" } })),
        "render" => of_acme(json!({ "profile": "made", "payload": {} })),
        "quota" => {
            of_acme(json!({ "max_actions": 100, "window": "daily", "overage_behavior": "warn" }))
        }
        "recurring" => of_acme(
            json!({ "provider": "log", "action_type": "x", "payload": {}, "cron_expression": "@daily" }),
        ),
        "span" => json!({ "start": "2020-01-01T00:00:00Z", "end": "2020-01-01T00:00:00Z" }),
        "instant" => json!({ "scheduled_at": "2020-01-01T00:00:00Z" }),
        "person" => json!({ "wechat": "lisi" }),
        "group" => json!({ "members": ["zhangsan"] }),
        "chain" => chain("new"),
        "attributes" => json!({ "attributes": { "ticket": "x" } }),
        "switch" => json!({ "enabled": true }),
        "decision" => json!({ "decision": "approve" }),
        "delegation" => json!({ "to": "principal:globex-ops" }),
        "comment" => json!({ "comment": "x" }),
        "description" => json!({ "description": "x" }),
        other => panic!("{other}"),
    }
}

/// Definition of a chain that waits for a signal.
pub(super) fn chain(name: &str) -> Value {
    json!({ "name": name, "steps": [{ "name": "wait", "wait_for_signal": { "signal_name": "go" } }] })
}
