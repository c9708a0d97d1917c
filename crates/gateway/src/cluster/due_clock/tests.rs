//! Due times of gateways on one store, whose clocks are stepped while some of them cannot look.

mod embedded;

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use acteon_core::BoxFuture;
use acteon_store::{Layer, Layered, MemoryStore, Processes as _, StoreCall, StoreError};
use tokio::time::{Instant, advance, sleep};

use super::*;
use crate::cluster::lease::LeaseTimes;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const LEASE: Duration = Duration::from_secs(15);

/// The paused runtime's time, and a wall clock that is wrong.
struct Stepped {
    began: Instant,
    step: AtomicI64,
    /// Milliseconds that the machine did not count.
    stood_still: AtomicU64,
}

impl Stepped {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            step: AtomicI64::new(0),
            stood_still: AtomicU64::new(0),
        })
    }

    fn step(&self, millis: i64) {
        self.step.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for Stepped {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_767_225_600_000 + self.step.load(Ordering::SeqCst))
            + self.began.elapsed()
    }

    fn monotonic(&self) -> Duration {
        self.began.elapsed().saturating_sub(Duration::from_millis(
            self.stood_still.load(Ordering::SeqCst),
        ))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(sleep(duration))
    }
}

/// A store whose answers to one call fail, and that may be embedded.
#[derive(Default)]
struct Failing {
    store: MemoryStore,
    call: Mutex<Option<StoreCall>>,
    is_embedded: bool,
}

impl Failing {
    fn fail(&self, call: Option<StoreCall>) {
        *self.call.lock().expect("a lock") = call;
    }
}

impl Layer for Failing {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    fn is_shared(&self) -> bool {
        !self.is_embedded
    }

    fn around<'a, T: Send + 'a>(
        &'a self,
        call: StoreCall,
        work: impl FnOnce(&'a dyn Store) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        match *self.call.lock().expect("a lock") {
            Some(failing) if failing == call => {
                Box::pin(async { Err(StoreError::Away("cut off".into())) })
            }
            _ => work(&self.store),
        }
    }
}

async fn try_start(
    clock: &Arc<Stepped>,
    store: &dyn Store,
    lease: Duration,
) -> Result<DueClock, StoreError> {
    DueClock::start(
        Arc::clone(clock) as Arc<dyn Clock>,
        store,
        LeaseTimes::lasting(lease),
    )
    .await
}

async fn start(clock: &Arc<Stepped>, store: &dyn Store) -> DueClock {
    try_start(clock, store, LEASE).await.expect("a clock")
}

async fn note(clock: &Stepped, store: &dyn Store) -> ClockNote {
    ClockNote::read(store, clock.now()).await.expect("a note")
}

