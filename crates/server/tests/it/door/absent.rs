//! What is not there, and is told with what is.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::CONFIGURATION;
use crate::support::{Gateway, action};

/// Requests with the status, the code and a part of the message of their refusals.
type Cases<'a> = &'a [(Method, &'a str, u16, &'a str, &'a str)];

async fn are_refused(gateway: &Gateway, cases: Cases<'_>) {
    for (method, path, status, code, part) in cases {
        let answer = gateway
            .try_send(method.clone(), path, None, None)
            .await
            .expect("an answer");
        assert_eq!(
            (answer.status.as_u16(), &answer.body["code"]),
            (*status, &json!(code)),
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

/// A gateway with an action that is sent, and one that was a dead letter.
async fn with_a_discarded_letter() -> Gateway {
    let gateway = Gateway::start(CONFIGURATION).await;
    gateway.dispatch(&action("done", "log", &json!({}))).await;
    gateway.dispatch(&action("dead", "nope", &json!({}))).await;
    assert_eq!(
        gateway.delete("/v1/dlq/dead").await.status,
        StatusCode::NO_CONTENT
    );
    gateway
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_is_no_dead_letter_is_called_none() {
    const NOT_LETTERS: Cases<'static> = &[
        (
            Method::GET,
            "/v1/dlq/done",
            404,
            "NOT_A_DEAD_LETTER",
            "is no dead letter: it is done, with the outcome executed",
        ),
        (
            Method::POST,
            "/v1/dlq/done/replay",
            404,
            "NOT_A_DEAD_LETTER",
            "is no dead letter",
        ),
        (
            Method::DELETE,
            "/v1/dlq/done",
            404,
            "NOT_A_DEAD_LETTER",
            "is no dead letter",
        ),
        (
            Method::DELETE,
            "/v1/dlq/dead",
            404,
            "NOT_A_DEAD_LETTER",
            "was taken off the list",
        ),
        (
            Method::GET,
            "/v1/dlq/none",
            404,
            "NOT_FOUND",
            "there is no such action",
        ),
    ];
    are_refused(&with_a_discarded_letter().await, NOT_LETTERS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_filters_are_read_in_any_case_and_no_others_are() {
    let gateway = with_a_discarded_letter().await;
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
async fn a_replay_of_what_is_open_or_not_there_is_refused() {
    const REPLAYS: Cases<'static> = &[
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
    ];
    let gateway = with_a_provider_that_is_down().await;
    let open = action("open", "down", &json!({}));
    gateway
        .post_preferring("/v1/dispatch", &open, "wait=0")
        .await;
    are_refused(&gateway, REPLAYS).await;
}

async fn with_a_provider_that_is_down() -> Gateway {
    let down =
        "[[providers]]\nname = \"down\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n";
    Gateway::start(&format!("{CONFIGURATION}{down}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_not_there_is_told_with_those_that_are() {
    const PROVIDERS: Cases<'static> = &[
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
    ];
    are_refused(&with_a_provider_that_is_down().await, PROVIDERS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_that_is_not_there_is_told_with_the_nearest() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let post = "/v1/dispatch/";
    let told = "there is no route \"/v1/dispatch/\"; did you mean /v1/dispatch?";
    are_refused(&gateway, &[(Method::POST, post, 404, "NOT_FOUND", told)]).await;
    for (path, part) in [
        ("/healthz", "did you mean /health?"),
        ("/v1/silence", "did you mean /v1/silences?"),
        ("/api/v1/audit", "did you mean /v1/audit?"),
        ("/dispatch", "did you mean /v1/dispatch?"),
        ("/v1/quota/abc", "did you mean /v1/quotas/abc?"),
        (
            "/nothing/like/it",
            "there is no route \"/nothing/like/it\"; ",
        ),
    ] {
        are_refused(&gateway, &[(Method::GET, path, 404, "NOT_FOUND", part)]).await;
    }
}
