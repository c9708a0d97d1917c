//! kill -9 of three gateways on one database, at random moments and overlapping, under load.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use super::{Fleet, Shared};
use crate::support::ledger::{Ledger, limit, nothing_is_open, times};
use crate::wechat::{configuration, local_wecom, unlimited};

const CLIENTS: usize = 16;
const LEASE: u32 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn kills_of_three_gateways_lose_nothing_and_mark_every_duplicate() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let cycles = times("ACTEON_SHARED_KILLS", 20);
    let mut world = unlimited();
    world.settings.latency_ms = 5;
    let wecom = local_wecom(world).await;
    let mut fleet = Fleet::start(3, shared.lines(LEASE) + &configuration(&wecom, ""));
    let ledger = Arc::new(Ledger::default());
    let random = RandomState::new();
    let began = tokio::time::Instant::now();
    let clients = ledger.load(CLIENTS, &fleet.clients);
    for cycle in 0..cycles {
        let choice = random.hash_one(cycle);
        ledger.wait_for_posts(1 + choice % 300).await;
        let first = (choice >> 16) as usize % 3;
        let second = (first + 1 + (choice >> 24) as usize % 2) % 3;
        let victims = if choice >> 32 & 1 == 0 {
            vec![first]
        } else {
            vec![first, second]
        };
        for victim in &victims {
            fleet.take(*victim).kill();
        }
        // One may be gone for a while before it comes back.
        if choice >> 33 & 1 == 0 {
            ledger.wait_for_posts(50).await;
        }
        for victim in victims {
            fleet.revive(victim);
        }
    }
    ledger.stop(clients).await;
    let finished = nothing_is_open(
        &fleet.client(),
        limit(
            "ACTEON_SHARED_KILLS",
            Duration::from_secs(u64::from(LEASE) + 5),
        ),
    )
    .await;
    let report = ledger.check(&wecom, &fleet.client()).await;
    let took = began.elapsed();
    println!(
        "{cycles} kills of one or two of three gateways in {took:?}: {report:?}, 0 lost; the rest was finished after {finished:?}"
    );
    assert!(report.answered > cycles, "there was load: {report:?}");
    assert!(
        report.twice <= cycles * 2 * CLIENTS,
        "only what was in flight can be sent twice: {report:?}"
    );
}
