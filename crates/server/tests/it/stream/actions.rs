//! One action, followed to its end.

use serde_json::json;

use super::{Follower, LOG, of_type};
use crate::support::Gateway;

const OF: &str = "namespace=incidents&tenant=acme";

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_is_over_is_told_of_and_then_the_end() {
    let gateway = Gateway::start(LOG).await;
    gateway.dispatch(&of_type("a", "notify")).await;
    let path = format!("/v1/subscribe/action/a?{OF}");
    for (more, events) in [
        ("", 1),
        ("&include_history=true", 1),
        ("&include_history=false", 0),
    ] {
        let mut follower = Follower::start(&gateway, &format!("{path}{more}")).await;
        for event in follower.events(events).await {
            assert_eq!(event.action_id(), "a");
            assert_eq!(event.data["outcome"]["Executed"]["status"], "success");
            assert_eq!(event.id.as_deref(), event.data["id"].as_str());
        }
        let end = follower.next().await.expect("the end");
        assert_eq!(
            (end.event.as_str(), end.action_id()),
            ("subscription_end", "a"),
            "{more}"
        );
        assert_eq!(follower.next().await, None, "{more}");
    }
    let unknown = gateway.get("/v1/subscribe/action/b").await;
    assert_eq!(unknown.status.as_u16(), 404, "{}", unknown.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_waits_is_followed_until_it_ends() {
    let gateway = Gateway::start(LOG).await;
    let mut waits = of_type("waits", "notify");
    waits["delay_seconds"] = json!(86_400);
    gateway.dispatch(&waits).await;
    let mut other = waits.clone();
    other["tenant"] = json!("other");
    gateway.dispatch(&other).await;
    let mut follower = Follower::start(&gateway, &format!("/v1/subscribe/action/waits?{OF}")).await;
    for tenant in ["other", "acme"] {
        let path = format!("/v1/scheduled/waits?namespace=incidents&tenant={tenant}");
        assert_eq!(gateway.delete(&path).await.status.as_u16(), 204);
    }
    let event = follower.events(1).await.remove(0);
    assert_eq!(event.data["tenant"], "acme");
    assert_eq!(event.data["outcome"]["Failed"]["code"], "CANCELLED");
    assert_eq!(
        follower.next().await.expect("the end").event,
        "subscription_end"
    );
    assert_eq!(follower.next().await, None);
}
