//! A clock for tests, which stands still until a test moves it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::{BoxFuture, Clock, Timestamp};
use tokio::sync::oneshot;

/// Wall-clock time at which every simulation begins: 2026-01-01T00:00:00Z, in milliseconds since 1970.
const START_MILLIS: i64 = 1_767_225_600_000;

#[derive(Default)]
struct State {
    passed: Duration,
    sleepers: Vec<(Duration, oneshot::Sender<()>)>,
}

/// Clock that moves only by [`VirtualClock::move_to`]. Wall clock and monotonic clock advance together.
#[derive(Default)]
pub struct VirtualClock {
    state: Mutex<State>,
}

impl VirtualClock {
    /// Earliest instant of the monotonic clock at which a sleep ends; `None` if nobody sleeps.
    pub fn next_wake(&self) -> Option<Duration> {
        let mut state = self.lock();
        state.sleepers.retain(|(_, sleeper)| !sleeper.is_closed());
        state.sleepers.iter().map(|(until, _)| *until).min()
    }

    /// Moves the clock forward to an instant of the monotonic clock and ends all sleeps until then. An instant in the past changes nothing.
    pub fn move_to(&self, instant: Duration) {
        let mut state = self.lock();
        state.passed = state.passed.max(instant);
        let passed = state.passed;
        let (awake, asleep): (Vec<_>, Vec<_>) = std::mem::take(&mut state.sleepers)
            .into_iter()
            .partition(|(until, _)| *until <= passed);
        state.sleepers = asleep;
        drop(state);
        for (_, sleeper) in awake {
            sleeper.send(()).ok();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(START_MILLIS) + self.lock().passed
    }

    fn monotonic(&self) -> Duration {
        self.lock().passed
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.lock();
        let until = state.passed + duration;
        if duration.is_zero() {
            sender.send(()).ok();
        } else {
            state.sleepers.push((until, sender));
        }
        Box::pin(async {
            drop(receiver.await);
        })
    }
}
