//! Recurring actions over HTTP: made, changed, looked at, and what is refused.

mod calendars;
mod calls;
#[cfg(feature = "wechat")]
mod kills;
mod missed;
mod refused;
mod templated;

use serde_json::{Value, json};

use crate::support::{Answer, Client};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

/// A recurring action of each morning, with other fields.
fn daily(more: &Value) -> Value {
    let mut made = json!({
        "namespace": "incidents", "tenant": "acme", "provider": "log", "action_type": "reminder",
        "payload": { "content": "standup" }, "cron_expression": "0 9 * * *", "timezone": "Asia/Shanghai",
    });
    for (key, value) in more.as_object().expect("an object") {
        made[key] = value.clone();
    }
    made
}

async fn made(client: &Client, more: &Value) -> String {
    let answer = client.post("/v1/recurring", &daily(more)).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body["id"].as_str().expect("an id").to_owned()
}

/// Fields and messages of a refusal of a body.
fn faults(answer: &Answer) -> Vec<(String, String)> {
    assert_eq!(answer.status, 422, "{}", answer.body);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let fields = answer.body["fields"].as_array().expect("fields");
    fields
        .iter()
        .map(|fault| (text(&fault["field"]), text(&fault["message"])))
        .collect()
}
