//! The app's secret is reset while a gateway runs: what waits and what flows goes out once, with the new one.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acteon_fakes::wecom::{Call, Fault, LocalWecom, world::World};
use reqwest::StatusCode;
use serde_json::json;

use super::{local_wecom, text, unlimited};
use crate::support::ledger::{Ledger, nothing_is_open};
use crate::support::{Gateway, PATIENCE, Process, action, log_of, with_store};

/// An app whose secret is in a file beside the configuration, and whose messages are held while something is to be repaired.
pub(crate) fn configuration(wecom: &LocalWecom, secret: &Path) -> String {
    let world = World::default();
    format!(
        "[[providers]]\nname = \"wechat-ops\"\ntype = \"wechat\"\non_repairable = \"hold\"\nwechat.corp_id = \"{}\"\n\
         wechat.corp_secret = \"${{file:{}}}\"\nwechat.agent_id = {}\nwechat.api_base_url = \"{}\"\n",
        world.corp_id,
        secret.display(),
        world.apps[0].agent_id,
        wecom.url()
    )
}

/// Resets the secret as the admin console does: tokens that were got with the one before are good no more.
pub(crate) fn reset(wecom: &LocalWecom, secret: &str) {
    wecom.world(|world| {
        secret.clone_into(&mut world.apps[0].secret);
        let agent_id = world.apps[0].agent_id;
        world.revoke(agent_id, 40014);
    });
}

