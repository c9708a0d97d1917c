//! A disk that does not answer.

use std::time::Duration;

use acteon_fakes::webhook::Receiver;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{LOG, metric, path, ready};
use crate::support::{Answer, Process, action};

/// Longest until a caller hears that the disk does not answer: the bound, a look, and a busy machine.
const TOLD_WITHIN: Duration = Duration::from_secs(20);

fn assert_told_to_come_back(answer: &Answer) {
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("STORE_SLOW")),
        "{}",
        answer.body
    );
    assert!(answer.body["retry_after"].is_u64(), "{}", answer.body);
    assert!(
        answer.body["message"]
            .as_str()
            .is_some_and(|told| told.contains("again")),
        "{}",
        answer.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_does_not_answer_is_told_of_in_time_and_loses_and_doubles_nothing() {
    let receiver = Receiver::start(|_| (200, "{}".into()))
        .await
        .expect("a receiver");
    let folder = tempfile::tempdir().expect("a folder");
    let hang = path(folder.path(), "hang");
    let configuration = format!(
        "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        receiver.url()
    );
    let process = Process::start_exactly(
        folder.path(),
        &configuration,
        &[(
            "ACTEON_TEST_HANG_WHILE_THERE_IS",
            hang.to_str().expect("a path"),
        )],
    );
    let client = process.client();
    client.dispatch(&action("before", "hook", &json!({}))).await;
    std::fs::write(&hang, "").expect("a file");
    let body = |id: &str| Some(action(id, "hook", &json!({})).to_string());
    let began = tokio::time::Instant::now();
    let (at_once, waiting, change) = tokio::join!(
        client.try_send(
            Method::POST,
            "/v1/dispatch",
            body("at-once"),
            Some("respond-async")
        ),
        client.try_send(
            Method::POST,
            "/v1/dispatch",
            body("waiting"),
            Some("wait=60")
        ),
        client.try_send(Method::POST, "/v1/quotas", Some(quota().to_string()), None),
    );
    for answer in [at_once, waiting, change] {
        assert_told_to_come_back(&answer.expect("an answer"));
    }
    let batch = json!([
        action("in-a-batch", "hook", &json!({})),
        action("in-a-batch-too", "hook", &json!({}))
    ]);
    let batch = client.post("/v1/dispatch/batch", &batch).await;
    assert!(
        batch.body.to_string().contains("STORE_SLOW"),
        "{}",
        batch.body
    );
    assert!(began.elapsed() < TOLD_WITHIN, "{:?}", began.elapsed());
    let told = ready(client, StatusCode::SERVICE_UNAVAILABLE)
        .await
        .to_string();
    assert!(told.contains("its disk has not answered for"), "{told}");
    assert!(
        metric(client, "acteon_store_failing").await > 0.0
            && metric(client, "acteon_store_stalled_seconds").await >= 5.0
    );
    std::fs::remove_file(&hang).expect("the disk answers again");
    ready(client, StatusCode::OK).await;
    for id in ["at-once", "waiting"] {
        client
            .until(&format!("/v1/actions/{id}"), |view| view["state"] == "done")
            .await;
        // The same again gets what became of it.
        client.dispatch(&action(id, "hook", &json!({}))).await;
    }
    client.dispatch(&action("after", "hook", &json!({}))).await;
    let mut sent: Vec<_> = receiver
        .requests()
        .iter()
        .filter_map(|request| request.body["id"].as_str().map(str::to_owned))
        .collect();
    sent.sort_unstable();
    assert_eq!(sent, ["after", "at-once", "before", "waiting"]);
    assert_eq!(process.terminate().0, Some(0));
}

fn quota() -> Value {
    json!({ "namespace": "n", "tenant": "t", "max_actions": 5, "window": "hourly", "overage_behavior": "block" })
}

#[test]
fn a_server_whose_disk_does_not_answer_can_be_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let hang = path(folder.path(), "hang");
    let variables = [(
        "ACTEON_TEST_HANG_WHILE_THERE_IS",
        hang.to_str().expect("a path"),
    )];
    let process = Process::start_exactly(
        folder.path(),
        &format!("server.shutdown_timeout_seconds = 1\n{LOG}"),
        &variables,
    );
    std::fs::write(&hang, "").expect("a file");
    let began = tokio::time::Instant::now();
    assert_eq!(process.terminate().0, Some(0));
    assert!(began.elapsed() < TOLD_WITHIN, "{:?}", began.elapsed());
}
