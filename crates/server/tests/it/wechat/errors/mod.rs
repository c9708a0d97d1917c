//! The error mapping: every row, for `gettoken` and for `send`, with durable retries off and on.

mod table;

use std::time::Duration;

use acteon_fakes::wecom::{Call, Fault};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::support::{Gateway, Process};
use crate::wechat::{configuration, configuration_at, local_wecom, text, unlimited};

#[tokio::test(flavor = "multi_thread")]
async fn a_single_refused_token_is_invisible() {
    for code in [40014, 42001] {
        let wecom = local_wecom(unlimited()).await;
        let gateway = Gateway::start(&configuration(&wecom, "")).await;
        wecom.fault(Call::Send, Fault::Errcode(code), Some(1));
        let outcome = gateway.dispatch(&text("a")).await;
        assert_eq!(outcome["Executed"]["status"], "success", "{outcome}");
        assert_eq!(
            (wecom.calls(Call::Gettoken), wecom.calls(Call::Send)),
            (2, 2)
        );
        assert_eq!(gateway.get("/v1/actions/a").await.body["attempts"], 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_connection_is_tried_four_times() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port");
    let gateway = Gateway::start(&format!(
        "retry.durable = false\n{}",
        configuration_at(&format!("http://{closed}"), "")
    ))
    .await;
    let failed = gateway.final_outcome(&text("a")).await["Failed"].clone();
    assert_eq!(
        (failed["code"].as_str(), failed["attempts"].as_u64()),
        (Some("CONNECTION"), Some(4)),
        "{failed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ambiguous_failure_is_repeated_quickly_only_with_the_duplicate_check() {
    let wecom = local_wecom(unlimited()).await;
    let more = "wechat.enable_duplicate_check = true\nwechat.duplicate_check_interval = 60";
    let gateway = Gateway::start(&configuration(&wecom, more)).await;
    wecom.fault(Call::Send, Fault::CutAfterAccept, Some(1));
    let outcome = gateway.dispatch(&text("a")).await;
    assert_eq!(
        outcome["Executed"]["headers"]["possible_duplicate"], "true",
        "{outcome}"
    );
    let (messages, duplicates) =
        wecom.world(|world| (world.counts().messages, world.counts().duplicates));
    assert_eq!(
        (messages, duplicates),
        (1, 1),
        "the copy was dropped by WeChat Work"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_come_with_advice_and_the_trace_id() {
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::start(&configuration(&wecom, "")).await;
    wecom.world(|world| world.apps[0].trusted_ips = Some(vec![]));
    let outcome = gateway.dispatch(&text("a")).await;
    let message = outcome["Failed"]["message"].as_str().expect("a message");
    for part in ["60020", "add 127.0.0.1 to the app's trusted IPs", "hint "] {
        assert!(message.contains(part), "{message}");
    }
    let metrics = gateway.get("/metrics").await.body;
    let line = r#"acteon_provider_failures_total{provider="wechat-ops",code="EXECUTION_FAILED",reason="address"} 1"#;
    assert!(
        metrics.as_str().is_some_and(|text| text.contains(line)),
        "{metrics}"
    );
    let attempt = &gateway.get("/v1/actions/a").await.body["history"][0];
    assert_eq!(attempt["service_code"], 60020);
    assert!(
        attempt["hint"]
            .as_str()
            .is_some_and(|hint: &str| hint.len() > 10),
        "{attempt}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_quite_json_still_says_that_the_message_was_taken() {
    let around = |text: &str| Fault::Around(text.into());
    for fault in [
        around("\u{feff}@"),
        around("@<!-- passed by a proxy -->"),
        around("\n @ // end"),
        around(r#"{"cost":1e400,"errcode":0,"msgid":"m"}"#),
        around("{\"errmsg\":\"two\nlines \\ud83d\",\"errcode\":0,\"msgid\":\"m\"}"),
        around(r#"{"errcode":0,"msgid":"m","invaliduser":"#),
        around(r#"{"errcode":0,"msgid":"m","errcode":0}"#),
        Fault::Gzip,
    ] {
        let wecom = local_wecom(unlimited()).await;
        let gateway = Gateway::start(&configuration(&wecom, "")).await;
        wecom.fault(Call::Send, fault.clone(), None);
        let outcome = gateway.dispatch(&text("a")).await;
        assert_eq!(
            outcome["Executed"]["body"]["errcode"], 0,
            "{fault:?}: {outcome}"
        );
        assert!(
            outcome["Executed"]["body"]["msgid"].is_string(),
            "{fault:?}: {outcome}"
        );
        assert_eq!(wecom.calls(Call::Send), 1, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_with_what_cannot_be_read_is_repeated_once_and_then_a_dead_letter() {
    for fault in [
        Fault::Around("<html>@</html>".into()),
        Fault::Around("[@]".into()),
    ] {
        let wecom = local_wecom(unlimited()).await;
        let lines = format!(
            "retry.delays_seconds = [1]\n{}",
            configuration(&wecom, "wechat.timeout_seconds = 1")
        );
        let gateway = Gateway::start(&lines).await;
        wecom.fault(Call::Send, fault.clone(), None);
        let failed = gateway.final_outcome(&text("a")).await["Failed"].clone();
        assert_eq!(
            (failed["code"].as_str(), failed["attempts"].as_u64()),
            (Some("CONNECTION"), Some(2)),
            "{fault:?}: {failed}"
        );
        assert!(
            failed["message"]
                .as_str()
                .is_some_and(|message| message.contains("not sent a third time")),
            "{failed}"
        );
        assert_eq!(wecom.calls(Call::Send), 2, "{fault:?}");
        let letters = gateway.get("/v1/dlq").await.body;
        assert!(
            letters.to_string().contains("not sent a third time"),
            "{letters}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_arrived_is_repeated_later_until_the_service_is_back() {
    for fault in [
        Fault::CutAfterAccept,
        Fault::Status(502),
        Fault::SlowAfterAccept(20_000),
    ] {
        let wecom = local_wecom(unlimited()).await;
        let lines = format!(
            "retry.delays_seconds = [1]\n{}",
            configuration(&wecom, "wechat.timeout_seconds = 1")
        );
        let gateway = Gateway::start(&lines).await;
        wecom.fault(Call::Send, fault.clone(), Some(3));
        let executed = gateway.final_outcome(&text("a")).await["Executed"].clone();
        assert_eq!(
            executed["headers"]["possible_duplicate"], "true",
            "{fault:?}: {executed}"
        );
        assert_eq!(
            (
                wecom.calls(Call::Send),
                gateway.get("/v1/dlq").await.body["count"].as_u64()
            ),
            (4, Some(0)),
            "{fault:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_duplicate_check_copies_go_on_only_while_they_are_dropped() {
    let wecom = local_wecom(unlimited()).await;
    let more = "wechat.enable_duplicate_check = true\nwechat.duplicate_check_interval = 8";
    let lines = format!(
        "retry.max_retries = 1\nretry.delays_seconds = [2]\n{}",
        configuration(&wecom, more)
    );
    let gateway = Gateway::start(&lines).await;
    wecom.fault(Call::Send, Fault::Around("<html>@</html>".into()), None);
    let failed = gateway.final_outcome(&text("a")).await["Failed"].clone();
    assert!(
        failed["message"]
            .as_str()
            .is_some_and(|message| message.contains("not sent a third time")),
        "{failed}"
    );
    let (messages, duplicates) =
        wecom.world(|world| (world.counts().messages, world.counts().duplicates));
    assert!(
        messages <= 2 && duplicates >= 2,
        "{messages} arrived, {duplicates} were dropped"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_not_made_in_time_is_no_send() {
    // It takes connections, and says nothing: the handshake of TLS does not end.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
    let base = format!("https://{}", silent.local_addr().expect("an address"));
    let lines = format!(
        "retry.durable = false\nretry.max_retries = 1\n{}",
        configuration_at(&base, "wechat.timeout_seconds = 1")
    );
    let gateway = Gateway::start(&lines).await;
    let failed = gateway.final_outcome(&text("a")).await["Failed"].clone();
    assert_eq!(
        (failed["code"].as_str(), failed["attempts"].as_u64()),
        (Some("CONNECTION"), Some(2)),
        "{failed}"
    );
    assert_eq!(
        gateway.get("/v1/actions/a").await.body["possible_duplicate"],
        false
    );
}

/// Answers a call for a token, and takes no further connection: those that wait for it are as many as may.
async fn takes_one_call(listener: TcpListener) -> Vec<TcpStream> {
    let address = listener.local_addr().expect("an address");
    let (mut called, _) = listener.accept().await.expect("a call");
    let mut request = [0; 4096];
    assert!(called.read(&mut request).await.is_ok_and(|count| count > 0));
    let mut waiting = Vec::new();
    while let Ok(Ok(another)) =
        tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await
    {
        waiting.push(another);
    }
    let token =
        json!({ "errcode": 0, "errmsg": "ok", "access_token": "t0ken", "expires_in": 7200 })
            .to_string();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{token}",
        token.len()
    );
    called.write_all(answer.as_bytes()).await.expect("answered");
    std::future::pending::<()>().await;
    drop(listener);
    waiting
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_whose_connection_is_not_made_in_time_is_none() {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .bind("127.0.0.1:0".parse().expect("an address"))
        .expect("bound");
    let listener = socket.listen(1).expect("a listener");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(takes_one_call(listener));
    let lines = format!(
        "retry.durable = false\nretry.max_retries = 1\n{}",
        configuration_at(&base, "wechat.timeout_seconds = 2")
    );
    let gateway = Gateway::start(&lines).await;
    let failed = gateway.final_outcome(&text("a")).await["Failed"].clone();
    assert_eq!(
        (failed["code"].as_str(), failed["attempts"].as_u64()),
        (Some("CONNECTION"), Some(2)),
        "{failed}"
    );
    assert_eq!(
        gateway.get("/v1/actions/a").await.body["possible_duplicate"],
        false
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_answers_instead_of_the_api_is_called_what_it_is() {
    let advice = async |call: Call, fault: Fault| {
        let wecom = local_wecom(unlimited()).await;
        let gateway = Gateway::start(&format!(
            "retry.durable = false\nretry.max_retries = 0\n{}",
            configuration(&wecom, "")
        ))
        .await;
        wecom.fault(call, fault, None);
        gateway.final_outcome(&text("a")).await["Failed"]["message"]
            .as_str()
            .expect("a message")
            .to_owned()
    };
    for (fault, words) in [
        (Fault::Status(429), ["too many requests", "busy"]),
        (Fault::Status(407), ["HTTP status 407", "user and password"]),
        (
            Fault::Status(502),
            ["a proxy got no answer", "broken for now"],
        ),
        (
            Fault::Errcode(42001),
            [
                "also with a fresh access token",
                "another program that uses the same Secret",
            ],
        ),
    ] {
        for call in [Call::Gettoken, Call::Send] {
            let message = advice(call, fault.clone()).await;
            assert!(
                words.iter().all(|words| message.contains(words)),
                "{call:?} {fault:?}: {message}"
            );
            assert!(
                !message.contains("not WeChat Work's API") && !message.contains("nothing to do"),
                "{call:?} {fault:?}: {message}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn loopback_goes_through_no_proxy_of_the_environment() {
    let wecom = local_wecom(unlimited()).await;
    let hook = acteon_fakes::webhook::Receiver::start(|_: &_| (200, String::new()))
        .await
        .expect("a receiver");
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
    proxy.set_nonblocking(true).expect("a mode");
    let url = format!("http://{}", proxy.local_addr().expect("an address"));
    let folder = tempfile::tempdir().expect("a folder");
    let webhook = format!(
        "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        hook.url()
    );
    let variables =
        ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"].map(|name| (name, url.as_str()));
    let process = Process::start(
        folder.path(),
        &(configuration(&wecom, "") + &webhook),
        &variables,
    );
    let payload = serde_json::json!({ "touser": "@all", "content": "x" });
    for provider in ["wechat-ops", "hook"] {
        let outcome = process
            .client()
            .dispatch(&crate::support::action(provider, provider, &payload))
            .await;
        assert_eq!(outcome["Executed"]["status"], "success", "{outcome}");
    }
    assert!(proxy.accept().is_err(), "something was asked of the proxy");
}
