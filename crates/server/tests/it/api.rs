//! The HTTP API: outcomes, waiting, idempotency, batches, dead letters, stopping.

use futures_util::future::join_all;
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
async fn an_action_is_executed_and_can_be_looked_at() {
    let gateway = Gateway::start(LOG).await;
    assert_eq!(
        gateway.dispatch(&hello("a")).await,
        json!({ "Executed": { "status": "success", "body": { "logged": true }, "headers": {} } })
    );
    let view = gateway
        .get("/v1/actions/a?namespace=incidents&tenant=acme")
        .await
        .body;
    assert_eq!(
        (
            view["state"].as_str(),
            view["attempts"].as_u64(),
            view["origin"].as_str()
        ),
        (Some("done"), Some(1), Some("api"))
    );
    assert_eq!(view["history"][0]["provider"], "log");
    assert_eq!(view["action"]["payload"], json!({ "content": "hello" }));
    assert_eq!(
        gateway.get("/v1/actions/a?tenant=other").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_and_a_time_are_made_where_none_are_given() {
    let gateway = Gateway::start(LOG).await;
    let body = json!({ "namespace": "n", "tenant": "t", "provider": "log", "action_type": "x", "payload": {} });
    let answer = gateway
        .post_preferring("/v1/dispatch", &body, "respond-async")
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let id = answer.body["Scheduled"]["action_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let view = gateway.get(&format!("/v1/actions/{id}")).await.body;
    assert!(
        view["action"]["created_at"]
            .as_str()
            .is_some_and(|time| time.ends_with('Z')),
        "{view}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_answers_the_first_outcome_and_another_body_is_a_conflict() {
    let gateway = Gateway::start(LOG).await;
    let first = gateway.dispatch(&hello("a")).await;
    let mut again = hello("a");
    again["created_at"] = json!("2026-01-01T00:00:00Z");
    assert_eq!(gateway.dispatch(&again).await, first);
    let outcomes = join_all((0..50).map(|_| async { gateway.dispatch(&hello("b")).await })).await;
    assert!(outcomes.iter().all(|outcome| outcome == &outcomes[0]));
    let metrics = gateway.get("/metrics").await.body;
    assert!(metrics.as_str().is_some_and(|text| text.contains("acteon_provider_requests_total{provider=\"log\"} 2")), "{metrics}");
    let conflict = gateway
        .post(
            "/v1/dispatch",
            &action("a", "log", &json!({ "content": "other" })),
        )
        .await;
    assert_eq!(
        (conflict.status, conflict.body["code"].as_str()),
        (StatusCode::CONFLICT, Some("ID_CONFLICT")),
        "{}",
        conflict.body
    );
    let mut elsewhere = hello("a");
    elsewhere["tenant"] = json!("globex");
    gateway.dispatch(&elsewhere).await;
    assert_eq!(
        gateway.get("/v1/actions/a").await.status,
        StatusCode::CONFLICT,
        "two tenants have it"
    );
    assert_eq!(
        gateway.post("/v1/audit/a/replay", &Value::Null).await.body["code"],
        "AMBIGUOUS_ID",
        "nor is it known which to send again"
    );
    assert_eq!(
        gateway.get("/v1/actions/a?tenant=globex").await.status,
        StatusCode::OK
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_and_ids_survive_a_restart() {
    let gateway = Gateway::start(LOG).await;
    let first = gateway.dispatch(&hello("a")).await;
    let gateway = gateway.restart(LOG).await;
    assert_eq!(gateway.dispatch(&hello("a")).await, first);
    let none = "acteon_provider_requests_total{provider=\"log\"} 0\n";
    assert_eq!(
        gateway
            .get("/metrics")
            .await
            .body
            .as_str()
            .map(|text| text.contains(none)),
        Some(true)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_follows_the_prefer_header() {
    let gateway = Gateway::start(&format!("retry.max_retries = 0\n{LOG}{DOWN}")).await;
    let down = |id| action(id, "down", &json!({}));
    let answer = gateway
        .post_preferring("/v1/dispatch", &down("a"), "wait=10")
        .await;
    let scheduled = &answer.body["Scheduled"];
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(
        (
            scheduled["action_id"].as_str(),
            scheduled["attempts"].as_u64()
        ),
        (Some("a"), Some(1)),
        "{}",
        answer.body
    );
    assert_eq!(scheduled["last_error"]["code"], "CONNECTION");
    let answer = gateway.post("/v1/dispatch", &down("b")).await;
    assert_eq!(
        answer.status,
        StatusCode::OK,
        "without the header always 200"
    );
    assert!(answer.body.get("Scheduled").is_some());
    let answer = gateway
        .post_preferring("/v1/dispatch", &hello("c"), "wait=10")
        .await;
    assert_eq!(answer.status, StatusCode::OK, "an outcome in time is 200");
    let view = gateway.get("/v1/actions/a").await.body;
    assert_eq!(
        (
            view["state"].as_str(),
            view["outcome"]["Scheduled"]["attempts"].as_u64()
        ),
        (Some("open"), Some(1)),
        "{view}"
    );
    assert!(view["next_attempt_at"].is_string());
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
async fn an_idempotency_key_is_the_id_where_the_body_has_none() {
    let gateway = Gateway::start(LOG).await;
    let body = json!({ "namespace": "n", "tenant": "t", "provider": "log", "action_type": "x", "payload": {} });
    let send = || {
        let request = reqwest::Client::new()
            .post(format!("{}/v1/dispatch", gateway.base()))
            .header("idempotency-key", "key-1");
        request
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
    };
    assert!(send().await.expect("an answer").status().is_success());
    assert!(send().await.expect("an answer").status().is_success());
    assert_eq!(gateway.get("/v1/actions/key-1").await.body["attempts"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_in_pages_and_replayed() {
    let gateway = Gateway::start(LOG).await;
    for number in 0..5 {
        gateway
            .dispatch(&action(
                &format!("dead-{number}"),
                "later",
                &json!({ "n": number }),
            ))
            .await;
    }
    let page = gateway
        .get("/v1/dlq?limit=3&namespace=incidents")
        .await
        .body;
    assert_eq!(
        (
            page["count"].as_u64(),
            page["entries"][0]["action"]["id"].as_str()
        ),
        (Some(3), Some("dead-4")),
        "newest first"
    );
    let rest = gateway
        .get(&format!(
            "/v1/dlq?limit=3&cursor={}",
            page["next_cursor"].as_str().expect("a cursor")
        ))
        .await
        .body;
    assert_eq!(
        (rest["count"].as_u64(), rest.get("next_cursor")),
        (Some(2), None)
    );
    let gateway = gateway
        .restart(&LOG.replace("name = \"log\"", "name = \"later\""))
        .await;
    let replayed = gateway
        .post("/v1/dlq/dead-2/replay", &json!(null))
        .await
        .body;
    assert_eq!(
        (
            replayed["success"].as_bool(),
            replayed["outcome"]["Executed"]["status"].as_str()
        ),
        (Some(true), Some("success")),
        "{replayed}"
    );
    let new = gateway
        .get(&format!(
            "/v1/actions/{}",
            replayed["new_action_id"].as_str().expect("an id")
        ))
        .await
        .body;
    assert_eq!(
        (
            new["action"]["metadata"]["replayed_from"].as_str(),
            new["origin"].as_str()
        ),
        (Some("dead-2"), Some("replay"))
    );
    assert_eq!(
        gateway.get("/v1/dlq/dead-2").await.body["state"],
        "discarded",
        "off the list, but kept"
    );
    assert_eq!(
        gateway
            .post("/v1/dlq/dead-2/replay", &json!(null))
            .await
            .body,
        replayed,
        "the same answer, and nothing is sent twice"
    );
    assert_eq!(
        gateway.get("/v1/dlq/stats").await.body,
        json!({ "enabled": true, "count": 4 })
    );
    assert_eq!(
        gateway
            .post("/v1/dlq/nope/replay", &json!(null))
            .await
            .status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_action_is_a_dead_letter_with_the_reason() {
    let gateway = Gateway::start(&format!(
        "retry.max_retries = 0\nretry.delays_seconds = [1]\n{DOWN}"
    ))
    .await;
    let mut late = action("a", "down", &json!({}));
    late["expires_at"] = json!("2020-01-01T00:00:00Z");
    assert_eq!(gateway.dispatch(&late).await["Failed"]["code"], "EXPIRED");
    let gateway = gateway
        .restart(&format!(
            "retry.max_retries = 0\nretry.delays_seconds = [1]\nretry.max_age_seconds = 2\n{DOWN}"
        ))
        .await;
    let failed = gateway
        .final_outcome(&action("b", "down", &json!({})))
        .await["Failed"]
        .clone();
    assert_eq!(failed["code"], "EXPIRED");
    assert!(
        failed["message"]
            .as_str()
            .is_some_and(|text| text.contains("CONNECTION")),
        "the last error is told: {failed}"
    );
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

#[tokio::test(flavor = "multi_thread")]
async fn an_action_whose_provider_is_gone_becomes_a_dead_letter_in_time() {
    let gateway = Gateway::start(&format!(
        "retry.max_retries = 0\nretry.max_age_seconds = 1\n{DOWN}"
    ))
    .await;
    assert!(
        gateway
            .dispatch(&action("a", "down", &json!({})))
            .await
            .get("Scheduled")
            .is_some()
    );
    let mut gateway = gateway.restart(LOG).await;
    while gateway.get("/v1/actions/a").await.body["state"] == "open" {
        gateway = gateway.restart(LOG).await;
    }
    let view = gateway.get("/v1/dlq/a").await.body;
    assert_eq!(view["outcome"]["Failed"]["code"], "EXPIRED", "{view}");
    assert_eq!(
        gateway
            .get("/metrics")
            .await
            .body
            .as_str()
            .map(|text| text.contains("acteon_open_actions 0")),
        Some(true)
    );
}
