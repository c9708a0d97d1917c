//! Breakers, opened and closed by hand.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Outcome, ProviderName};
use acteon_gateway::BreakerPolicy;
use acteon_simulation::harness::{SimulationConfig, SimulationHarness};
use acteon_store::MemoryStore;
use tokio::time::Instant;

use super::{Service, action, gateway_on, post_many, until_arrived};

#[tokio::test(start_paused = true)]
async fn those_who_waited_for_a_breaker_come_back_one_after_the_other() {
    let service = Service::taking(10_000);
    let gateway = gateway_on(
        Arc::<MemoryStore>::default(),
        &service,
        Some(BreakerPolicy::default()),
    )
    .await;
    assert!(
        gateway
            .set_breaker("p", true)
            .await
            .expect("the store works")
    );
    post_many(&gateway, 1000).await;
    let took = until_arrived(&service, 1000, Instant::now()).await;
    assert!(
        (Duration::from_mins(1)..Duration::from_secs(100)).contains(&took),
        "{took:?}"
    );
    let arrived = service.arrived();
    let spread = arrived[999] - arrived[0];
    assert!(spread > Duration::from_secs(10), "{spread:?}");
}

#[tokio::test]
async fn a_breaker_moved_by_hand_moves_on_every_gateway() {
    let policy = BreakerPolicy {
        success_threshold: 1,
        ..BreakerPolicy::default()
    };
    let config = SimulationConfig::builder()
        .nodes(3)
        .add_recording_provider("log")
        .breaker(policy)
        .build();
    let harness = SimulationHarness::start(config)
        .await
        .expect("a simulation");
    let gateway = |node: usize| harness.node(node).expect("a node").gateway();
    let states = || [0, 1, 2].map(|node| gateway(node).breakers()[0].1);
    for (node, open, word) in [
        (0, true, "open"),
        (2, false, "closed"),
        (1, true, "open"),
        (0, false, "closed"),
    ] {
        assert!(
            gateway(node)
                .set_breaker("log", open)
                .await
                .expect("the store works")
        );
        harness
            .advance(Duration::from_secs(11))
            .await
            .expect("time");
        assert_eq!(states(), [word; 3], "after gateway {node}");
    }
    gateway(1)
        .set_breaker("log", true)
        .await
        .expect("the store works");
    harness
        .advance(Duration::from_secs(11))
        .await
        .expect("time");
    for node in 0..3 {
        let mut posted = action(&format!("a{node}"), "all");
        posted.provider = ProviderName::parse("log").expect("a name");
        let outcome = harness
            .dispatch_to(node, &posted)
            .await
            .expect("an outcome");
        assert!(
            matches!(&outcome, Outcome::Scheduled { last_error: Some(error), .. } if error.code == "CIRCUIT_OPEN"),
            "{outcome:?}"
        );
    }
    harness.advance(Duration::from_mins(3)).await.expect("time");
    assert_eq!(
        (
            states(),
            harness.provider("log").expect("it is there").call_count()
        ),
        (["closed"; 3], 3)
    );
}
