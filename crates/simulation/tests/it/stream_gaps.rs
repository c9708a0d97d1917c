//! The stream where clocks differ, commits are lost, and many come back at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use acteon_core::limits::{EVENTS_KEPT, MAX_STREAM_LOOKS};
use acteon_core::{BoxFuture, Clock, ProviderName, Timestamp};
use acteon_gateway::{Gateway, GatewayOptions, Parts, Redaction, Registry, Told};
use acteon_rules::RuleSet;
use acteon_simulation::harness::{FailingProvider, SeededEntropy};
use acteon_store::{Layer, Layered, MemoryStore, Store, StoreCall, StoreError};
use tokio::time::{Instant, sleep, timeout};

use super::lanes::{NoObserver, Time};
use super::stream::{end, follow, next};

/// A clock that is ahead of others.
struct Ahead(Time, Duration);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        self.0.now() + self.1
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.sleep(duration)
    }
}

/// A gateway on a store, with its clock ahead by so much of one that began with `began`.
async fn start(store: Arc<dyn Store>, began: Instant, ahead: Duration) -> Gateway {
    let mut registry = Registry::default();
    let name = ProviderName::parse("p").expect("a name");
    let provider = Arc::new(FailingProvider::execution_failed());
    registry.add(name, provider).expect("a provider");
    let redaction = Redaction::new(&["payload.pin".to_owned()]).expect("a path");
    let parts = Parts {
        store,
        clock: Arc::new(Ahead(Time(began), ahead)),
        entropy: Arc::new(SeededEntropy::new(ahead.as_secs() + 7)),
        observer: Arc::new(NoObserver),
        registry,
        rules: RuleSet::default(),
        options: GatewayOptions {
            redaction,
            ..GatewayOptions::default()
        },
    };
    Gateway::start(parts).await.expect("a gateway")
}

/// A store whose events are those of another from an instant on, as if a server had been promoted that lacks what was committed last.
struct FailsOver {
    store: Arc<dyn Store>,
    promoted: Arc<dyn Store>,
    is_over: Arc<AtomicBool>,
}

impl Layer for FailsOver {
    fn store(&self) -> &dyn Store {
        &*self.store
    }

    fn around<'a, T: Send + 'static>(
        &'a self,
        call: StoreCall,
        work: impl FnOnce(&'a dyn Store) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        let is_of_events = matches!(
            call,
            StoreCall::Events
                | StoreCall::NewestEvent
                | StoreCall::OldestEvent
                | StoreCall::HasEvent
        );
        if is_of_events && self.is_over.load(Ordering::SeqCst) {
            work(&*self.promoted)
        } else {
            work(&*self.store)
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_follows_is_told_that_commits_were_lost_whose_positions_are_given_again() {
    let (began, is_over) = (Instant::now(), Arc::<AtomicBool>::default());
    let promoted: Arc<dyn Store> = Arc::<MemoryStore>::default();
    let other = start(Arc::clone(&promoted), began, Duration::ZERO).await;
    let store = FailsOver {
        store: Arc::<MemoryStore>::default(),
        promoted,
        is_over: Arc::clone(&is_over),
    };
    let gateway = start(Arc::new(Layered(store)), began, Duration::ZERO).await;
    let mut live = follow(&gateway, None).await;
    for id in ["a1", "a2"] {
        end(&gateway, id).await;
    }
    assert_eq!(next(&mut live).await.1, "a1");
    let (last, _) = next(&mut live).await;
    sleep(Duration::from_secs(5)).await;
    for number in 1..=5 {
        end(&other, &format!("b{number}")).await;
    }
    is_over.store(true, Ordering::SeqCst);
    let told = timeout(Duration::from_mins(1), live.next()).await;
    let told = told.expect("a word in time");
    assert!(matches!(told, Some(Told::Lagged(1..))), "{told:?}");
    assert!(live.next().await.is_none(), "it is cut off");
    let mut back = follow(&gateway, Some(&last)).await;
    assert!(matches!(back.next().await, Some(Told::Lagged(0))));
    for number in 1..=5 {
        assert_eq!(next(&mut back).await.1, format!("b{number}"));
    }
    let mut new = follow(&gateway, None).await;
    end(&other, "b6").await;
    for reader in [&mut back, &mut new] {
        assert_eq!(next(reader).await.1, "b6");
    }
}

#[tokio::test(start_paused = true)]
async fn one_without_an_event_of_its_own_goes_on_also_where_another_clock_is_ahead() {
    let (began, store) = (Instant::now(), Arc::<MemoryStore>::default());
    let ahead = start(Arc::clone(&store) as _, began, Duration::from_mins(20)).await;
    let gateway = start(store, began, Duration::ZERO).await;
    end(&ahead, "a").await;
    // Once with an event from before, and once with one that it was told.
    for id in ["b", "c"] {
        let mut live = follow(&gateway, None).await;
        for round in 0..2 {
            sleep(Duration::from_secs(5)).await;
            let place = live.came_to().expect("a place").to_string();
            let mut back = follow(&gateway, Some(&place)).await;
            let id = format!("{id}{round}");
            end(&ahead, &id).await;
            assert_eq!(next(&mut live).await.1, id);
            assert_eq!(next(&mut back).await.1, id);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_gone_behind_an_event_that_was_written_while_a_clock_was_ahead() {
    let (began, store) = (Instant::now(), Arc::<MemoryStore>::default());
    let ahead = start(Arc::clone(&store) as _, began, Duration::from_hours(20)).await;
    let gateway = start(store, began, Duration::ZERO).await;
    let mut first = follow(&gateway, None).await;
    end(&ahead, "ahead").await;
    let (last, _) = next(&mut first).await;
    assert!(ahead.stop(Duration::from_secs(5)).await);
    drop(first);
    for id in ["a", "b"] {
        end(&gateway, id).await;
    }
    sleep(EVENTS_KEPT + Duration::from_hours(2)).await;
    end(&gateway, "newest").await;
    sleep(Duration::from_hours(1)).await;
    let mut back = follow(&gateway, Some(&last)).await;
    for id in ["a", "b", "newest"] {
        assert_eq!(next(&mut back).await.1, id);
    }
}

/// A store that counts how often whole actions are read at a time.
struct Reading {
    store: MemoryStore,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Layer for Reading {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    fn around<'a, T: Send + 'static>(
        &'a self,
        call: StoreCall,
        work: impl FnOnce(&'a dyn Store) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        let work = work(&self.store);
        if !matches!(call, StoreCall::Records | StoreCall::FirstRecords) {
            return work;
        }
        Box::pin(async move {
            let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            sleep(Duration::from_secs(1)).await;
            self.now.fetch_sub(1, Ordering::SeqCst);
            work.await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn few_at_a_time_have_whole_actions_read_to_hide_what_is_redacted() {
    let most = Arc::<AtomicUsize>::default();
    let store = Reading {
        store: MemoryStore::default(),
        now: Arc::default(),
        most: Arc::clone(&most),
    };
    let gateway = start(Arc::new(Layered(store)), Instant::now(), Duration::ZERO).await;
    for id in ["a", "b"] {
        end(&gateway, id).await;
    }
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let mut reader = follow(&gateway, Some("nonsense")).await;
        tasks.spawn(async move {
            assert!(matches!(reader.next().await, Some(Told::Lagged(0))));
            for id in ["a", "b"] {
                assert_eq!(next(&mut reader).await.1, id);
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.expect("both events");
    }
    let most = most.load(Ordering::SeqCst);
    assert!((1..=MAX_STREAM_LOOKS).contains(&most), "{most}");
}
