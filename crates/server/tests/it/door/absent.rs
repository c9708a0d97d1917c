//! What is not there, and is told with what is.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::CONFIGURATION;
use crate::support::{Gateway, action};

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_is_no_dead_letter_is_called_none() {
    let gateway = Gateway::start(CONFIGURATION).await;
    gateway.dispatch(&action("done", "log", &json!({}))).await;
    gateway.dispatch(&action("dead", "nope", &json!({}))).await;
    assert_eq!(
        gateway.delete("/v1/dlq/dead").await.status,
        StatusCode::NO_CONTENT
    );
    for (method, path, code, part) in [
        (
            Method::GET,
            "/v1/dlq/done",
            "NOT_A_DEAD_LETTER",
            "is no dead letter: it is done, with the outcome executed",
        ),
        (
            Method::POST,
            "/v1/dlq/done/replay",
            "NOT_A_DEAD_LETTER",
            "is no dead letter",
        ),
        (
            Method::DELETE,
            "/v1/dlq/done",
            "NOT_A_DEAD_LETTER",
            "is no dead letter",
        ),
        (
            Method::DELETE,
            "/v1/dlq/dead",
            "NOT_A_DEAD_LETTER",
            "was taken off the list",
        ),
        (
            Method::GET,
            "/v1/dlq/none",
            "NOT_FOUND",
            "there is no such action",
        ),
    ] {
        let answer = gateway
            .try_send(method.clone(), path, None, None)
            .await
            .expect("an answer");
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (StatusCode::NOT_FOUND, &json!(code)),
            "{method} {path}: {}",
            answer.body
        );
        assert!(
            answer.body["message"]
                .as_str()
                .is_some_and(|text| text.contains(part)),
            "{}",
            answer.body
        );
    }
    for (query, status) in [
        ("state=Dead", 200),
        ("state=DISCARDED", 200),
        ("state=gone", 400),
        ("code=provider_not_found", 200),
        ("code=banana", 400),
    ] {
        assert_eq!(
            gateway
                .get(&format!("/v1/dlq?{query}"))
                .await
                .status
                .as_u16(),
            status,
            "{query}"
        );
    }
    assert_eq!(
        gateway
            .get("/v1/dlq?state=Discarded&code=provider_not_found")
            .await
            .body["count"],
        1
    );
    let near = gateway.get("/v1/audit?code=timeuot").await.body;
    assert!(
        near["message"]
            .as_str()
            .is_some_and(|text| text.contains("did you mean TIMEOUT?")
                && text.contains("known are: NOT_FOUND, ")),
        "{near}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_told_with_what_is() {
    let down =
        "[[providers]]\nname = \"down\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n";
    let gateway = Gateway::start(&format!("{CONFIGURATION}{down}")).await;
    gateway
        .post_preferring(
            "/v1/dispatch",
            &action("open", "down", &json!({})),
            "wait=0",
        )
        .await;
    for (method, path, status, code, part) in [
        (
            Method::POST,
            "/v1/audit/open/replay",
            409,
            "ACTION_OPEN",
            "\"open\" is still under way",
        ),
        (
            Method::POST,
            "/v1/audit/none/replay",
            404,
            "NOT_FOUND",
            "there is no such action",
        ),
        (
            Method::POST,
            "/admin/circuit-breakers/lgo/trip",
            404,
            "NOT_FOUND",
            "no provider \"lgo\"; did you mean log? known are: down, log",
        ),
        (
            Method::POST,
            "/admin/circuit-breakers/dwn/reset",
            404,
            "NOT_FOUND",
            "did you mean down?",
        ),
        (
            Method::POST,
            "/v1/dispatch/",
            404,
            "NOT_FOUND",
            "there is no route \"/v1/dispatch/\"; did you mean /v1/dispatch?",
        ),
        (
            Method::GET,
            "/healthz",
            404,
            "NOT_FOUND",
            "did you mean /health?",
        ),
        (
            Method::GET,
            "/v1/silence",
            404,
            "NOT_FOUND",
            "did you mean /v1/silences?",
        ),
        (
            Method::GET,
            "/api/v1/audit",
            404,
            "NOT_FOUND",
            "did you mean /v1/audit?",
        ),
        (
            Method::GET,
            "/dispatch",
            404,
            "NOT_FOUND",
            "did you mean /v1/dispatch?",
        ),
        (
            Method::GET,
            "/v1/quota/abc",
            404,
            "NOT_FOUND",
            "did you mean /v1/quotas/abc?",
        ),
        (
            Method::GET,
            "/nothing/like/it",
            404,
            "NOT_FOUND",
            "there is no route \"/nothing/like/it\"; ",
        ),
    ] {
        let answer = gateway
            .try_send(method.clone(), path, None, None)
            .await
            .expect("an answer");
        assert_eq!(
            (answer.status.as_u16(), &answer.body["code"]),
            (status, &json!(code)),
            "{method} {path}: {}",
            answer.body
        );
        assert!(
            answer.body["message"]
                .as_str()
                .is_some_and(|text| text.contains(part)),
            "{path}: {}",
            answer.body
        );
    }
}
