//! The clock that due times are counted by. It goes on when the wall clock is stepped.
//!
//! Rows say when they are due, when they are given up, and from when their age counts, in *due time*: the wall clock less all the steps that
//! it took. A step - the wall clock moving against the monotonic one - is noticed at the next beat of the lease and added to the sum of the
//! steps, which the store keeps for other gateways and later processes. So what waits neither stands still for the hour that a clock was
//! set back, nor expires for the day that it was set ahead. Slow drift is followed. What people name as an instant - silences, expiry, calendars -
//! stays on the wall clock.
//!
//! A gateway that starts beside others cannot see a step that they have not noticed yet. They keep the due time in the store every minute: one
//! that is far from its own wall clock, while others live, is right.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::{Clock, Timestamp};
use acteon_store::{CLOCK_STEPS, Store, StoreError};

use crate::lease::LeaseTimes;

/// A difference to the monotonic clock that is a step. What is smaller is drift, or a late answer of the database's clock.
const STEP_MILLIS: i64 = 5_000;
/// The note with the sum of the steps and a recent due time, in milliseconds.
const NOTE: &str = CLOCK_STEPS;
/// The note is kept for good.
const FOREVER: Timestamp = Timestamp::MAX;
/// How often the due time is kept where gateways share a store.
const KEEP_EVERY: Duration = Duration::from_mins(1);
/// A due time that was told longer ago is told by nobody who lives.
const KEPT_WITHIN: Duration = Duration::from_mins(2);

pub(crate) struct DueClock {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Clone, Copy)]
struct State {
    /// An instant of the monotonic clock,
    monotonic: Duration,
    /// and what the due time was then.
    due: Timestamp,
    /// The sum of the wall clock's steps: wall time less due time, in milliseconds.
    steps: i64,
    /// A difference to the wall clock that is a step, in milliseconds.
    tolerance: i64,
}

impl DueClock {
    /// Continues where the gateways before, or beside, stand. `lease` is how long the others have to show that they live.
    pub(crate) async fn start(clock: Arc<dyn Clock>, store: &dyn Store, lease: LeaseTimes) -> Result<Self, StoreError> {
        let mut kept = Kept::read(store, clock.now()).await?;
        loop {
            let (monotonic, due) = (clock.monotonic(), shifted(clock.now(), -kept.steps));
            let mut state = State { monotonic, due, steps: kept.steps, tolerance: STEP_MILLIS };
            if let Some(told) = kept.due
                && due.since(told).max(told.since(due)) > KEPT_WITHIN
            {
                let is_told = others_live(&*clock, store, lease).await?;
                let later = Kept::read(store, clock.now()).await?;
                if later.steps != kept.steps {
                    // They noticed the step meanwhile.
                    kept = later;
                    continue;
                }
                if is_told {
                    // It was told up to a minute ago: the rest is found by the next look, once the step is known.
                    let tolerance = KEPT_WITHIN.as_millis() as i64;
                    state = State { monotonic: clock.monotonic(), due: told, steps: kept.steps, tolerance };
                }
            }
            return Ok(Self { clock, state: Mutex::new(state) });
        }
    }

    /// The due time.
    pub(crate) fn now(&self) -> Timestamp {
        self.lock().now(self.clock.monotonic())
    }

    /// The wall clock's instant of a due time, for people.
    pub(crate) fn to_wall(&self, due: Timestamp) -> Timestamp {
        shifted(due, self.lock().steps)
    }

    /// The due time of an instant of the wall clock.
    pub(crate) fn of_wall(&self, wall: Timestamp) -> Timestamp {
        shifted(wall, -self.lock().steps)
    }

    /// Looks whether the wall clock was stepped, and keeps the sum of the steps for later processes, and the due time for gateways that start.
    /// To be called every few seconds.
    pub(crate) async fn follow(&self, store: &dyn Store) -> Result<(), StoreError> {
        let kept = Kept::read(store, self.clock.now()).await?;
        self.lock().steps = kept.steps;
        let step = self.step();
        let is_old = |told: Timestamp| self.now().since(told) >= KEEP_EVERY;
        if step.is_none() && !(store.is_shared() && kept.due.is_none_or(is_old)) {
            return Ok(());
        }
        let sum = kept.steps.saturating_add(step.unwrap_or(0));
        let text = format!("{sum} {}", self.now().as_millis());
        let written = store.swap_note(NOTE, kept.text.as_deref(), &text, self.clock.now(), FOREVER).await?;
        if let Some(step) = step.filter(|_| written) {
            self.lock().steps = sum;
            tracing::warn!(step_ms = step, "the wall clock was stepped; what waits goes on as if it had not been");
        }
        Ok(())
    }

