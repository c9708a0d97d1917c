//! Secrets are nowhere: not in the log at its finest, not in answers, metrics or the database.

use acteon_fakes::wecom::{Call, Fault, LocalWecom};
use reqwest::Method;
use serde_json::json;

use super::{local_wecom, unlimited};
use crate::support::{Process, action};

const CORP_ID: &str = "wwCANARYcorp0001";
const CORP_SECRET: &str = "CANARY-secret+with/odd=chars-0002";

fn block(name: &str, base_url: &str) -> String {
    format!(
        "[[providers]]\nname = \"{name}\"\ntype = \"wechat\"\nwechat.corp_id = \"{CORP_ID}\"\nwechat.corp_secret = \"{CORP_SECRET}\"\n\
         wechat.agent_id = 1000002\nwechat.api_base_url = \"{base_url}\"\nwechat.timeout_seconds = 1\n"
    )
}

async fn canary_wecom() -> LocalWecom {
    let mut world = unlimited();
    world.corp_id = CORP_ID.into();
    world.apps[0].secret = CORP_SECRET.into();
    local_wecom(world).await
}

/// Answers and breaks of the service, most of which repeat secrets.
fn faults(token: &str) -> [Fault; 9] {
    let echo =
        json!({ "errcode": 40058, "errmsg": format!("bad {CORP_ID} {CORP_SECRET} {token}") })
            .to_string();
    let kind =
        json!({ "errcode": 0, "errmsg": token, "msgid": CORP_SECRET, "invaliduser": CORP_ID })
            .to_string();
    [
        Fault::Status(500),
        Fault::Status(403),
        Fault::Garbage(format!("<html>{CORP_SECRET} {token}</html>")),
        Fault::Json(echo),
        Fault::Json(kind),
        Fault::Reset,
        Fault::CutAfterAccept,
        Fault::SlowAfterAccept(3000),
        Fault::Errcode(42001),
    ]
}

/// Posts an action, and returns the answer.
async fn post(process: &Process, id: &str, provider: &str, wait: &str) -> String {
    let sent = action(id, provider, &json!({ "touser": "@all", "content": "x" }));
    let client = process.client();
    let answer = client.post_preferring("/v1/dispatch", &sent, wait).await;
    answer.body.to_string()
}

/// Meets every fault with a send and with a fetch of a token; adds to the answers that callers got
/// and to the tokens that were in use.
async fn meet_all(
    process: &Process,
    good: &LocalWecom,
    answers: &mut String,
    tokens: &mut Vec<String>,
) {
    let mut number = 0;
    for call in [Call::Send, Call::Gettoken] {
        for fault in faults(&tokens[0]) {
            number += 1;
            good.fault(call, fault, Some(1));
            if call == Call::Gettoken {
                good.world(|world| world.revoke(1_000_002, 40014));
            }
            let id = format!("a-{number}");
            answers.push_str(&post(process, &id, "good", "wait=2").await);
            let view = process.client().get(&format!("/v1/actions/{id}")).await;
            answers.push_str(&view.body.to_string());
            tokens.extend(good.world(|world| world.current_token(1_000_002).map(str::to_owned)));
        }
    }
}

/// What the routes for people who look after the gateway answer.
async fn looks(process: &Process) -> String {
    let mut answers = String::new();
    for path in [
        "/metrics",
        "/v1/providers/health",
        "/v1/dlq",
        "/health",
        "/ready",
        "/nope",
    ] {
        answers += &process
            .client()
            .try_send(Method::GET, path, None, None)
            .await
            .expect("an answer")
            .body
            .to_string();
    }
    answers
}

/// Files and databases that a stopped gateway leaves, by name.
pub(crate) async fn places(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let mut places = Vec::new();
    let dump = crate::support::dump(folder).await;
    let files: &[&str] = if dump.is_some() {
        &["log.txt"]
    } else {
        &["log.txt", "acteon.db", "acteon.db-wal"]
    };
    places.extend(dump.map(|dump| ("the shared database".to_owned(), dump.into_bytes())));
    for &file in files {
        let found = std::fs::read(folder.join(file)).unwrap_or_default();
        assert!(!found.is_empty() || file.ends_with("-wal"), "{file}");
        places.push((file.to_owned(), found));
    }
    places
}

pub(crate) fn has_none_of(secrets: &[String], place: &str, content: &[u8]) {
    for secret in secrets {
        let found = content
            .windows(secret.len())
            .position(|window| window == secret.as_bytes());
        let around = found.map(|at| {
            String::from_utf8_lossy(&content[at.saturating_sub(200)..(at + 80).min(content.len())])
                .into_owned()
        });
        assert_eq!(around, None, "in {place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_run_at_trace_leaves_no_secret_anywhere() {
    let (good, wrong) = (canary_wecom().await, canary_wecom().await);
    wrong.world(|world| world.apps[0].secret = "another".into());
    let folder = tempfile::tempdir().expect("a folder");
    let blocks = [
        block("good", &good.url()),
        block("wrong", &wrong.url()),
        block("refused", "http://127.0.0.1:9"),
    ]
    .concat();
    let configuration = format!("retry.max_retries = 1\n{blocks}");
    let process = Process::start(folder.path(), &configuration, &[("RUST_LOG", "trace")]);
    let mut answers = String::new();
    for provider in ["good", "wrong", "refused"] {
        let id = format!("first-{provider}");
        answers += &post(&process, &id, provider, "wait=5").await;
    }
    let mut tokens =
        vec![good.world(|world| world.current_token(1_000_002).expect("a token").to_owned())];
    meet_all(&process, &good, &mut answers, &mut tokens).await;
    answers += &looks(&process).await;
    let (code, rest) = process.terminate();
    assert_eq!(code, Some(0));
    let said = [
        ("answers".to_owned(), answers.into_bytes()),
        ("standard output".to_owned(), rest.into_bytes()),
    ];
    let encoded = CORP_SECRET
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D");
    tokens.extend([CORP_ID.to_owned(), CORP_SECRET.to_owned(), encoded]);
    let places = places(folder.path()).await;
    for (place, content) in said.iter().chain(&places) {
        has_none_of(&tokens, place, content);
    }
    let log = places
        .iter()
        .find(|(place, _)| place == "log.txt")
        .map(|(_, text)| String::from_utf8_lossy(text).into_owned());
    let log = log.expect("a log");
    assert!(
        log.contains("TRACE") || log.contains("DEBUG"),
        "the log was at its finest"
    );
}
