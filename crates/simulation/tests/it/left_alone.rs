//! Actions that wait for a provider which a breaker leaves alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use acteon_core::ProviderName;
use acteon_gateway::{AttemptEvent, BreakerPolicy, Observer, OutcomeEvent};
use acteon_store::MemoryStore;
use tokio::time::{Instant, sleep};

use crate::lanes::{Service, observed_gateway, post_many, until_arrived};

/// Counts outcomes, also of rounds that end without one.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Observer for Counting {
    fn outcome(&self, _event: &OutcomeEvent<'_>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
    fn attempt(&self, _event: &AttemptEvent<'_>) {}
    fn rule_error(&self, _rule: &str) {}
    fn unreadable(&self) {}
    fn quota(&self, _overage: &'static str) {}
    fn breaker(&self, _provider: &ProviderName, _state: &'static str) {}
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_provider_that_is_left_alone_costs_nothing_and_goes_once_it_is_back() {
    const WAITING: usize = 1000;
    let service = Service::taking(10_000);
    service.is_dead.store(true, Ordering::SeqCst);
    let counting = Arc::new(Counting::default());
    let store = Arc::<MemoryStore>::default();
    let gateway = observed_gateway(
        store,
        &service,
        Some(BreakerPolicy::default()),
        Arc::clone(&counting) as Arc<dyn Observer>,
    )
    .await;
    post_many(&gateway, WAITING).await;
    sleep(Duration::from_mins(5)).await;
    let before = counting.0.load(Ordering::SeqCst);
    sleep(Duration::from_mins(30)).await;
    let rounds = counting.0.load(Ordering::SeqCst) - before;
    assert!(
        (20..150).contains(&rounds),
        "{rounds} rounds of {WAITING} actions in half an hour: it is tried once a minute"
    );
    service.is_dead.store(false, Ordering::SeqCst);
    let took = until_arrived(&service, WAITING, Instant::now()).await;
    assert!(took < Duration::from_mins(3), "{took:?} after it was back");
    assert_eq!(gateway.open_count(), 0);
}
