//! Webhooks, over the wire.

mod failures;

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

use acteon_fakes::webhook::Receiver;
use serde_json::json;

use crate::support::{Gateway, action};

fn configuration(url: &str, more: &str) -> String {
    format!(
        "retry.durable = false\n[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{url}\"\n{more}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_action_is_posted_with_the_configured_headers() {
    let receiver = Receiver::start(|_| (200, r#"{"ok":true}"#.into()))
        .await
        .expect("a receiver");
    let gateway = Gateway::start(&configuration(
        &receiver.url(),
        "headers = { authorization = \"Bearer t0p\" }",
    ))
    .await;
    let outcome = gateway
        .dispatch(&action("a", "hook", &json!({ "n": 1 })))
        .await;
    assert_eq!(outcome["Executed"]["body"], json!({ "ok": true }));
    let request = receiver.requests().pop().expect("a request");
    assert_eq!(
        (
            request.body["id"].as_str(),
            request.body["payload"]["n"].as_u64()
        ),
        (Some("a"), Some(1))
    );
    assert_eq!(request.authorization.as_deref(), Some("Bearer t0p"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_repeats_the_secrets_of_its_request_shows_none() {
    let answer = r#"{"url":"/hook?key=c4nary-in-the-url","headers":{"Authorization":"Bearer c4nary-t0ken"},"c4nary-t0ken":["c4nary-t0ken!"],"ok":1.0}"#;
    let receiver = Receiver::start(move |_| (200, answer.into()))
        .await
        .expect("a receiver");
    let url = format!("{}?key=c4nary-in-the-url", receiver.url());
    let gateway = Gateway::start(&configuration(
        &url,
        "headers = { authorization = \"Bearer c4nary-t0ken\" }",
    ))
    .await;
    let outcome = gateway.dispatch(&action("a", "hook", &json!({}))).await;
    assert_eq!(outcome["Executed"]["body"]["ok"], 1.0, "{outcome}");
    assert!(!outcome.to_string().contains("c4nary"), "{outcome}");
    assert!(
        !gateway
            .get("/v1/actions/a")
            .await
            .body
            .to_string()
            .contains("c4nary")
    );
}

/// A secret stands in a request in other letters than in the configuration: percent-encoded in the URL, in base64 in a header.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_shows_no_secret_in_whichever_letters_the_request_had_it() {
    let answer = r#"{"authorization":"Basic aG9va3MtYzRuYXJ5OmM0bmFyeS9wYXNz","user":"hooks-c4nary","password":"c4nary/pass",
        "raw":"key=c4nary%2Fkey%3D","decoded":"c4nary/key=","path":"/hook/c4nary path of a hook","number":1234567890123,"é":"Bearer c4naryé-long","ok":1}"#;
    let receiver = Receiver::start(move |_| (200, answer.into()))
        .await
        .expect("a receiver");
    let url = receiver
        .url()
        .replace("http://", "http://hooks-c4nary:c4nary%2Fpass@");
    let gateway = Gateway::start(&configuration(
        &format!("{url}/c4nary%20path%20of%20a%20hook?key=c4nary%2Fkey%3D&n=1"),
        "headers = { x-number = \"1234567890123\", x-bearer = \"Bearer c4naryé-long\" }",
    ))
    .await;
    let outcome = gateway.dispatch(&action("a", "hook", &json!({}))).await;
    assert_eq!(outcome["Executed"]["body"]["ok"], 1, "{outcome}");
    for secret in ["c4nary", "aG9va3M", "1234567890123"] {
        assert!(!outcome.to_string().contains(secret), "{secret}: {outcome}");
    }
}

/// Of a name that is given twice some readers take the first, others the last.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_gives_a_name_twice_is_kept_as_its_status() {
    let answer = r#"{"token":"c4nary-t0ken","token":"none","ok":true}"#;
    let receiver = Receiver::start(move |_| (200, answer.into()))
        .await
        .expect("a receiver");
    let gateway = Gateway::start(&configuration(
        &receiver.url(),
        "headers = { authorization = \"Bearer c4nary-t0ken\" }",
    ))
    .await;
    let outcome = gateway.dispatch(&action("a", "hook", &json!({}))).await;
    assert_eq!(outcome["Executed"]["body"], json!({ "status_code": 200 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_look_at_its_health_a_webhook_is_asked_once_in_a_while() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a listener");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let (asked, answers) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(tokio::sync::Semaphore::new(0)),
    );
    let (count, go_on) = (Arc::clone(&asked), Arc::clone(&answers));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (count, go_on) = (Arc::clone(&count), Arc::clone(&go_on));
            tokio::spawn(async move {
                let mut head = [0; 4096];
                if stream.read(&mut head).await.is_ok_and(|length| length > 0) {
                    count.fetch_add(1, Ordering::SeqCst);
                    drop(go_on.acquire().await);
                    stream
                        .write_all(
                            b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                        )
                        .await
                        .ok();
                }
            });
        }
    });
    let gateway = Gateway::start(&configuration(&url, "")).await;
    let ask = || {
        let client = (*gateway).clone();
        tokio::spawn(async move {
            client.get("/v1/providers/health").await.body["providers"][0]["healthy"].clone()
        })
    };
    let began = tokio::time::Instant::now();
    let leaves = ask();
    while asked.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    leaves.abort();
    let many: Vec<_> = (0..20).map(|_| ask()).collect();
    answers.add_permits(1);
    for answer in many {
        assert_eq!(answer.await.expect("no panic"), true);
    }
    for _ in 0..20 {
        assert_eq!(ask().await.expect("no panic"), true);
    }
    let most = 1 + usize::try_from(began.elapsed().as_secs() / 5).expect("a number");
    assert!(
        asked.load(Ordering::SeqCst) <= most,
        "{} looks within {:?}",
        asked.load(Ordering::SeqCst),
        began.elapsed()
    );
}

/// What is told of each status that is no success, with what to do where that is known.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_of_a_status_says_what_to_do() {
    let status = Arc::new(AtomicU16::new(200));
    let shared = Arc::clone(&status);
    let receiver = Receiver::start(move |_| (shared.load(Ordering::SeqCst), String::new()))
        .await
        .expect("a receiver");
    let gateway = Gateway::start(&configuration(&receiver.url(), "")).await;
    for (code, advice) in [
        (
            302,
            " - redirects are not followed: configure the final address",
        ),
        (400, " - see what its service says of the action's body"),
        (401, " - check the webhook's url and headers"),
        (403, " - check the webhook's url and headers"),
        (
            404,
            " - check the webhook's url: nothing takes a POST there",
        ),
        (
            405,
            " - check the webhook's url: nothing takes a POST there",
        ),
        (
            407,
            " - the proxy asks for a name and a password: put them into HTTPS_PROXY",
        ),
        (
            410,
            " - check the webhook's url: nothing takes a POST there",
        ),
        (413, " - see what its service says of the action's body"),
        (422, " - see what its service says of the action's body"),
        (429, ""),
        (500, ""),
    ] {
        status.store(code, Ordering::SeqCst);
        let failed = gateway
            .final_outcome(&action(&format!("s{code}"), "hook", &json!({})))
            .await["Failed"]
            .clone();
        assert_eq!(
            failed["message"],
            json!(format!(
                "the webhook answered with HTTP status {code}{advice}"
            ))
        );
    }
}
