//! Web pages that want something of a gateway on their reader's machine.

use serde_json::json;

use super::{CONFIGURATION, answer_to};
use crate::support::{Client, Gateway, action};

async fn status(gateway: &Client, head: &str, body: &str) -> u16 {
    let length = if body.is_empty() && head.starts_with("GET") {
        String::new()
    } else {
        format!("content-length: {}\r\n", body.len())
    };
    let request = format!(
        "{}\r\n{length}connection: close\r\n\r\n{body}",
        head.trim().replace(" | ", "\r\n")
    );
    let answer = answer_to(gateway, &request).await;
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    if let Some(400..) = status {
        assert!(answer.contains("\"code\":"), "{answer}");
    }
    status.unwrap_or_else(|| panic!("no status in {answer:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_was_made_to_point_here_is_not_served() {
    let gateway = Gateway::start(&format!(
        "server.hosts = [\"Acteon.example.com\", \"fd00::7\"]\n{CONFIGURATION}"
    ))
    .await;
    for (host, expected) in [
        ("localhost", 200),
        ("LOCALHOST.:1234", 200),
        ("127.0.0.1:8080", 200),
        ("127.9.9.9", 200),
        ("[::1]:8080", 200),
        ("acteon.EXAMPLE.com:443", 200),
        ("[fd00::7]", 200),
        ("attacker.example", 403),
        ("attacker.example:8080", 403),
        ("localhost.attacker.example", 403),
        ("127.0.0.1.attacker.example", 403),
        ("192.0.2.7", 403),
        ("acteon.example.com.attacker.example", 403),
        ("", 400),
        ("user@localhost", 400),
        ("a b", 400),
    ] {
        for path in ["/live", "/v1/audit", "/metrics", "/nothing"] {
            let expected = if path == "/nothing" && expected == 200 {
                404
            } else {
                expected
            };
            assert_eq!(
                status(&gateway, &format!("GET {path} HTTP/1.1 | host: {host}"), "").await,
                expected,
                "{host:?} {path}"
            );
        }
    }
    assert_eq!(
        status(
            &gateway,
            "GET http://attacker.example/live HTTP/1.1 | host: localhost",
            ""
        )
        .await,
        403,
        "the line names it"
    );
    assert_eq!(
        status(
            &gateway,
            "GET /live HTTP/1.1 | host: localhost | host: localhost",
            ""
        )
        .await,
        400
    );
    assert_eq!(
        status(&gateway, "GET /live HTTP/1.1", "").await,
        400,
        "none"
    );
    assert_eq!(
        status(&gateway, "GET /live HTTP/1.0", "").await,
        200,
        "an old client"
    );
    assert_eq!(
        status(&gateway, "GET /live HTTP/1.0 | host: attacker.example", "").await,
        403
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_is_not_served_unless_it_is_listed() {
    let gateway = Gateway::start(&format!(
        "server.origins = [\"https://ops.example.com\"]\n{CONFIGURATION}"
    ))
    .await;
    for (headers, expected) in [
        ("origin: http://localhost:8080", 200),
        ("origin: https://localhost:8080", 200),
        ("origin: https://ops.example.com", 200),
        (
            "origin: https://ops.example.com | sec-fetch-site: cross-site",
            200,
        ),
        ("sec-fetch-site: same-origin", 200),
        ("sec-fetch-site: none", 200),
        ("origin: http://localhost:3000", 403),
        ("origin: https://attacker.example", 403),
        ("origin: https://ops.example.com.attacker.example", 403),
        ("origin: http://ops.example.com", 403),
        ("origin: null", 403),
        (
            "origin: https://ops.example.com | origin: https://attacker.example",
            403,
        ),
        ("sec-fetch-site: cross-site", 403),
        (
            "origin: http://localhost:8080 | sec-fetch-site: cross-site",
            403,
        ),
    ] {
        for path in ["/live", "/v1/audit", "/v1/audit/export", "/metrics"] {
            assert_eq!(
                status(
                    &gateway,
                    &format!("GET {path} HTTP/1.1 | host: localhost:8080 | {headers}"),
                    ""
                )
                .await,
                expected,
                "{headers} {path}"
            );
        }
        let body = action("x", "log", &json!({})).to_string();
        let post = format!(
            "POST /v1/dispatch HTTP/1.1 | host: localhost:8080 | content-type: application/json | {headers}"
        );
        assert_eq!(status(&gateway, &post, &body).await, expected, "{headers}");
    }
    let ask = |origin: &str| {
        format!(
            "OPTIONS /v1/dispatch HTTP/1.1\r\nhost: localhost\r\norigin: {origin}\r\naccess-control-request-method: POST\r\nconnection: close\r\n\r\n"
        )
    };
    let allowed = answer_to(&gateway, &ask("https://ops.example.com")).await;
    assert!(
        allowed.starts_with("HTTP/1.1 204 ")
            && allowed.contains("access-control-allow-origin: https://ops.example.com\r\n"),
        "{allowed}"
    );
    assert!(
        answer_to(&gateway, &ask("https://attacker.example"))
            .await
            .starts_with("HTTP/1.1 403 ")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_form_can_send_changes_nothing() {
    let gateway = Gateway::start(&format!("circuit_breaker.enabled = true\n{CONFIGURATION}")).await;
    gateway.dispatch(&action("dead", "nope", &json!({}))).await;
    let routes = [
        "/v1/dlq/drain",
        "/v1/dlq/replay?all=true",
        "/v1/dlq/dead/replay",
        "/v1/audit/dead/replay",
        "/v1/audit/replay?outcome=failed",
        "/v1/rules/reload",
        "/admin/circuit-breakers/log/trip",
        "/admin/circuit-breakers/log/reset",
    ];
    for path in routes {
        for form in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/plain; a=application/json",
        ] {
            let post = format!("POST {path} HTTP/1.1 | host: localhost | content-type: {form}");
            assert_eq!(status(&gateway, &post, "").await, 415, "{path} {form}");
            assert_eq!(status(&gateway, &post, "x=1").await, 415, "{path} {form}");
        }
        for browser in [
            "user-agent: Mozilla/5.0 (X11)",
            "origin: http://localhost",
            "sec-fetch-site: same-site",
            "referer: http://a.example/",
            "cookie: a=b",
        ] {
            assert_eq!(
                status(
                    &gateway,
                    &format!("POST {path} HTTP/1.1 | host: localhost | {browser}"),
                    ""
                )
                .await,
                415,
                "{path} {browser}"
            );
        }
    }
    assert_eq!(
        gateway.get("/v1/dlq").await.body["count"],
        1,
        "nothing was taken off the list"
    );
    assert_eq!(
        gateway.get("/admin/circuit-breakers").await.body["circuit_breakers"][0]["state"],
        "closed"
    );
    for own in [
        "content-type: application/json",
        "x-requested-with: curl",
        "user-agent: curl/8",
    ] {
        let reset =
            format!("POST /admin/circuit-breakers/log/reset HTTP/1.1 | host: localhost | {own}");
        assert_eq!(status(&gateway, &reset, "").await, 200, "{own}");
    }
    let page = "POST /v1/rules/reload HTTP/1.1 | host: localhost | content-type: application/json | origin: http://localhost | user-agent: Mozilla/5.0";
    assert_eq!(status(&gateway, page, "").await, 200, "a page of its own");
}