/// Two gateways look in turn: they count one due time, and what they told of it stays.
async fn agree(clock: &Stepped, store: &MemoryStore, (one, other): (&DueClock, &DueClock)) {
    for due in [one, other, one, other] {
        due.follow(store).await.expect("a look");
    }
    let text = note(clock, store).await.text;
    for _ in 0..6 {
        assert_eq!(one.now(), other.now());
        assert_eq!(one.to_wall(one.now()), clock.now());
        assert_eq!(note(clock, store).await.text, text);
        advance(LEASE / 12).await;
        one.follow(store).await.expect("a look");
        other.follow(store).await.expect("a look");
    }
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_when_the_wall_clock_is_stepped_here_and_in_other_gateways() {
    let (clock, store) = (Stepped::new(), MemoryStore::default());
    let (one, other) = (start(&clock, &store).await, start(&clock, &store).await);
    let began = one.now();
    let mut wall_ahead = 0;
    for step in [HOUR, -DAY, 7 * HOUR, 300] {
        advance(Duration::from_secs(10)).await;
        clock.step(step);
        let before = one.now();
        assert_eq!(before, other.now(), "nothing moves before it is looked at");
        one.follow(&store).await.expect("a look");
        other.follow(&store).await.expect("a look");
        let (is_step, drift) = if is_step(step) { (1, 0) } else { (0, step) };
        wall_ahead += step * is_step;
        assert_eq!([one.now(), other.now()], [shifted(before, drift); 2]);
        assert_eq!(one.to_wall(one.now()), clock.now());
        assert_eq!(other.of_wall(clock.now()), other.now());
    }
    assert_eq!(one.now(), shifted(began, 40_000 + 300));
    let later = start(&clock, &store).await;
    assert_eq!(
        (later.now(), later.to_wall(later.now())),
        (one.now(), clock.now())
    );
    assert_eq!(note(&clock, &store).await.steps, wall_ahead);
}

#[tokio::test(start_paused = true)]
async fn one_that_starts_hears_another_whose_store_was_away_for_more_than_a_lease() {
    for step in [HOUR, DAY, -HOUR, -DAY] {
        let (clock, store) = (Stepped::new(), Arc::new(MemoryStore::default()));
        let one = start(&clock, &*store).await;
        store.register().await.expect("a beat");
        one.follow(&*store).await.expect("a look");
        clock.step(step);
        let (its_clock, its_store) = (Arc::clone(&clock), Arc::clone(&store));
        let starting = tokio::spawn(async move { start(&its_clock, &*its_store).await });
        sleep(LEASE * 2).await;
        one.follow(&*store).await.expect("a look");
        let other = starting.await.expect("it starts");
        assert!(other.now() <= one.now(), "{step}: no day has passed");
        agree(&clock, &store, (&one, &other)).await;
        assert_eq!(note(&clock, &*store).await.steps, step);
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_that_could_not_hear_each_other_the_one_behind_takes_over() {
    for is_newcomer_first in [true, false] {
        let (clock, store) = (Stepped::new(), MemoryStore::default());
        let one = start(&clock, &store).await;
        store.register().await.expect("a beat");
        one.follow(&store).await.expect("a look");
        clock.step(DAY);
        let other = start(&clock, &store).await;
        assert_eq!(other.now(), clock.now(), "it is taken for passed");
        assert_eq!(clock.monotonic(), LEASE * 3);
        let pair = if is_newcomer_first {
            (&other, &one)
        } else {
            (&one, &other)
        };
        agree(&clock, &store, pair).await;
        assert_eq!(
            (one.now(), note(&clock, &store).await.steps),
            (clock.now(), 0)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn time_in_which_nobody_ran_has_passed_and_a_clock_that_is_behind_was_set_back() {
    let (clock, store) = (Stepped::new(), MemoryStore::default());
    drop(start(&clock, &store).await);
    sleep(Duration::from_hours(48)).await;
    let began = Instant::now();
    assert_eq!(start(&clock, &store).await.now(), clock.now());
    assert_eq!(
        began.elapsed(),
        Duration::ZERO,
        "those who ran gave their leases back"
    );
    let before = clock.now();
    clock.step(-HOUR);
    let set_back = start(&clock, &store).await;
    assert_eq!(
        (set_back.now(), set_back.to_wall(before)),
        (before, clock.now())
    );
    set_back.follow(&store).await.expect("a look");
    assert_eq!(note(&clock, &store).await.steps, -HOUR);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_another_has_counted_and_this_one_does_not_see_yet_stays_counted() {
    // The database is asked for its clock by each gateway for itself.
    let (clock, asks_later, store) = (Stepped::new(), Stepped::new(), MemoryStore::default());
    let (one, other) = (
        start(&clock, &store).await,
        start(&asks_later, &store).await,
    );
    let before = one.now();
    clock.step(DAY);
    for _ in 0..4 {
        one.follow(&store).await.expect("a look");
        other.follow(&store).await.expect("a look");
        assert_eq!(note(&clock, &store).await.steps, DAY);
    }
    // Not even where it is the one that tells, because nobody did for so long.
    advance(TELL_EVERY).await;
    other.follow(&store).await.expect("a look");
    assert_eq!(note(&clock, &store).await.steps, DAY);
    one.follow(&store).await.expect("a look");
    asks_later.step(DAY);
    other.follow(&store).await.expect("a look");
    assert_eq!(
        [one.now(), other.now(), other.of_wall(clock.now())],
        [before + TELL_EVERY; 3]
    );
    assert_eq!(note(&clock, &store).await.steps, DAY);
}

#[tokio::test(start_paused = true)]
async fn one_whose_machine_stood_still_goes_on_with_the_others() {
    let (clock, frozen, store) = (Stepped::new(), Stepped::new(), MemoryStore::default());
    let (one, other) = (start(&clock, &store).await, start(&frozen, &store).await);
    sleep(Duration::from_hours(1)).await;
    frozen
        .stood_still
        .store(HOUR.unsigned_abs(), Ordering::SeqCst);
    one.follow(&store).await.expect("a look");
    agree(&clock, &store, (&other, &one)).await;
    assert_eq!(
        (other.now(), note(&clock, &store).await.steps),
        (clock.now(), 0)
    );
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_others_takes_three_leases_and_no_longer_than_45_seconds() {
    for (lease, wait) in [(3, 9), (15, 45), (600, 45)] {
        let (clock, store) = (Stepped::new(), MemoryStore::default());
        drop(start(&clock, &store).await);
        store.register().await.expect("a beat");
        clock.step(DAY);
        let one = try_start(&clock, &store, Duration::from_secs(lease))
            .await
            .expect("a clock");
        assert_eq!(
            (clock.monotonic(), one.now()),
            (Duration::from_secs(wait), clock.now())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_during_the_wait_is_asked_again_at_the_next_look() {
    for call in [StoreCall::Heartbeats, StoreCall::Note] {
        for recovers in [true, false] {
            let (clock, store) = (Stepped::new(), Arc::new(Layered(Failing::default())));
            drop(start(&clock, &*store).await);
            store.register().await.expect("a beat");
            clock.step(DAY);
            let (its_clock, its_store) = (Arc::clone(&clock), Arc::clone(&store));
            let starting =
                tokio::spawn(async move { try_start(&its_clock, &*its_store, LEASE).await });
            sleep(LEASE).await;
            store.0.fail(Some(call));
            sleep(LEASE).await;
            assert!(!starting.is_finished(), "{call:?}");
            store.0.fail(Some(call).filter(|_| !recovers));
            assert_eq!(
                starting.await.expect("no panic").is_ok(),
                recovers,
                "{call:?}"
            );
            assert_eq!(clock.monotonic(), LEASE * 3);
        }
    }
    let (clock, store) = (Stepped::new(), Layered(Failing::default()));
    store.0.fail(Some(StoreCall::Note));
    assert!(
        try_start(&clock, &store, LEASE).await.is_err(),
        "the first look"
    );
    assert_eq!(clock.monotonic(), Duration::ZERO);
}

/// A gateway that tells nothing for hours, and one that starts and sees a beat of its ten seconds later.
async fn beats_without_a_word(
    clock: &Arc<Stepped>,
    store: &Arc<MemoryStore>,
) -> (DueClock, tokio::task::JoinHandle<DueClock>) {
    let mute = start(clock, &**store).await;
    let owner = store.register().await.expect("a beat");
    sleep(Duration::from_hours(2)).await;
    let (its_clock, its_store) = (Arc::clone(clock), Arc::clone(store));
    let starting = tokio::spawn(async move { start(&its_clock, &*its_store).await });
    sleep(Duration::from_secs(10)).await;
    assert_eq!(store.renew(owner).await, Ok(true));
    (mute, starting)
}

#[tokio::test(start_paused = true)]
async fn one_that_starts_waits_a_lease_for_the_word_that_follows_a_beat() {
    let (clock, store) = (Stepped::new(), Arc::new(MemoryStore::default()));
    let (mute, starting) = beats_without_a_word(&clock, &store).await;
    sleep(LEASE / 6).await;
    mute.follow(&*store).await.expect("a look");
    let other = starting.await.expect("it starts");
    assert_eq!(
        [other.now(), mute.now()],
        [clock.now(); 2],
        "two hours have passed"
    );
    agree(&clock, &store, (&mute, &other)).await;
}

#[tokio::test(start_paused = true)]
async fn one_that_starts_behind_a_beat_without_a_word_does_not_tell_its_time() {
    let (clock, store) = (Stepped::new(), Arc::new(MemoryStore::default()));
    let (began, (mute, starting)) = (Instant::now(), beats_without_a_word(&clock, &store).await);
    let other = starting.await.expect("it starts");
    let waited = began.elapsed().saturating_sub(Duration::from_hours(2));
    assert!(
        (Duration::from_secs(10) + LEASE..=Duration::from_secs(12) + LEASE).contains(&waited),
        "{waited:?}"
    );
    assert!(
        between(other.now(), clock.now()) >= 2 * HOUR,
        "it cannot know whether they passed"
    );
    let text = note(&clock, &*store).await.text;
    other.follow(&*store).await.expect("a look");
    assert_eq!(note(&clock, &*store).await.text, text);
    agree(&clock, &store, (&other, &mute)).await;
    assert_eq!(
        (other.now(), note(&clock, &*store).await.steps),
        (clock.now(), 0)
    );
}