/// Messages that were taken, by their text, in order.
pub(crate) fn taken(wecom: &LocalWecom) -> Vec<String> {
    wecom.world(|world| {
        world
            .messages()
            .map(|message| {
                message.content["content"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    })
}

async fn started(secret: &str) -> (tempfile::TempDir, LocalWecom, Process) {
    let (folder, wecom) = (
        tempfile::tempdir().expect("a folder"),
        local_wecom(unlimited()).await,
    );
    reset(&wecom, "s3cret-of-before");
    let file = folder.path().join("secret");
    std::fs::write(&file, secret).expect("written");
    let process = Process::start(
        folder.path(),
        &configuration(&wecom, &file),
        &[("RUST_LOG", "info")],
    );
    (folder, wecom, process)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_goes_at_once_when_the_new_secret_is_read() {
    let (folder, wecom, process) = started("s3cret-of-before").await;
    let client = process.client();
    assert!(
        client
            .dispatch(&text("first"))
            .await
            .get("Executed")
            .is_some()
    );
    reset(&wecom, "s3cret-of-now");
    for id in ["a", "b", "c"] {
        client
            .post_preferring("/v1/dispatch", &text(id), "respond-async")
            .await;
        let held = client
            .until(&format!("/v1/actions/{id}"), |view| {
                view["attempts"] == 1 && view["next_attempt_at"].is_string()
            })
            .await;
        assert_eq!(
            held["history"][0]["error"]["code"], "CONFIGURATION",
            "{held}"
        );
    }
    client
        .until("/ready", |body| {
            body["reasons"].to_string().contains("to be repaired")
        })
        .await;
    std::fs::write(folder.path().join("secret"), "s3cret-of-now\n").expect("written");
    let began = tokio::time::Instant::now();
    process.signal("HUP");
    for id in ["a", "b", "c"] {
        client
            .until(&format!("/v1/actions/{id}"), |view| {
                view["outcome"].get("Executed").is_some()
            })
            .await;
    }
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "not by the look once a minute: {:?}",
        began.elapsed()
    );
    let mut messages = taken(&wecom);
    messages[2..].sort();
    assert_eq!(
        messages,
        ["message first", "message a", "message b", "message c"],
        "one is tried first"
    );
    client
        .until("/ready", |body| body["status"] == "ready")
        .await;
    let health = client.get("/v1/providers/health").await.body["providers"][0].clone();
    assert_eq!(health["healthy"], true, "{health}");
    // The old secret's token may still be good; it is not used for the new one.
    let fetched = wecom.calls(Call::Gettoken);
    wecom.world(|world| world.apps[0].secret = "s3cret-of-then".into());
    std::fs::write(folder.path().join("secret"), "s3cret-of-then\n").expect("written");
    assert_eq!(
        client.post("/admin/reload", &json!(null)).await.body["configuration"]["changed"],
        json!(["wechat-ops: wechat.corp_secret"])
    );
    assert!(client.dispatch(&text("d")).await.get("Executed").is_some());
    assert_eq!(wecom.calls(Call::Gettoken), fetched + 1);
    let log = log_of(folder.path());
    assert!(!log.contains("s3cret"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_met_the_old_secret_is_made_again_with_the_new_one() {
    let (folder, wecom, process) = started("s3cret-that-is-wrong").await;
    wecom.fault(Call::Gettoken, Fault::Delay(4000), Some(1));
    let client = process.client().clone();
    let sent = tokio::spawn(async move { client.final_outcome(&text("a")).await });
    while wecom.calls(Call::Gettoken) == 0 {
        tokio::task::yield_now().await;
    }
    std::fs::write(folder.path().join("secret"), "s3cret-of-before").expect("written");
    assert_eq!(
        process
            .client()
            .post("/admin/reload", &json!(null))
            .await
            .status,
        StatusCode::OK
    );
    assert_eq!(
        wecom.calls(Call::Gettoken),
        1,
        "the call with the wrong one is still under way"
    );
    let outcome = sent.await.expect("an outcome");
    assert!(outcome.get("Executed").is_some(), "{outcome}");
    assert_eq!(
        wecom.world(|world| world.counts().refused.get(&40001).copied()),
        Some(1)
    );
    let view = process.client().get("/v1/actions/a").await.body;
    assert_eq!(
        (&view["attempts"], &view["possible_duplicate"]),
        (&json!(1), &json!(false)),
        "{view}"
    );
    assert_eq!(process.client().get("/ready").await.body["status"], "ready");
    assert!(
        !log_of(folder.path()).contains("must be repaired"),
        "the secret that is in force was never wrong"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_another_app_is_not_used_for_the_one_in_force() {
    let (folder, wecom, process) = started("s3cret-of-before").await;
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "s3cret-of-another-app").expect("written");
    let changed =
        configuration(&wecom, &secret).replace("1000002", "1000003") + "wechat.language = \"zh\"\n";
    std::fs::write(
        folder.path().join("acteon.toml"),
        with_store(folder.path(), &changed),
    )
    .expect("written");
    let answer = process
        .client()
        .post("/admin/reload", &json!(null))
        .await
        .body;
    let waits = [
        "wechat.agent_id",
        "wechat.corp_secret, since it goes with wechat.agent_id",
        "wechat.language, since it goes with wechat.agent_id",
    ];
    let waits: Vec<String> = waits
        .iter()
        .map(|key| format!("wechat-ops: {key}"))
        .collect();
    assert_eq!(
        answer["configuration"],
        json!({ "changed": [], "needs_restart": waits }),
        "{answer}"
    );
    assert!(
        process
            .client()
            .dispatch(&text("a"))
            .await
            .get("Executed")
            .is_some()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_that_change_under_load_lose_and_double_nothing() {
    let (folder, wecom, process) = started("s3cret-of-before").await;
    wecom.world(|world| world.settings.latency_ms = 10);
    let ledger = Arc::new(Ledger::default());
    let clients = ledger.load(16, &Arc::new(Mutex::new(vec![process.client().clone()])));
    for round in 0..6 {
        ledger.wait_for_posts(200).await;
        let secret = format!("s3cret-{round}");
        // Tokens of the old one may go on for a while.
        if round % 2 == 0 {
            reset(&wecom, &secret);
        } else {
            wecom.world(|world| world.apps[0].secret.clone_from(&secret));
        }
        ledger.wait_for_posts(20).await;
        std::fs::write(folder.path().join("secret"), &secret).expect("written");
        if round % 3 == 0 {
            process.signal("HUP");
        } else {
            assert_eq!(
                process
                    .client()
                    .post("/admin/reload", &json!(null))
                    .await
                    .status,
                StatusCode::OK
            );
        }
    }
    // The last signal may still be on its way.
    process
        .client()
        .until("/ready", |body| body["status"] == "ready")
        .await;
    ledger.stop(clients).await;
    nothing_is_open(process.client(), PATIENCE * 2).await;
    let report = ledger.check(&wecom, process.client()).await;
    assert_eq!(report.dead, 0, "{report:?}");
    let mut messages = taken(&wecom);
    messages.sort();
    for twice in messages.windows(2).filter(|pair| pair[0] == pair[1]) {
        let view = process
            .client()
            .get(&format!("/v1/actions/{}", twice[0].replace("message ", "")))
            .await
            .body;
        // On a machine that stands still for a while a call ends without its answer.
        let may_have_arrived = view["history"]
            .as_array()
            .is_some_and(|calls| calls.iter().any(|call| call["maybe_sent"] == true));
        assert!(may_have_arrived, "{view}");
        eprintln!("sent twice, as its call ended without an answer: {view}");
    }
}

/// The local server behind `proxy`: requests in plain HTTP reach it by whatever name they ask for.
fn behind(proxy: &LocalWecom, name: &str) -> String {
    let lines = format!(
        "wechat.allow_insecure_base_url = true\nwechat.proxy = \"{}\"\n",
        proxy.url()
    );
    super::configuration_at("http://wecom.invalid", &lines).replace("wechat-ops", name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_proxy_is_used_for_tokens_too() {
    let mut world = unlimited();
    world.settings.expires_in = 1;
    let (folder, first, second) = (
        tempfile::tempdir().expect("a folder"),
        local_wecom(world).await,
        local_wecom(unlimited()).await,
    );
    let process = Process::start(folder.path(), &behind(&first, "wechat-ops"), &[]);
    let client = process.client();
    let outcome = client.dispatch(&text("a")).await;
    assert_eq!(outcome["Executed"]["status"], "success", "{outcome}");
    let changed = with_store(folder.path(), &behind(&second, "wechat-ops"));
    std::fs::write(folder.path().join("acteon.toml"), changed).expect("written");
    let answer = client.post("/admin/reload", &json!(null)).await;
    assert_eq!(
        answer.body["configuration"]["changed"],
        json!(["wechat-ops: wechat.proxy"]),
        "{}",
        answer.body
    );
    let before = first.calls(Call::Gettoken);
    let outcome = client.dispatch(&text("b")).await;
    assert_eq!(outcome["Executed"]["status"], "success", "{outcome}");
    assert_eq!(
        [&first, &second].map(|wecom| wecom.calls(Call::Gettoken)),
        [before, 1]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_app_behind_two_proxies_asks_each_for_a_token() {
    let (first, second) = (
        local_wecom(unlimited()).await,
        local_wecom(unlimited()).await,
    );
    let both = behind(&first, "wechat-ops") + &behind(&second, "wechat-dev");
    let gateway = Gateway::start(&both).await;
    for name in ["wechat-ops", "wechat-dev"] {
        let payload = json!({ "touser": "@all", "content": "x" });
        let outcome = gateway.dispatch(&action(name, name, &payload)).await;
        assert_eq!(outcome["Executed"]["status"], "success", "{outcome}");
    }
    let fetched = [&first, &second].map(|wecom| wecom.calls(Call::Gettoken));
    assert_eq!(fetched, [1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_kept_under_the_key_that_the_ring_has_now() {
    let (folder, wecom) = (
        tempfile::tempdir().expect("a folder"),
        local_wecom(unlimited()).await,
    );
    let ring = folder.path().join("keys");
    let [old, new] =
        [("old", "1a"), ("new", "2b")].map(|(name, byte)| format!("{name}:{}", byte.repeat(32)));
    std::fs::write(&ring, old).expect("written");
    let variable = ring.display().to_string();
    let configuration = super::configuration(&wecom, "");
    let start = || {
        Process::start(
            folder.path(),
            &configuration,
            &[("ACTEON_AUTH_KEY_FILE", &*variable)],
        )
    };
    let process = start();
    process.client().dispatch(&text("a")).await;
    std::fs::write(&ring, new).expect("written");
    let answer = process.client().post("/admin/reload", &json!(null)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    wecom.world(|world| world.revoke(1_000_002, 40014));
    let outcome = process.client().dispatch(&text("b")).await;
    assert_eq!(outcome["Executed"]["status"], "success", "{outcome}");
    assert_eq!(wecom.calls(Call::Gettoken), 2);
    assert_eq!(process.terminate().0, Some(0));
    let outcome = start().client().dispatch(&text("c")).await;
    assert_eq!(outcome["Executed"]["status"], "success", "{outcome}");
    assert_eq!(
        wecom.calls(Call::Gettoken),
        2,
        "the one before left it where the next can open it"
    );
}
