//! The HTTP API: outcomes, waiting, idempotency, batches, dead letters, stopping.

mod dead_letters;
mod posting;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Client, Gateway, Process, action};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

/// A webhook where nobody listens.
const DOWN: &str =
    "[[providers]]\nname = \"down\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n";

fn hello(id: &str) -> Value {
    action(id, "log", &json!({ "content": "hello" }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_stores_and_sends_nothing() {
    let gateway = Gateway::start(LOG).await;
    let answer = gateway.post("/v1/dispatch?dry_run=true", &hello("a")).await;
    assert_eq!(
        answer.body,
        json!({ "DryRun": { "verdict": "allow", "matched_rule": null, "would_be_provider": "log", "would_be": "executed" } })
    );
    assert_eq!(
        gateway.get("/v1/actions/a").await.status,
        StatusCode::NOT_FOUND
    );
    let unknown = gateway
        .post(
            "/v1/dispatch?dry_run=true",
            &action("a", "nope", &json!({})),
        )
        .await
        .body;
    assert_eq!(unknown["DryRun"]["would_be"], "failed");
    assert_eq!(
        unknown["DryRun"]["outcome"]["Failed"]["code"],
        "PROVIDER_NOT_FOUND"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_of_a_large_batch_is_answered_whole_and_holds_up_nobody() {
    let gateway = Gateway::start(LOG).await;
    let batch = Value::Array(
        (0..1000)
            .map(|number| hello(&format!("a{number}")))
            .collect(),
    );
    let runs: Vec<_> = (0..3)
        .map(|_| {
            let (client, batch) = (Client::clone(&gateway), batch.clone());
            tokio::spawn(
                async move { client.post("/v1/dispatch/batch?dry_run=true", &batch).await },
            )
        })
        .collect();
    while !runs.iter().all(tokio::task::JoinHandle::is_finished) {
        let listed = gateway.get("/v1/audit").await;
        assert_eq!(listed.status, StatusCode::OK, "{}", listed.body);
    }
    for run in runs {
        let answer = run.await.expect("an answer");
        let items = answer.body.as_array().expect("a list");
        let refused = items
            .iter()
            .filter(|item| item["DryRun"]["would_be"] != "executed")
            .count();
        assert_eq!(
            (items.len(), refused),
            (1000, 0),
            "{:?}",
            items.iter().find(|item| item.get("error").is_some())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_answers_item_by_item() {
    let gateway = Gateway::start(LOG).await;
    let batch =
        json!([hello("a"), { "namespace": "n" }, action("b", "nope", &json!({})), hello("a")]);
    let answer = gateway.post("/v1/dispatch/batch", &batch).await;
    assert_eq!(answer.status, StatusCode::OK);
    let items = answer.body.as_array().expect("a list").clone();
    assert_eq!(items.len(), 4);
    assert_eq!(items[0]["Executed"]["status"], "success");
    let error = &items[1]["error"];
    assert_eq!(
        (
            error["code"].as_str(),
            error["retryable"].as_bool(),
            error["message"].is_string()
        ),
        (Some("INVALID_ACTION"), Some(false), true)
    );
    assert_eq!(items[2]["Failed"]["code"], "PROVIDER_NOT_FOUND");
    assert_eq!(items[3], items[0]);
    let dry = gateway
        .post("/v1/dispatch/batch?dry_run=true", &json!([hello("z")]))
        .await
        .body;
    assert_eq!(dry[0]["DryRun"]["verdict"], "allow");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_readiness_and_metrics_tell_how_it_is() {
    let gateway = Gateway::start(&format!("retry.max_retries = 0\n{LOG}{DOWN}")).await;
    gateway.dispatch(&hello("a")).await;
    let health = gateway.get("/health").await.body;
    assert_eq!(
        (
            health["status"].as_str(),
            health["metrics"]["executed"].as_u64()
        ),
        (Some("ok"), Some(1))
    );
    assert_eq!(gateway.get("/live").await.status, StatusCode::OK);
    assert_eq!(
        gateway.get("/ready").await.body,
        json!({ "status": "ready" })
    );
    gateway.dispatch(&action("b", "down", &json!({}))).await;
    let ready = gateway.get("/ready").await;
    assert_eq!(
        (ready.status, ready.body["status"].as_str()),
        (StatusCode::OK, Some("degraded")),
        "one provider down takes out nobody"
    );
    let Value::String(metrics) = gateway.get("/metrics").await.body else {
        panic!("metrics are text")
    };
    for line in [
        "acteon_actions_dispatched_total 2",
        "acteon_actions_executed_total 1",
        "acteon_actions_scheduled_total 1",
        "acteon_provider_failures_total{provider=\"down\",code=\"CONNECTION\",reason=\"\"} 1",
        "acteon_open_actions 1",
        "acteon_provider_request_duration_seconds_count{provider=\"log\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    let providers = gateway.get("/v1/providers/health").await.body["providers"].clone();
    assert_eq!(providers[1]["provider"], "log");
    for key in [
        "total_requests",
        "successes",
        "failures",
        "success_rate",
        "avg_latency_ms",
        "p50_latency_ms",
        "p95_latency_ms",
        "p99_latency_ms",
    ] {
        assert!(providers[1][key].is_number(), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_back_pressure() {
    let gateway = Gateway::start(&format!(
        "server.max_open_actions = 1\nretry.max_retries = 0\n{DOWN}"
    ))
    .await;
    gateway.dispatch(&action("a", "down", &json!({}))).await;
    let answer = gateway
        .post("/v1/dispatch", &action("b", "down", &json!({})))
        .await;
    assert_eq!(
        (answer.status, answer.body["code"].as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, Some("QUEUE_FULL"))
    );
    assert_eq!(
        (
            answer.body["retryable"].as_bool(),
            answer.body["retry_after"].as_u64()
        ),
        (Some(true), Some(2))
    );
    assert_eq!(
        gateway.get("/v1/actions/b").await.status,
        StatusCode::NOT_FOUND,
        "nothing was stored"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_answers_everybody_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start(folder.path(), LOG, &[]);
    let client = process.client().clone();
    let posts: Vec<_> = (0..200)
        .map(|number| {
            let client = client.clone();
            let body = hello(&format!("a-{number}")).to_string();
            tokio::spawn(async move {
                client
                    .try_send(reqwest::Method::POST, "/v1/dispatch", Some(body), None)
                    .await
            })
        })
        .collect();
    while client.get("/health").await.body["metrics"]["executed"].as_u64() < Some(5) {
        tokio::task::yield_now().await;
    }
    let (code, _) = tokio::task::spawn_blocking(|| process.terminate())
        .await
        .expect("stopped");
    assert_eq!(code, Some(0));
    let mut answered = Vec::new();
    for (number, post) in posts.into_iter().enumerate() {
        if let Ok(answer) = post.await.expect("a task") {
            assert!(
                answer.status == StatusCode::OK || answer.status == StatusCode::SERVICE_UNAVAILABLE,
                "{}",
                answer.body
            );
            if answer.status == StatusCode::OK {
                answered.push(number);
            }
        }
    }
    let process = Process::start(folder.path(), LOG, &[]);
    assert!(answered.len() >= 5);
    for number in answered {
        // What was told to go on later goes on now.
        let view = process
            .client()
            .until(&format!("/v1/actions/a-{number}"), |view| {
                view["state"] == "done"
            })
            .await;
        assert_eq!(view["possible_duplicate"], false, "{view}");
    }
}
