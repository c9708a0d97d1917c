//! Query parameters that a route does not know.

use reqwest::StatusCode;
use serde_json::json;

use super::{CONFIGURATION, routes};
use crate::support::Gateway;

/// Routes for probes and scrapers, which add what they like.
const FOR_PROBES: [&str; 5] = [
    "/health",
    "/live",
    "/ready",
    "/metrics",
    "/metrics/prometheus",
];

/// Links that go from messenger to messenger, each of which adds parameters of its own.
const LINKS: &str = "/v1/approvals/namespace/tenant/id";

#[tokio::test(flavor = "multi_thread")]
async fn no_route_passes_over_a_query_parameter_that_it_does_not_know() {
    let gateway = Gateway::start(CONFIGURATION).await;
    for (method, path) in routes() {
        let path = path
            .replace("{provider}", "log")
            .replace("{lane}", "log")
            .replace(['{', '}'], "");
        let answer = gateway
            .try_send(
                method.clone(),
                &format!("{path}?tenent=x"),
                Some("{}".into()),
                None,
            )
            .await
            .expect("an answer");
        if FOR_PROBES.contains(&path.as_str()) {
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            continue;
        }
        if path.starts_with(LINKS) {
            let message = answer.body["message"].as_str().expect("a message");
            // Who signs in comes back with what WeChat Work adds, and is known by the cookie.
            let missing = if path.ends_with("/sign-in") {
                "this sign-in did not begin in this browser"
            } else {
                "the query parameter \"sig\" is missing: a link to an approval has it"
            };
            assert!(message.starts_with(missing), "{path}: {message}");
            continue;
        }
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (StatusCode::BAD_REQUEST, &json!("INVALID_QUERY")),
            "{method} {path}: {}",
            answer.body
        );
        let message = answer.body["message"].as_str().expect("a message");
        assert!(
            message.starts_with("there is no query parameter \"tenent\" here; ")
                && message.contains("known are: "),
            "{message}"
        );
        assert!(
            !message.contains("tenant, ") || message.contains("did you mean tenant?"),
            "{message}"
        );
    }
    let breakers = gateway.get("/admin/circuit-breakers").await.body;
    assert_eq!(
        breakers["circuit_breakers"][0]["state"], "closed",
        "nothing was tripped: {breakers}"
    );
}