    /// The step that the wall clock took since it was looked at, in milliseconds. Takes over drift.
    fn step(&self) -> Option<i64> {
        let (monotonic, wall) = (self.clock.monotonic(), self.clock.now());
        let mut state = self.lock();
        let due = state.now(monotonic);
        let difference = wall.as_millis().saturating_sub(state.steps).saturating_sub(due.as_millis());
        if difference.abs() >= state.tolerance {
            return Some(difference);
        }
        *state = State { monotonic, due: shifted(due, difference), tolerance: STEP_MILLIS, ..*state };
        None
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn now(&self, monotonic: Duration) -> Timestamp {
        self.due + monotonic.saturating_sub(self.monotonic)
    }
}

fn shifted(instant: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_millis(instant.as_millis().saturating_add(millis))
}

/// What the store keeps.
struct Kept {
    text: Option<String>,
    steps: i64,
    /// The due time as a gateway told it.
    due: Option<Timestamp>,
}

impl Kept {
    async fn read(store: &dyn Store, now: Timestamp) -> Result<Self, StoreError> {
        let Some(text) = store.note(NOTE, now).await? else { return Ok(Self { text: None, steps: 0, due: None }) };
        let numbers: Option<Vec<i64>> = text.split(' ').map(|number| number.parse().ok()).collect();
        match numbers.as_deref() {
            Some([steps, due]) => Ok(Self { steps: *steps, due: Some(Timestamp::from_millis(*due)), text: Some(text) }),
            _ => Err(StoreError::Engine(format!("the note {NOTE:?} is {text:?}, not two numbers of milliseconds"))),
        }
    }
}

/// Whether another process beats within a lease.
async fn others_live(clock: &dyn Clock, store: &dyn Store, lease: LeaseTimes) -> Result<bool, StoreError> {
    let before = store.beats().await?;
    let give_up = clock.monotonic() + lease.lasts();
    while !before.is_empty() && clock.monotonic() < give_up {
        clock.sleep(lease.renew_every()).await;
        let after = store.beats().await?;
        if after.iter().any(|later| !before.contains(later)) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use acteon_core::BoxFuture;
    use acteon_store::MemoryStore;

    use super::*;

    const HOUR: i64 = 3_600_000;

    #[derive(Default)]
    struct Stepped {
        seconds: AtomicI64,
        step: AtomicI64,
    }

    impl Clock for Stepped {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(1_767_225_600_000 + self.seconds.load(Ordering::SeqCst) * 1000 + self.step.load(Ordering::SeqCst))
        }

        fn monotonic(&self) -> Duration {
            Duration::from_secs(self.seconds.load(Ordering::SeqCst).unsigned_abs())
        }

        fn sleep(&self, _duration: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::pending())
        }
    }

    #[tokio::test]
    async fn it_goes_on_when_the_wall_clock_is_stepped_here_and_in_other_gateways() {
        let (clock, store) = (Arc::new(Stepped::default()), MemoryStore::default());
        let one = DueClock::start(Arc::clone(&clock) as Arc<dyn Clock>, &store, LeaseTimes::default()).await.expect("a clock");
        let other = DueClock::start(Arc::clone(&clock) as Arc<dyn Clock>, &store, LeaseTimes::default()).await.expect("a clock");
        let began = one.now();
        let mut wall_ahead = 0;
        for step in [HOUR, -24 * HOUR, 7 * HOUR, 300] {
            clock.seconds.fetch_add(10, Ordering::SeqCst);
            clock.step.fetch_add(step, Ordering::SeqCst);
            let before = one.now();
            assert_eq!(before, other.now(), "nothing moves before it is looked at");
            one.follow(&store).await.expect("a look");
            other.follow(&store).await.expect("a look");
            let is_step = step >= STEP_MILLIS || step <= -STEP_MILLIS;
            wall_ahead += if is_step { step } else { 0 };
            let drift = if is_step { 0 } else { step };
            assert_eq!([one.now(), other.now()], [shifted(before, drift); 2]);
            assert_eq!(one.to_wall(one.now()), clock.now());
            assert_eq!(other.of_wall(clock.now()), other.now());
        }
        assert_eq!(one.now(), shifted(began, 40_000 + 300));
        let later = DueClock::start(Arc::clone(&clock) as Arc<dyn Clock>, &store, LeaseTimes::default()).await.expect("a clock");
        assert_eq!((later.now(), later.to_wall(later.now())), (one.now(), clock.now()));
        assert_eq!(Kept::read(&store, clock.now()).await.expect("a note").steps, wall_ahead);
    }
}
