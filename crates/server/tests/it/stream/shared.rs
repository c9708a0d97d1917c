//! Two gateways on one store: either tells what the other did, and goes on where the other ended.

use serde_json::json;

use super::{Follower, LOG, of_type};
use crate::shared::Shared;
use crate::support::action;

#[tokio::test(flavor = "multi_thread")]
async fn either_gateway_tells_what_both_did_and_goes_on_for_the_other() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let one = shared.gateway(LOG).await;
    let other = shared.gateway(LOG).await;
    let mut follower = Follower::start(&one, "/v1/stream").await;
    for number in 0..10 {
        let gateway = if number % 2 == 0 { &one } else { &other };
        gateway
            .dispatch(&of_type(&format!("a{number}"), "notify"))
            .await;
    }
    let mut first = follower.events(6).await;
    let last = first.pop().and_then(|frame| frame.id);
    drop(follower);
    one.stop().await;
    let mut back = Follower::from(&other, "/v1/stream", last.as_deref()).await;
    other.dispatch(&action("b", "log", &json!({}))).await;
    assert_eq!(back.ids(5).await, ["a6", "a7", "a8", "a9", "b"]);
}
