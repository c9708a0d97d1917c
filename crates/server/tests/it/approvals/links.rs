//! Links that are none, any more or not for this.

use acteon_core::Timestamp;
use serde_json::json;

use super::{LOG, asking, follow, id_of, lines, message, path, pending, receiver, rule};
use crate::support::Gateway;

#[tokio::test(flavor = "multi_thread")]
async fn forged_and_foreign_links_decide_nothing() {
    let (gateway, hook) = asking("approvers: [lena, max]").await;
    let (first, second) = (pending(&gateway, "a").await, pending(&gateway, "b").await);
    let (id, other) = (id_of(&first), id_of(&second));
    let lena = message(&hook, &id, "lena", 0).await;
    let approve = path(&lena["approval_url"]);
    let forged = [
        approve.replace("/approve?", "/reject?"),
        approve.replace("person=lena", "person=max"),
        approve.replace(&id, &other),
        approve.replace("/acme/", "/globex/"),
        approve.replace("/incidents/", "/other/"),
        approve.replace("expires_at=", "expires_at=9"),
        approve.replace("kid=store", "kid=other"),
        format!("{}{}", &approve[..approve.len() - 64], "0".repeat(64)),
        path(&lena["reject_url"]).replace("/reject?", "/approve?"),
    ];
    for link in forged {
        assert_ne!(link, approve);
        let answer = gateway.post(&link, &json!({})).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body["code"].as_str()),
            (404, Some("NOT_FOUND")),
            "{link}"
        );
        assert_eq!(gateway.get(&link).await.status, 404, "{link}");
    }
    // A link that names nobody shows it, and decides nothing where people are named.
    assert_eq!(gateway.get(&path(&first["approve_url"])).await.status, 200);
    let (status, answer) = follow(&gateway, &first["approve_url"]).await;
    assert_eq!(
        (status.as_u16(), answer["code"].as_str()),
        (403, Some("NOT_AN_APPROVER"))
    );
    for id in [&id, &other] {
        let found = gateway.get(&format!("/v1/approvals/{id}")).await.body;
        assert_eq!(
            (
                &found["status"],
                found["decisions"].as_array().map(Vec::len)
            ),
            (&json!("pending"), Some(0))
        );
    }
    // The link that opens it decides, either way.
    let opening = path(&lena["url"]).replacen('?', "/approve?", 1);
    let answer = gateway.post(&opening, &json!({})).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["status"]),
        (200, &json!("approved"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn links_end_with_the_time_to_decide() {
    let (gateway, _hook) = asking("timeout_seconds: 1").await;
    let asked = pending(&gateway, "a").await;
    let end = Timestamp::parse(asked["expires_at"].as_str().expect("a time")).expect("a time");
    let url = path(&asked["approve_url"]);
    gateway
        .until(&url, |body| body["code"] == "NOT_FOUND")
        .await;
    let (status, answer) = follow(&gateway, &asked["approve_url"]).await;
    assert_eq!(status, 404, "{answer}");
    let message = answer["message"].as_str().expect("a message");
    assert!(
        message.contains("this link is over") && message.contains(&end.to_string()[..16]),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn links_outlive_a_restart_and_the_key_that_signed_them() {
    let hook = receiver().await;
    let folder = tempfile::tempdir().expect("a folder");
    let lines =
        crate::support::with_rules_in(&folder, &rule("timeout_seconds: 600"), &lines(&hook));
    let gateway = Gateway::start_in(folder, &lines).await;
    let asked = pending(&gateway, "a").await;
    let gateway = gateway.restart(&lines).await;
    assert_eq!(
        gateway.get(&path(&asked["approve_url"])).await.status,
        200,
        "the key is in the store"
    );
    let (old, new) = ("ab".repeat(32), "cd".repeat(32));
    let with = |keys: &str| format!("server.approval_keys = {keys:?}\n{lines}");
    let gateway = gateway.restart(&with(&format!("old:{old}"))).await;
    assert_eq!(
        gateway.get(&path(&asked["approve_url"])).await.status,
        404,
        "another key"
    );
    let asked = pending(&gateway, "b").await;
    let gateway = gateway
        .restart(&with(&format!("new:{new},old:{old}")))
        .await;
    assert!(path(&asked["approve_url"]).ends_with("&kid=old"));
    let (status, answer) = follow(&gateway, &asked["approve_url"]).await;
    assert_eq!(
        (status.as_u16(), &answer["status"]),
        (200, &json!("approved"))
    );
    assert!(path(&pending(&gateway, "c").await["approve_url"]).ends_with("&kid=new"));
    let gateway = gateway.restart(&with(&format!("new:{new}"))).await;
    assert_eq!(
        gateway.get(&path(&asked["approve_url"])).await.status,
        404,
        "its key is gone"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn links_lead_to_where_people_reach_the_server() {
    let hook = receiver().await;
    let lines = format!(
        "server.external_url = \"https://acteon.example.com/gate/\"\nserver.approval_secret = \"{}\"\n{}",
        "ab".repeat(32),
        lines(&hook)
    );
    let gateway = Gateway::with_rules(&rule("approvers: [lena]"), &lines).await;
    let asked = pending(&gateway, "a").await;
    let url = asked["approve_url"].as_str().expect("a link");
    assert!(
        url.starts_with("https://acteon.example.com/gate/v1/approvals/incidents/acme/"),
        "{url}"
    );
    let lena = message(&hook, &id_of(&asked), "lena", 0).await;
    let url = lena["url"].as_str().expect("a link");
    assert!(
        url.starts_with("https://acteon.example.com/gate/v1/approvals/incidents/acme/"),
        "{url}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_key_and_no_address_is_told_with_its_line() {
    for (line, said) in [
        ("server.approval_secret = \"secret\"", "hexadecimal digits"),
        (
            "server.approval_keys = \"a:abab,a:abab\"",
            "hexadecimal digits",
        ),
        (
            "server.external_url = \"acteon.example.com\"",
            "must be an address such as https://",
        ),
    ] {
        let error = crate::support::parse(&format!("{line}\n{LOG}"));
        let error = error.err().expect("an error");
        assert!(
            error.contains(said) && error.contains("acteon.toml"),
            "{error}"
        );
        assert!(!error.contains("abab"), "{error}");
    }
}
