//! Bodies that are made to cost much.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::time::Instant;

use super::{CONFIGURATION, answer_to, connect, head_of, read_answer};
use crate::support::{Client, Gateway, action};

const MIB: usize = 1024 * 1024;
/// Longest answer to a refusal.
const MOST: usize = 64 * 1024;

/// An object of so many bytes, with as many distinct names as fit, all with one value.
fn names(bytes: usize, value: &str) -> String {
    let mut text = String::from("{");
    let mut number = 0;
    while text.len() < bytes - 32 {
        write!(text, "\"{number:x}\":{value},").expect("written");
        number += 1;
    }
    text.pop();
    text + "}"
}

fn labelled(metadata: &str) -> String {
    format!(
        r#"{{"namespace":"n","tenant":"t","provider":"log","action_type":"x","payload":{{}},"metadata":{metadata}}}"#
    )
}

/// What is sent where, and the status that is right.
fn bodies() -> Vec<(&'static str, &'static str, String, StatusCode)> {
    let wrong = StatusCode::UNPROCESSABLE_ENTITY;
    let item =
        r#"{"namespace":7,"tenant":7,"provider":7,"action_type":7,"payload":1,"metadata":{"a":1}}"#;
    let twice = format!(r#"{{"{0}":1,"{0}":2}}"#, "\u{7f}".repeat(400_000));
    vec![
        ("names", "/v1/dispatch", names(MIB, "1"), wrong),
        (
            "labels",
            "/v1/dispatch",
            labelled(&names(MIB - 256, "1")),
            wrong,
        ),
        (
            "labels of text",
            "/v1/dispatch",
            labelled(&names(MIB - 256, "\"\"")),
            wrong,
        ),
        (
            "labels within labels",
            "/v1/dispatch",
            labelled(&format!(r#"{{"labels":{}}}"#, names(MIB - 512, "1"))),
            wrong,
        ),
        (
            "one long label",
            "/v1/dispatch",
            labelled(&format!(r#"{{"{}":1}}"#, r"\u0001".repeat(150_000))),
            wrong,
        ),
        ("one long name twice", "/v1/dispatch", twice, wrong),
        (
            "batch of labels",
            "/v1/dispatch/batch",
            format!("[{}]", labelled(&names(MIB - 512, "1"))),
            StatusCode::OK,
        ),
        (
            "batch of wrong items",
            "/v1/dispatch/batch",
            format!("[{}]", vec![item; 1000].join(",")),
            StatusCode::OK,
        ),
        ("unknown fields", "/v1/silences", names(MIB, "1"), wrong),
        (
            "an unknown long field",
            "/v1/quotas",
            format!(r#"{{"{}":1}}"#, "q".repeat(MIB - 64)),
            wrong,
        ),
        (
            "labels of a trial",
            "/v1/rules/evaluate",
            labelled(&names(MIB - 256, "1")),
            wrong,
        ),
        ("nesting", "/v1/dispatch", "[".repeat(MIB), wrong),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_cost_linear_time_and_short_answers() {
    let gateway = Gateway::start(CONFIGURATION).await;
    for (name, path, body, status) in bodies() {
        let began = Instant::now();
        let answer = gateway
            .try_send(reqwest::Method::POST, path, Some(body), None)
            .await
            .expect("an answer");
        let length = answer.body.to_string().len();
        assert_eq!(
            answer.status,
            status,
            "{name}: {}",
            answer
                .body
                .to_string()
                .chars()
                .take(300)
                .collect::<String>()
        );
        let most = if name == "batch of wrong items" {
            1000 * 1024
        } else {
            MOST
        };
        assert!(length <= most, "{name}: {length} bytes");
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "{name}: {:?}",
            began.elapsed()
        );
    }
    let answer = gateway
        .try_send(
            reqwest::Method::POST,
            "/v1/dispatch",
            Some(labelled(&names(MIB - 256, "1"))),
            None,
        )
        .await;
    let body = answer.expect("an answer").body;
    let told = body["fields"].as_array().expect("fields").len();
    let more = body["message"].as_str().and_then(|text| {
        text.rsplit_once("and ")?
            .1
            .strip_suffix(" more")?
            .parse::<usize>()
            .ok()
    });
    assert!(
        told == 20 && more.is_some_and(|more| more > 50_000),
        "{told} told: {more:?}"
    );
}

/// Longest that a thread of the runtime was busy between two looks, in its own processor time: what others do on the machine does not count.
async fn longest_hold(stop: Arc<AtomicBool>) -> Duration {
    let busy = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(
            time.tv_sec.unsigned_abs(),
            u32::try_from(time.tv_nsec).expect("below a second"),
        )
    };
    let thread = || std::thread::current().id();
    let (mut last, mut longest) = ((thread(), busy()), Duration::ZERO);
    while !stop.load(Ordering::Relaxed) {
        tokio::task::yield_now().await;
        let now = (thread(), busy());
        // The runtime goes on with another thread where one of its own is lent to long work; that has done other things before.
        if now.0 == last.0 {
            longest = longest.max(now.1.saturating_sub(last.1));
        }
        last = now;
    }
    longest
}

/// Sends a body again and again from a thread of its own, and says how long a probe beside it took at most.
fn attack(client: Client, path: &'static str, body: String) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async move {
        let hostile = client.clone();
        let hostile = tokio::spawn(async move {
            for _ in 0..3 {
                hostile
                    .try_send(reqwest::Method::POST, path, Some(body.clone()), None)
                    .await
                    .expect("an answer");
            }
        });
        let mut slowest = Duration::ZERO;
        let mut number = 0;
        while !hostile.is_finished() {
            number += 1;
            let began = Instant::now();
            assert_eq!(client.get("/live").await.status, StatusCode::OK);
            let small = action(&format!("{path}-{number}"), "log", &json!({}));
            assert!(client.dispatch(&small).await.get("Executed").is_some());
            slowest = slowest.max(began.elapsed());
        }
        hostile.await.expect("no panic");
        slowest
    })
}

/// One thread carries the whole server here, so that what holds it holds everybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_body_holds_a_thread_of_the_runtime() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let bodies = bodies()
        .into_iter()
        .map(|(name, path, body, _)| (name, path, body))
        .collect();
    hold_no_thread(&gateway, bodies).await;
}

async fn hold_no_thread(gateway: &Gateway, bodies: Vec<(&'static str, &'static str, String)>) {
    for (name, path, body) in bodies {
        let stop = Arc::new(AtomicBool::new(false));
        let watch = tokio::spawn(longest_hold(Arc::clone(&stop)));
        let client = (**gateway).clone();
        let slowest = tokio::task::spawn_blocking(move || attack(client, path, body))
            .await
            .expect("no panic");
        stop.store(true, Ordering::Relaxed);
        let longest = watch.await.expect("no panic");
        println!("{name}: a thread was held for {longest:?}, the slowest probe took {slowest:?}");
        assert!(
            longest < Duration::from_millis(20),
            "{name}: a thread was held for {longest:?}"
        );
    }
}

#[cfg(feature = "wechat")]
fn to(provider: &str, payload: &serde_json::Value) -> String {
    let whole = json!({ "namespace": "n", "tenant": "t", "provider": provider, "action_type": "x", "payload": payload });
    whole.to_string()
}

/// Rules and silences that look through whole texts, silences with large patterns, and a large message to a provider that reads it.
#[cfg(feature = "wechat")]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_silence_and_no_payload_holds_a_thread_of_the_runtime() {
    const SILENCES: usize = 150;
    const RULES: usize = 150;
    let wecom = crate::wechat::local_wecom(crate::wechat::unlimited()).await;
    let configuration = format!(
        "{CONFIGURATION}{}",
        crate::wechat::configuration(&wecom, "")
    );
    let rule = |number: usize| {
        let condition = format!("action.payload.text.matches(\"[a-z ]*[a-f]{{3}}-{number}[0-9]\")");
        format!("  - {{name: r{number}, condition: '{condition}', action: {{type: deny}}}}\n")
    };
    let rules: String = std::iter::once("rules:\n".to_owned())
        .chain((0..RULES).map(rule))
        .collect();
    let gateway = Gateway::with_rules(&rules, &configuration).await;
    // The first call gets a token and makes a connection.
    assert!(
        gateway
            .dispatch(&crate::wechat::text("first"))
            .await
            .get("Executed")
            .is_some()
    );
    let silence = |matchers: serde_json::Value| json!({ "namespace": "n", "tenant": "t", "matchers": matchers, "duration_seconds": 600 });
    for number in 0..SILENCES {
        let matcher = json!({ "name": "action.payload.text", "op": "regex", "value": format!("[a-z ]*[a-f]{{3}}-{number}[0-9]") });
        assert_eq!(
            gateway
                .post("/v1/silences", &silence(json!([matcher])))
                .await
                .status,
            StatusCode::CREATED
        );
    }
    let large: Vec<_> = (0..4)
        .map(|number| json!({ "name": "a", "op": "regex", "value": format!("\\w{{45}}{number}") }))
        .collect();
    let large = silence(
        large
            .into_iter()
            .chain([json!({ "name": "team", "value": "x" })])
            .collect(),
    );
    let text = "abc ".repeat(15 * 1024);
    let numbers = |space: &str| {
        let mut body = to("log", &json!("NUMBERS")).replace(
            "\"NUMBERS\"",
            &format!("[1{}]", format!(",{space}1").repeat(250_000)),
        );
        body.insert_str(1, r#""id":"known","#);
        body
    };
    assert_eq!(
        gateway
            .try_send(
                reqwest::Method::POST,
                "/v1/dispatch",
                Some(numbers("")),
                None
            )
            .await
            .expect("an answer")
            .status,
        StatusCode::OK
    );
    let message = json!({ "touser": "u", "content": "x".repeat(MIB - 1024) });
    let bodies = vec![
        (
            "a text beside many silences",
            "/v1/dispatch",
            to("log", &json!({ "text": text })),
        ),
        (
            "a silence with large patterns",
            "/v1/silences",
            large.to_string(),
        ),
        (
            "a preview of large patterns",
            "/v1/silences/preview",
            large.to_string(),
        ),
        (
            "a known id, written differently",
            "/v1/dispatch",
            numbers(" "),
        ),
        ("a large text", "/v1/dispatch", to("log", &message)),
        (
            "a large message",
            "/v1/dispatch",
            to("wechat-ops", &message),
        ),
    ];
    hold_no_thread(&gateway, bodies).await;
}

/// Alone, since work for silences is done elsewhere, and takes what follows it along.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_rules_hold_a_thread_of_the_runtime() {
    let rule = |number: usize| {
        let condition = format!("action.payload.items.exists(item, item == -{number})");
        format!("  - {{name: r{number}, condition: '{condition}', action: {{type: deny}}}}\n")
    };
    let rules: String = std::iter::once("rules:\n".to_owned())
        .chain((0..300).map(rule))
        .collect();
    let gateway = Gateway::with_rules(&rules, CONFIGURATION).await;
    let items = action("long", "log", &json!({ "items": vec![1; 1000] })).to_string();
    hold_no_thread(
        &gateway,
        vec![("a list that many rules go through", "/v1/dispatch", items)],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_long_is_refused_before_it_is_sent() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let headers =
        "content-type: application/json\r\ncontent-length: 2000000\r\nexpect: 100-continue\r\n";
    let answer = answer_to(&gateway, &head_of("POST", "/v1/dispatch", headers)).await;
    assert!(
        answer.starts_with("HTTP/1.1 413 ") && answer.contains("BODY_TOO_LARGE"),
        "{answer}"
    );
    assert!(
        answer.to_lowercase().contains("connection: close"),
        "its client would send the next request into a closed connection: {answer}"
    );
    let mut stream = connect(&gateway).await;
    let small = action("patient", "log", &json!({})).to_string();
    let headers = format!(
        "content-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n",
        small.len()
    );
    stream
        .write_all(head_of("POST", "/v1/dispatch", &headers).as_bytes())
        .await
        .expect("written");
    stream.write_all(small.as_bytes()).await.expect("written");
    let answer = read_answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 100 "), "{answer}");
}
