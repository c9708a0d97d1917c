//! A secret is reset, and each gateway is told of it.

use acteon_fakes::wecom::Call;
use serde_json::json;

use super::{Process, Shared};
use crate::wechat::rotation::{configuration, reset, taken};
use crate::wechat::{local_wecom, text, unlimited};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_goes_once_each_gateway_has_read_the_new_secret() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let wecom = local_wecom(unlimited()).await;
    reset(&wecom, "s3cret-of-before");
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "s3cret-of-before").expect("written");
    let configuration = shared.lines(15) + &configuration(&wecom, &secret);
    let gateways: Vec<(tempfile::TempDir, Process)> = (0..2)
        .map(|_| {
            let folder = tempfile::tempdir().expect("a folder");
            let process = Process::start_exactly(
                folder.path(),
                &configuration,
                &[("ACTEON_AUTH_KEY", &"5e".repeat(32))],
            );
            (folder, process)
        })
        .collect();
    let clients = || gateways.iter().map(|(_, process)| process.client());
    for (place, client) in clients().enumerate() {
        client
            .dispatch_until_taken(&text(&format!("first-{place}")))
            .await;
    }
    assert_eq!(wecom.calls(Call::Gettoken), 1, "they share one token");
    reset(&wecom, "s3cret-of-now");
    for (place, client) in clients().enumerate() {
        for number in 0..10 {
            client
                .post_preferring(
                    "/v1/dispatch",
                    &text(&format!("held-{place}-{number}")),
                    "respond-async",
                )
                .await;
        }
        client
            .until("/ready", |body| {
                body["reasons"].to_string().contains("to be repaired")
            })
            .await;
    }
    std::fs::write(&secret, "s3cret-of-now").expect("written");
    for client in clients() {
        let answer = client.post("/admin/reload", &json!(null)).await;
        assert_eq!(
            answer.body["configuration"]["changed"],
            json!(["wechat-ops: wechat.corp_secret"]),
            "{}",
            answer.body
        );
    }
    for (place, client) in clients().enumerate() {
        for number in 0..10 {
            client
                .until(&format!("/v1/actions/held-{place}-{number}"), |view| {
                    view["outcome"].get("Executed").is_some()
                })
                .await;
        }
        client
            .until("/ready", |body| body["status"] == "ready")
            .await;
    }
    let mut sent = taken(&wecom);
    assert_eq!(sent.len(), 22);
    sent.sort();
    sent.dedup();
    assert_eq!(sent.len(), 22, "each once");
}
