//! Scheduled actions: by their callers and by rules, listed, moved and called off.

mod due;
#[cfg(feature = "wechat")]
mod kills;

use std::time::Duration;

use acteon_core::{Clock as _, SystemClock, Timestamp};
use acteon_fakes::webhook::Receiver;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Client, Gateway, action};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";
const OF: &str = "namespace=incidents&tenant=acme";

/// An instant so many days ahead.
fn in_days(days: u64) -> Timestamp {
    SystemClock::new().now() + Duration::from_hours(days * 24)
}

/// A receiver that takes everything.
async fn receiver() -> Receiver {
    Receiver::start(|_| (200, String::new()))
        .await
        .expect("a receiver")
}

fn hook(receiver: &Receiver) -> String {
    format!(
        "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        receiver.url()
    )
}

/// Ids of what the receiver got, in their order.
fn got(receiver: &Receiver) -> Vec<String> {
    let id = |body: &Value| body["n"].as_str().unwrap_or("?").to_owned();
    receiver
        .requests()
        .iter()
        .map(|request| id(&request.body["payload"]))
        .collect()
}

fn with(id: &str, provider: &str, more: &Value) -> Value {
    let mut made = action(id, provider, &json!({ "n": id }));
    for (key, value) in more.as_object().expect("an object") {
        made[key] = value.clone();
    }
    made
}

async fn patch(client: &Client, path: &str, body: &Value) -> Answer {
    client
        .try_send(Method::PATCH, path, Some(body.to_string()), None)
        .await
        .expect("an answer")
}

