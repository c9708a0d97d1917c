//! The stream on virtual time: what is read for whom, who is cut off, and what a store that fails costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use acteon_core::limits::{
    EVENTS_KEPT, MAX_EVENTS, MAX_STREAM_WAITING, MAX_STREAM_WAITING_BYTES, STREAM_PING,
};
use acteon_core::{
    Action, BoxFuture, Caller, ErrorKind, Origin, ProviderError, ProviderName, Scope,
};
use acteon_gateway::{
    Gateway, GatewayOptions, Parts, Registry, StreamFilter, StreamReader, Told, Wait,
};
use acteon_rules::RuleSet;
use acteon_simulation::harness::{FailingProvider, Fails, FaultSwitch, SeededEntropy};
use acteon_store::{Layer, Layered, MemoryStore, Store, StoreCall, StoreError};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use super::lanes::{NoObserver, Time};

/// A store that counts the looks at its events.
struct Counting {
    store: Arc<dyn Store>,
    looks: Arc<AtomicUsize>,
    /// Time that each look takes.
    takes: Duration,
}

impl Layer for Counting {
    fn store(&self) -> &dyn Store {
        &*self.store
    }

    fn around<'a, T: Send + 'static>(
        &'a self,
        call: StoreCall,
        work: impl FnOnce(&'a dyn Store) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        if matches!(call, StoreCall::Events | StoreCall::NewestEvent) {
            self.looks.fetch_add(1, Ordering::SeqCst);
        }
        let takes = if call == StoreCall::Events {
            self.takes
        } else {
            Duration::ZERO
        };
        let work = work(&*self.store);
        Box::pin(async move {
            if !takes.is_zero() {
                sleep(takes).await;
            }
            work.await
        })
    }
}

/// A gateway, the number of looks at its events, and what lets its store fail.
async fn start() -> (Gateway, Arc<AtomicUsize>, FaultSwitch) {
    start_with(FailingProvider::execution_failed(), Duration::ZERO).await
}

async fn start_with(
    provider: FailingProvider,
    takes: Duration,
) -> (Gateway, Arc<AtomicUsize>, FaultSwitch) {
    let (looks, switch) = (Arc::<AtomicUsize>::default(), FaultSwitch::default());
    let mut registry = Registry::default();
    registry
        .add(
            ProviderName::parse("p").expect("a name"),
            Arc::new(provider),
        )
        .expect("a provider");
    let store = Layered(Counting {
        store: switch.around(Arc::<MemoryStore>::default()),
        looks: Arc::clone(&looks),
        takes,
    });
    let parts = Parts {
        store: Arc::new(store),
        clock: Arc::new(Time(Instant::now())),
        entropy: Arc::new(SeededEntropy::new(7)),
        observer: Arc::new(NoObserver),
        registry,
        rules: RuleSet::default(),
        options: GatewayOptions::default(),
    };
    (
        Gateway::start(parts).await.expect("a gateway"),
        looks,
        switch,
    )
}

/// Has an action end.
pub(crate) async fn end(gateway: &Gateway, id: &str) {
    let action = json!({ "id": id, "namespace": "n", "tenant": "t", "provider": "p", "action_type": "x", "payload": {},
        "created_at": "2026-01-01T00:00:00Z" });
    let action: Action = serde_json::from_value(action).expect("an action");
    let wait = Wait::ForOutcome(Duration::from_secs(30));
    let answer = gateway.dispatch(action, Origin::Api, Caller::anonymous(), wait);
    answer.await.expect("an answer");
}

pub(crate) async fn follow(gateway: &Gateway, last: Option<&str>) -> StreamReader {
    let everything = StreamFilter::of(Scope::everything());
    gateway.stream(everything, last).await.expect("a reader")
}

