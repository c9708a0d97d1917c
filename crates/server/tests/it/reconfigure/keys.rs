//! The file of the API keys, read anew with the configuration.

use std::path::Path;

use serde_json::json;

use super::QUIET;
use crate::auth::auth_file;
use crate::support::{Gateway, Process, run_command};

/// A configuration that asks callers for the keys of `auth.toml` in a folder.
fn asking(folder: &Path) -> String {
    format!(
        "auth.enabled = true\nauth.config_path = {:?}\n[[providers]]\nname = \"log\"\ntype = \"log\"\n",
        folder.join("auth.toml").display().to_string()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_ring_that_does_not_open_the_api_keys_is_told_after_a_signal_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let ring = folder.path().join("keys");
    let (old, new) = (
        format!("old:{}", "1a".repeat(32)),
        format!("new:{}", "2b".repeat(32)),
    );
    std::fs::write(&ring, &old).expect("written");
    let plain = auth_file(&[("root", "admin", "*")]);
    let (_, hash) = plain.split_once("key_hash = \"").expect("a key");
    let (hash, _) = hash.split_once('"').expect("its end");
    let sealed = run_command(&["encrypt"], &[("ACTEON_AUTH_KEY", &*old)], hash);
    let sealed = String::from_utf8(sealed.stdout).expect("text");
    let keys = plain.replace(hash, sealed.trim());
    std::fs::write(folder.path().join("auth.toml"), keys).expect("written");
    let ring_variable = ring.display().to_string();
    let process = Process::start(
        folder.path(),
        &asking(folder.path()),
        &[QUIET, ("ACTEON_AUTH_KEY_FILE", &ring_variable)],
    );
    let client = process.client().with_key("root");
    assert_eq!(client.get("/ready").await.body["status"], "ready");
    std::fs::write(&ring, &new).expect("written");
    process.signal("HUP");
    let told = client
        .until("/ready", |body| body["status"] == "degraded")
        .await;
    assert!(told.to_string().contains("API keys:"), "{told}");
    std::fs::write(&ring, format!("{new},{old}")).expect("written");
    process.signal("HUP");
    client
        .until("/ready", |body| body["status"] == "ready")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_file_of_the_keys_is_not_told_to_every_reader() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("auth.toml");
    let root = ("root", "admin", "*");
    let eyes = ("eyes", "viewer", "acme");
    std::fs::write(&path, auth_file(&[root, eyes])).expect("written");
    let configuration = asking(folder.path());
    let gateway = Gateway::start_in(folder, &configuration).await;
    std::fs::write(
        &path,
        auth_file(&[root, eyes, ("other", "viewer", "a-canary ")]),
    )
    .expect("written");
    let answer = gateway
        .with_key("root")
        .post("/admin/reload", &json!(null))
        .await;
    assert!(
        answer.body["errors"].to_string().contains("a-canary"),
        "{}",
        answer.body
    );
    let ready = gateway.with_key("eyes").get("/ready").await.body;
    let reason = ready["reasons"][0].as_str().expect("a reason");
    assert!(
        reason.starts_with("API keys: those before stay in force: ")
            && reason.contains("auth.toml:"),
        "{reason}"
    );
    assert!(!reason.contains("a-canary"), "{reason}");
}