async fn listed(client: &Client) -> Vec<String> {
    let body = client.get(&format!("/v1/scheduled?{OF}")).await.body;
    let rows = body["scheduled"].as_array().expect("a list");
    assert_eq!(body["count"], rows.len());
    rows.iter()
        .map(|row| row["action_id"].as_str().expect("an id").to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_is_listed_moved_and_called_off() {
    let gateway = Gateway::start(LOG).await;
    let far = with("far", "log", &json!({ "delay_seconds": 86_400 }));
    let answer = gateway.dispatch(&far).await;
    let at = answer["Scheduled"]["scheduled_for"].clone();
    assert_eq!(
        answer,
        json!({ "Scheduled": { "action_id": "far", "scheduled_for": at, "attempts": 0, "last_error": null } })
    );
    // The instant is read with its offset.
    let instant = in_days(10);
    let in_shanghai = (instant + Duration::from_hours(8))
        .to_string()
        .replace('Z', "+08:00");
    let soon = with("sooner", "log", &json!({ "scheduled_at": in_shanghai }));
    let told = gateway.dispatch(&soon).await;
    assert_eq!(
        told["Scheduled"]["scheduled_for"],
        instant.to_string(),
        "{told}"
    );
    let one = gateway
        .get(&format!("/v1/scheduled/sooner?{OF}"))
        .await
        .body;
    assert_eq!(one["scheduled_for"], instant.to_string(), "{one}");
    let shown = gateway.get(&format!("/v1/scheduled/far?{OF}")).await.body;
    assert_eq!(
        (
            &shown["scheduled_for"],
            &shown["provider"],
            &shown["action_type"]
        ),
        (&at, &json!("log"), &json!("notify")),
        "{shown}"
    );
    assert!(shown["created_at"].is_string(), "{shown}");
    // The same request again changes nothing, and hears the same.
    assert_eq!(gateway.dispatch(&far).await, answer);
    let moved_to = in_days(40).to_string();
    let later = json!({ "scheduled_at": moved_to });
    let moved = patch(&gateway, &format!("/v1/scheduled/far?{OF}"), &later).await;
    assert_eq!(moved.status, StatusCode::OK, "{}", moved.body);
    assert_eq!(moved.body["scheduled_for"], moved_to.as_str());
    assert_eq!(
        gateway.dispatch(&far).await["Scheduled"]["scheduled_for"],
        moved_to.as_str()
    );
    let path = format!("/v1/scheduled/far?{OF}");
    // Whoever lost the answer asks again.
    for _ in 0..2 {
        let gone = gateway.delete(&path).await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.body);
    }
    for gone in [
        gateway.get(&path).await,
        patch(&gateway, &path, &later).await,
    ] {
        assert_eq!(gone.status, StatusCode::NOT_FOUND, "{}", gone.body);
        let message = gone.body["message"].as_str().expect("a text");
        assert!(message.contains("was called off"), "{message}");
    }
    let told = gateway.dispatch(&far).await;
    assert_eq!(told["Failed"]["code"], "CANCELLED", "{told}");
    let record = gateway.get(&format!("/v1/audit/far?{OF}")).await.body;
    assert_eq!(
        (&record["outcome"], &record["state"]),
        (&json!("cancelled"), &json!("done")),
        "{record}"
    );
    let metrics = gateway.get("/metrics").await.body;
    let text = metrics.as_str().expect("a text");
    assert!(
        text.contains("acteon_actions_cancelled_total 1\n"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_schedule_is_told() {
    let gateway = Gateway::start(LOG).await;
    for (more, field, says) in [
        (
            json!({ "scheduled_at": "2026-12-31T08:00:00" }),
            "scheduled_at",
            "RFC 3339",
        ),
        (
            json!({ "scheduled_at": "2099-01-01T00:00:00Z" }),
            "scheduled_at",
            "more than a year",
        ),
        (json!({ "delay_seconds": -1 }), "delay_seconds", "from 0 to"),
        (json!({ "delay_seconds": "10" }), "delay_seconds", "number"),
        (
            json!({ "delay_seconds": 31_622_401 }),
            "delay_seconds",
            "from 0 to 31622400",
        ),
        (
            json!({ "delay_seconds": 10, "scheduled_at": "2020-01-01T00:00:00Z" }),
            "delay_seconds",
            "give one",
        ),
    ] {
        let refused = gateway.post("/v1/dispatch", &with("w", "log", &more)).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{more}: {}",
            refused.body
        );
        let told = &refused.body["fields"][0];
        assert_eq!(told["field"], field, "{}", refused.body);
        let message = told["message"].as_str().expect("a text");
        assert!(message.contains(says), "{more}: {message}");
    }
    let missing = gateway.get(&format!("/v1/scheduled/w?{OF}")).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND, "{}", missing.body);
    // What expires before its instant is over at once.
    let expires = json!({ "delay_seconds": 172_800, "expires_at": in_days(1).to_string(), "scheduled_at": null });
    let short = with("short", "log", &expires);
    let outcome = gateway.dispatch(&short).await;
    assert_eq!(outcome["Failed"]["code"], "EXPIRED", "{outcome}");
    let plain = gateway.dispatch(&action("plain", "log", &json!({}))).await;
    assert!(plain.get("Executed").is_some(), "{plain}");
    for path in ["plain", "none"] {
        let path = format!("/v1/scheduled/{path}?{OF}");
        assert_eq!(gateway.delete(&path).await.status, StatusCode::NOT_FOUND);
    }
    let body = patch(&gateway, &format!("/v1/scheduled/x?{OF}"), &json!({})).await;
    assert_eq!(body.body["fields"][0]["field"], "scheduled_at");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_has_pages_and_scopes() {
    let gateway = Gateway::start(LOG).await;
    for number in 0..5 {
        let delay = json!({ "delay_seconds": 90_000 - number * 100 });
        gateway
            .dispatch(&with(&format!("a{number}"), "log", &delay))
            .await;
    }
    let mut other = with("b", "log", &json!({ "delay_seconds": 100 }));
    other["tenant"] = json!("globex");
    gateway.dispatch(&other).await;
    assert_eq!(
        listed(&gateway).await,
        ["a4", "a3", "a2", "a1", "a0"],
        "the soonest first"
    );
    let mut path = format!("/v1/scheduled?{OF}&limit=2");
    let mut pages = Vec::new();
    loop {
        let page = gateway.get(&path).await.body;
        pages.push(page["count"].as_u64());
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/scheduled?{OF}&limit=2&cursor={next}");
    }
    assert_eq!(pages, [Some(2), Some(2), Some(1)]);
    let everybody = gateway.get("/v1/scheduled").await.body;
    assert_eq!(
        (&everybody["count"], &everybody["scheduled"][0]["tenant"]),
        (&json!(6), &json!("globex"))
    );
    let same_id = with(
        "a0",
        "log",
        &json!({ "delay_seconds": 90_000, "tenant": "globex" }),
    );
    gateway.dispatch(&same_id).await;
    let several = gateway.delete("/v1/scheduled/a0").await;
    assert_eq!(several.body["code"], "AMBIGUOUS_ID", "{}", several.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_delays_an_action_once() {
    let receiver = receiver().await;
    let rules =
        "rules: [{name: later, condition: 'true', action: {type: schedule, delay_seconds: 1}}]";
    let gateway = Gateway::with_rules(rules, &hook(&receiver)).await;
    let answer = gateway.dispatch(&with("r", "hook", &json!({}))).await;
    assert!(answer.get("Scheduled").is_some(), "{answer}");
    assert_eq!(receiver.requests().len(), 0, "it waits");
    let outcome = gateway.final_outcome(&with("r", "hook", &json!({}))).await;
    assert!(outcome.get("Executed").is_some(), "{outcome}");
    assert_eq!(got(&receiver), ["r"]);
    let record = gateway.get(&format!("/v1/audit/r?{OF}")).await.body;
    assert_eq!(
        (&record["verdict"], &record["matched_rule"]),
        (&json!("schedule"), &json!("later")),
        "{record}"
    );
    // A replay does not wait once more.
    let again = gateway
        .post(&format!("/v1/audit/r/replay?{OF}"), &json!({}))
        .await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.body);
    assert_eq!(got(&receiver), ["r", "r"], "{}", again.body);
    let dry = gateway
        .post("/v1/dispatch?dry_run=true", &with("d", "hook", &json!({})))
        .await
        .body;
    assert_eq!(
        (&dry["DryRun"]["verdict"], &dry["DryRun"]["would_be"]),
        (&json!("schedule"), &json!("scheduled")),
        "{dry}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_call_off_and_who_may_not() {
    let callers = [
        ("acme-ops", "operator", "acme"),
        ("acme-eyes", "viewer", "acme"),
        ("globex-ops", "operator", "globex"),
    ];
    let (gateway, _) = crate::auth::start(&callers).await;
    let of = |name: &str| gateway.with_key(name);
    let action = with("mine", "log", &json!({ "delay_seconds": 86_400 }));
    of("acme-ops").dispatch(&action).await;
    let path = format!("/v1/scheduled/mine?{OF}");
    for (name, status) in [
        ("globex-ops", StatusCode::NOT_FOUND),
        ("acme-eyes", StatusCode::FORBIDDEN),
        ("nobody", StatusCode::UNAUTHORIZED),
    ] {
        let refused = of(name).delete(&path).await;
        assert_eq!(refused.status, status, "{name}: {}", refused.body);
    }
    assert_eq!(listed(&of("acme-eyes")).await, ["mine"]);
    let others = of("globex-ops").get("/v1/scheduled").await.body;
    assert_eq!(others["count"], 0, "{others}");
    assert_eq!(
        of("acme-ops").delete(&path).await.status,
        StatusCode::NO_CONTENT
    );
}
