//! A thousand sends against a limit of twenty a second.

use std::time::Duration;

use acteon_simulation::wecom::{Call, RateLimit};
use futures_util::future::join_all;

use super::{configuration, local_wecom, text, unlimited};
use crate::support::Gateway;

#[tokio::test(flavor = "multi_thread")]
async fn a_limited_lane_delivers_everything_at_the_permitted_pace() {
    let mut world = unlimited();
    world.settings.rate_limit = Some(RateLimit { calls: 20, window_ms: 1000, penalty_ms: 0 });
    let wecom = local_wecom(world).await;
    let gateway = Gateway::start(&configuration(&wecom, "")).await;
    let started = tokio::time::Instant::now();
    let actions: Vec<_> = (0..1000).map(|number| text(&format!("a-{number}"))).collect();
    for outcome in join_all(actions.iter().map(|action| gateway.dispatch(action))).await {
        assert!(outcome.get("Executed").is_some() || outcome.get("Scheduled").is_some(), "{outcome}");
    }
    let outcomes = join_all(actions.iter().map(|action| gateway.final_outcome(action))).await;
    let took = started.elapsed();
    assert!(outcomes.iter().all(|outcome| outcome["Executed"]["status"] == "success"));
    let (messages, refused) = wecom.world(|world| {
        let distinct: std::collections::BTreeSet<String> = world.messages().map(|message| message.content.to_string()).collect();
        assert_eq!(distinct.len(), 1000, "none lost");
        (world.counts().messages, world.counts().refused.get(&45009).copied().unwrap_or(0))
    });
    assert_eq!(messages, 1000, "none twice");
    let calls = wecom.calls(Call::Send);
    println!("1000 sends at 20 a second: {took:?}, {refused} of {calls} calls refused");
    assert!(refused * 20 < calls, "{refused} of {calls} calls refused");
    // The permitted pace is 50 s; the rest is finding it out. A count of the virtual kind would need the server's clock.
    assert!(took < Duration::from_secs(70), "{took:?}");
}
