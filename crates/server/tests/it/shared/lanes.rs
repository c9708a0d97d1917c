//! Three gateways keep the pace that one would.

use acteon_fakes::wecom::{Call, RateLimit};
use futures_util::future::join_all;
use std::collections::BTreeSet;

use super::Shared;
use crate::wechat::{configuration, local_wecom, text, unlimited};

#[tokio::test(flavor = "multi_thread")]
async fn three_gateways_share_a_limit_of_twenty_a_second() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let mut world = unlimited();
    world.settings.rate_limit = Some(RateLimit {
        calls: 20,
        window_ms: 1000,
        penalty_ms: 0,
    });
    let wecom = local_wecom(world).await;
    let configuration = configuration(&wecom, "");
    let gateways = join_all((0..3).map(|_| shared.gateway(&configuration))).await;
    let started = tokio::time::Instant::now();
    let actions: Vec<_> = (0..300)
        .map(|number| text(&format!("a-{number}")))
        .collect();
    let gateway = |number: usize| &gateways[number % gateways.len()];
    for outcome in join_all(
        actions
            .iter()
            .enumerate()
            .map(|(number, action)| gateway(number).dispatch_until_taken(action)),
    )
    .await
    {
        assert!(
            outcome.get("Executed").is_some() || outcome.get("Scheduled").is_some(),
            "{outcome}"
        );
    }
    // Asked of another gateway than the one that took it.
    let finals = actions
        .iter()
        .enumerate()
        .map(|(number, action)| gateway(number + 1).final_outcome(action));
    assert!(
        join_all(finals)
            .await
            .iter()
            .all(|outcome| outcome["Executed"]["status"] == "success")
    );
    let took = started.elapsed();
    let (distinct, messages, refused) = wecom.world(|world| {
        let distinct: BTreeSet<String> = world
            .messages()
            .map(|message| message.content.to_string())
            .collect();
        (
            distinct.len(),
            world.counts().messages,
            world.counts().refused.get(&45009).copied().unwrap_or(0),
        )
    });
    assert_eq!((distinct, messages), (300, 300), "none lost, none twice");
    let calls = wecom.calls(Call::Send);
    println!(
        "300 sends of three gateways at 20 a second: {took:?}, {refused} of {calls} calls refused"
    );
    assert!(refused * 10 < calls, "{refused} of {calls} calls refused");
}
