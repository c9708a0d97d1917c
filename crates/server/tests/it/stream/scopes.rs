//! Who may know what: scopes, keys and what is redacted.

use acteon_fakes::webhook::Receiver;
use serde_json::json;

use super::{Follower, LOG, of_type};
use crate::auth::{auth_file, start};
use crate::policies::{PROVIDERS, with_keys};
use crate::support::{Gateway, action};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_of_what_no_grant_covers() {
    let gateway = with_keys(PROVIDERS).await;
    let root = gateway.with_key("root");
    let cases: [(&str, &[&str]); 6] = [
        ("root", &["a", "b", "c", "d"]),
        ("acme", &["a", "b", "c"]),
        ("eyes", &["a", "b", "c"]),
        ("log-only", &["a", "c"]),
        ("notify-only", &["a", "b"]),
        ("log-of-all", &["a", "c", "d"]),
    ];
    let mut followers = Vec::new();
    for (key, _) in cases {
        followers.push(Follower::start(&gateway.with_key(key), "/v1/stream").await);
    }
    let mut elsewhere = of_type("d", "notify");
    elsewhere["tenant"] = json!("globex");
    for action in [
        of_type("a", "notify"),
        action("b", "ops", &json!({})),
        of_type("c", "other"),
        elsewhere,
    ] {
        root.dispatch(&action).await;
    }
    for ((key, expected), follower) in cases.iter().zip(&mut followers) {
        assert_eq!(follower.ids(expected.len()).await, *expected, "{key}");
    }
    // Asking for it does not help.
    let asked = Follower::start(&gateway.with_key("eyes"), "/v1/stream?tenant=globex").await;
    let mut more = of_type("e", "notify");
    more["tenant"] = json!("globex");
    root.dispatch(&more).await;
    gateway.stop().await;
    for mut follower in followers.into_iter().skip(1).take(4).chain([asked]) {
        assert_eq!(follower.next().await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_key_is_withdrawn_is_told_nothing_more() {
    let callers = [("root", "admin", "*"), ("eyes", "viewer", "acme")];
    let (gateway, path) = start(&callers).await;
    let mut kept = Follower::start(&gateway.with_key("root"), "/v1/stream").await;
    let mut withdrawn = Follower::start(&gateway.with_key("eyes"), "/v1/stream").await;
    std::fs::write(&path, auth_file(&callers[..1])).expect("written");
    let reloaded = gateway
        .with_key("root")
        .post("/admin/reload", &json!({}))
        .await;
    assert!(reloaded.status.is_success(), "{}", reloaded.body);
    assert_eq!(withdrawn.next().await, None);
    gateway
        .with_key("root")
        .dispatch(&of_type("a", "notify"))
        .await;
    assert_eq!(kept.ids(1).await, ["a"]);
    // Nothing happened until the look that found the key gone.
    assert!(kept.comments > 0, "a quiet connection is kept open");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_redacted_is_told() {
    // It stands in what the webhook's provider says of a refusal.
    const CANARY: &str = "answered with HTTP";
    let receiver = Receiver::start(|_: &_| (400, String::new()))
        .await
        .expect("a receiver");
    let configuration = format!(
        "audit.redact = [\"payload.secret\"]\nretry.durable = false\n{LOG}[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n\
         [[providers]]\nname = \"echo\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        receiver.url(),
        crate::redaction::echo()
    );
    let gateway = Gateway::start(&configuration).await;
    let mut live = Follower::start(&gateway, "/v1/stream").await;
    let payload = json!({ "secret": CANARY, "text": "hello" });
    let failed = gateway.dispatch(&action("failed", "hook", &payload)).await;
    assert!(
        failed.to_string().contains(CANARY),
        "its sender knows it: {failed}"
    );
    gateway.dispatch(&action("sent", "echo", &payload)).await;
    let events = live.events(2).await;
    let mut behind = Follower::from(&gateway, "/v1/stream", Some("x")).await;
    behind.next().await.expect("a frame");
    let again = behind.events(2).await;
    let mut one = Follower::start(&gateway, "/v1/subscribe/action/failed").await;
    let of_one = one.events(1).await;
    for event in events.iter().chain(&again).chain(&of_one) {
        let text = event.data.to_string();
        assert!(!text.contains(CANARY), "{text}");
    }
    let message = &events[0].data["outcome"]["Failed"]["message"];
    assert!(
        message
            .as_str()
            .is_some_and(|text| text.contains("[redacted]")),
        "{message}"
    );
    assert_eq!(events[1].data["outcome"]["Executed"]["body"], json!(null));
}