/// The id of the next event, and of its action.
pub(crate) async fn next(reader: &mut StreamReader) -> (String, String) {
    let told = timeout(Duration::from_mins(1), reader.next()).await;
    match told.expect("a word in time").expect("a word") {
        Told::Event(event) => {
            let data: serde_json::Value = serde_json::from_str(&event.data).expect("JSON");
            let action = data["action_id"].as_str().expect("an id").to_owned();
            (event.id.to_string(), action)
        }
        Told::Lagged(skipped) => panic!("{skipped} were passed over"),
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_while_nobody_follows() {
    let (gateway, looks, _) = start().await;
    end(&gateway, "a").await;
    sleep(Duration::from_mins(1)).await;
    assert_eq!(looks.load(Ordering::SeqCst), 0);
    let mut readers = Vec::new();
    for _ in 0..50 {
        readers.push(follow(&gateway, None).await);
    }
    let before = looks.load(Ordering::SeqCst);
    end(&gateway, "b").await;
    for reader in &mut readers {
        assert_eq!(next(reader).await.1, "b");
    }
    let made = looks.load(Ordering::SeqCst) - before;
    assert!(made < 10, "one look is for all of them: {made}");
    drop(readers);
    sleep(Duration::from_secs(5)).await;
    let before = looks.load(Ordering::SeqCst);
    end(&gateway, "c").await;
    sleep(Duration::from_mins(1)).await;
    assert_eq!(looks.load(Ordering::SeqCst), before);
}

#[tokio::test(start_paused = true)]
async fn one_who_does_not_keep_up_is_told_how_many_it_misses_and_gets_them_by_coming_back() {
    let (gateway, ..) = start().await;
    let (mut slow, mut quick) = (follow(&gateway, None).await, follow(&gateway, None).await);
    for number in 0..MAX_STREAM_WAITING + 7 {
        end(&gateway, &format!("a{number}")).await;
        assert_eq!(next(&mut quick).await.1, format!("a{number}"));
    }
    let mut last = String::new();
    for number in 0..MAX_STREAM_WAITING {
        let (id, action) = next(&mut slow).await;
        assert_eq!(action, format!("a{number}"));
        last = id;
    }
    assert!(matches!(slow.next().await, Some(Told::Lagged(7))));
    assert!(slow.next().await.is_none(), "it is cut off");
    let mut back = follow(&gateway, Some(&last)).await;
    for number in MAX_STREAM_WAITING..MAX_STREAM_WAITING + 7 {
        assert_eq!(next(&mut back).await.1, format!("a{number}"));
    }
    end(&gateway, "b").await;
    assert_eq!(next(&mut back).await.1, "b");
    assert_eq!(next(&mut quick).await.1, "b", "nobody else is cut off");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_for_a_while_costs_no_event() {
    let (gateway, _, switch) = start().await;
    let mut live = follow(&gateway, None).await;
    end(&gateway, "a").await;
    let (last, _) = next(&mut live).await;
    switch.fail(StoreCall::Events, Fails::UntilLifted);
    end(&gateway, "b").await;
    let mut behind = follow(&gateway, Some(&last)).await;
    for reader in [&mut live, &mut behind] {
        let early = timeout(Duration::from_secs(2), reader.next()).await;
        assert!(early.is_err(), "nothing can be read");
    }
    assert!(switch.failed(StoreCall::Events) > 1);
    switch.lift();
    for reader in [&mut live, &mut behind] {
        assert_eq!(next(reader).await.1, "b");
    }
    end(&gateway, "c").await;
    for reader in [&mut live, &mut behind] {
        assert_eq!(next(reader).await.1, "c");
    }
    switch.fail(StoreCall::NewestEvent, Fails::UntilLifted);
    drop((live, behind));
    sleep(Duration::from_secs(5)).await;
    let everything = StreamFilter::of(Scope::everything());
    let refused = gateway.stream(everything, None).await;
    assert!(refused.is_err(), "who comes meanwhile is told so");
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_every_reader() {
    let (gateway, ..) = start().await;
    let mut live = follow(&gateway, None).await;
    end(&gateway, "a").await;
    let mut behind = follow(&gateway, Some("no id")).await;
    assert_eq!(next(&mut live).await.1, "a");
    gateway.release();
    assert!(live.next().await.is_none());
    assert!(matches!(behind.next().await, Some(Told::Lagged(0))));
    assert!(behind.next().await.is_none());
    assert!(
        gateway.stop(Duration::from_secs(5)).await,
        "nothing is left running"
    );
}

#[tokio::test(start_paused = true)]
async fn long_events_fill_a_queue_by_their_bytes() {
    const MANY: usize = 400;
    let long = ProviderError::new(ErrorKind::ExecutionFailed, "x".repeat(60_000));
    let (gateway, ..) = start_with(FailingProvider::new(long), Duration::ZERO).await;
    let (mut slow, mut quick) = (follow(&gateway, None).await, follow(&gateway, None).await);
    for number in 0..MANY {
        end(&gateway, &format!("a{number}")).await;
        assert_eq!(next(&mut quick).await.1, format!("a{number}"));
    }
    let (mut told, mut bytes) = (0, 0);
    let skipped = loop {
        match slow.next().await.expect("a word") {
            Told::Event(event) => (told, bytes) = (told + 1, bytes + event.data.len()),
            Told::Lagged(skipped) => break skipped,
        }
    };
    assert!((1..=MAX_STREAM_WAITING_BYTES).contains(&bytes), "{bytes}");
    assert!(told < MAX_STREAM_WAITING && told + skipped as usize == MANY);
    assert!(slow.next().await.is_none(), "it is cut off");
}

#[tokio::test(start_paused = true)]
async fn a_look_that_takes_longer_than_a_reader_waits_for_it_goes_on() {
    let takes = Duration::from_secs(40);
    let (gateway, ..) = start_with(FailingProvider::execution_failed(), takes).await;
    end(&gateway, "a").await;
    let mut behind = follow(&gateway, Some("x")).await;
    assert!(matches!(behind.next().await, Some(Told::Lagged(0))));
    for _ in 0..2 {
        let early = timeout(STREAM_PING, behind.next()).await;
        assert!(early.is_err(), "the store is slow");
    }
    let told = timeout(STREAM_PING, behind.next()).await.expect("in time");
    assert!(matches!(told, Some(Told::Event(_))), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn one_whose_events_are_deleted_before_it_reads_them_is_told_so() {
    let (gateway, ..) = start().await;
    let mut first = follow(&gateway, None).await;
    for number in 0..2 * MAX_EVENTS {
        end(&gateway, &format!("a{number}")).await;
    }
    let (last, _) = next(&mut first).await;
    drop(first);
    let mut slow = follow(&gateway, Some(&last)).await;
    assert_eq!(next(&mut slow).await.1, "a1");
    end(&gateway, "newest").await;
    sleep(EVENTS_KEPT + Duration::from_hours(2)).await;
    for number in 2..=MAX_EVENTS {
        assert_eq!(next(&mut slow).await.1, format!("a{number}"));
    }
    assert!(matches!(slow.next().await, Some(Told::Lagged(0))));
    assert_eq!(next(&mut slow).await.1, "newest", "it goes on");
}
