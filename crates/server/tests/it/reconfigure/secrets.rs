//! Secrets that change: fallbacks, envelopes, keys.

use reqwest::StatusCode;
use serde_json::json;

use super::{QUIET, hook, reload, webhook, write, write_token};
use crate::support::{Process, action};

#[tokio::test(flavor = "multi_thread")]
async fn a_fallback_is_left_once_the_first_provider_has_its_secret() {
    let (folder, receiver, spare) = (
        tempfile::tempdir().expect("a folder"),
        webhook("second").await,
        webhook("spare").await,
    );
    write_token(folder.path(), "first");
    let breakers = "circuit_breaker.enabled = true\ncircuit_breaker.recovery_timeout_seconds = 3600\ncircuit_breaker.fallbacks = { hook = \"spare\" }\n";
    let spare = format!(
        "[[providers]]\nname = \"spare\"\ntype = \"webhook\"\nurl = \"{}\"\nheaders = {{ authorization = \"Bearer spare\" }}\n",
        spare.url()
    );
    let process = Process::start(
        folder.path(),
        &format!("{breakers}{}{spare}", hook(&receiver, folder.path(), "")),
        &[QUIET],
    );
    let client = process.client();
    for id in ["a", "b"] {
        assert_eq!(
            client.dispatch(&action(id, "hook", &json!({}))).await["Rerouted"]["new_provider"],
            "spare"
        );
    }
    write_token(folder.path(), "second");
    reload(&process).await;
    let ready = client.get("/ready").await.body.to_string();
    assert!(
        ready.contains("to be repaired") && ready.contains("the next call shows whether it works"),
        "nothing has shown it yet: {ready}"
    );
    assert!(
        client
            .dispatch(&action("c", "hook", &json!({})))
            .await
            .get("Executed")
            .is_some()
    );
    client
        .until("/ready", |body| {
            !body["reasons"].to_string().contains("to be repaired")
        })
        .await;
    assert_eq!(receiver.requests().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn envelopes_open_with_the_keys_that_the_file_of_keys_has_now() {
    let (folder, receiver) = (
        tempfile::tempdir().expect("a folder"),
        webhook("second").await,
    );
    let ring = folder.path().join("keys");
    let seal = |ring: &str, text: &str| {
        let sealed = crate::support::run_command(&["encrypt"], &[("ACTEON_AUTH_KEY", ring)], text);
        String::from_utf8(sealed.stdout)
            .expect("text")
            .trim()
            .to_owned()
    };
    let (old, new) = (
        format!("old:{}", "1a".repeat(32)),
        format!("new:{}", "2b".repeat(32)),
    );
    let configuration = |envelope: &str| {
        format!(
            "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\nheaders = {{ authorization = \"{envelope}\" }}\n",
            receiver.url()
        )
    };
    std::fs::write(&ring, &old).expect("written");
    let ring_variable = ring.display().to_string();
    let variables = [QUIET, ("ACTEON_AUTH_KEY_FILE", &*ring_variable)];
    let process = Process::start(
        folder.path(),
        &configuration(&seal(&old, "Bearer first")),
        &variables,
    );
    std::fs::write(&ring, format!("{new},{old}")).expect("written");
    write(folder.path(), &configuration(&seal(&new, "Bearer second")));
    let answer = reload(&process).await;
    assert_eq!(
        answer.body["configuration"]["changed"],
        json!(["hook: headers"]),
        "{}",
        answer.body
    );
    assert!(
        process
            .client()
            .dispatch(&action("a", "hook", &json!({})))
            .await
            .get("Executed")
            .is_some()
    );
    std::fs::write(&ring, "new:nonsense").expect("written");
    let answer = reload(&process).await;
    assert!(
        answer.status == StatusCode::UNPROCESSABLE_ENTITY
            && !answer.body.to_string().contains("nonsense"),
        "{}",
        answer.body
    );
}
