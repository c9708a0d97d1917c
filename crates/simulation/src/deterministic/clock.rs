//! The time of a run, which jumps to the next event, and a wall clock that is stepped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use acteon_core::{BoxFuture, Clock, Timestamp};

/// Time of a run. The paused runtime advances it whenever all tasks wait.
pub(super) struct WorldTime {
    start: tokio::time::Instant,
    /// Error of the wall clock, in milliseconds.
    step: AtomicI64,
    /// Whether the wall clock was ever stepped.
    was_stepped: AtomicBool,
    /// Whether faults are injected at present.
    trouble: AtomicBool,
}

impl WorldTime {
    pub(super) fn new() -> Self {
        Self {
            start: now(),
            step: AtomicI64::new(0),
            was_stepped: AtomicBool::new(false),
            trouble: AtomicBool::new(true),
        }
    }

    pub(super) fn monotonic(&self) -> Duration {
        now() - self.start
    }

    /// Reading of the wall clock of every gateway.
    pub(super) fn wall(&self) -> Timestamp {
        Timestamp::from_millis((epoch() + self.monotonic()).as_millis() + self.step())
    }

    pub(super) async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    pub(super) fn step(&self) -> i64 {
        self.step.load(Ordering::SeqCst)
    }

    pub(super) fn is_stepped(&self) -> bool {
        self.step() != 0
    }

    pub(super) fn was_stepped(&self) -> bool {
        self.was_stepped.load(Ordering::SeqCst)
    }

    pub(super) fn set_step(&self, millis: i64) {
        self.was_stepped.store(true, Ordering::SeqCst);
        self.step.store(millis, Ordering::SeqCst);
    }

    pub(super) fn is_trouble(&self) -> bool {
        self.trouble.load(Ordering::SeqCst)
    }

    pub(super) fn set_trouble(&self, on: bool) {
        self.trouble.store(on, Ordering::SeqCst);
    }
}

fn now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// Clock of a gateway, on the time of the run.
pub(super) struct SimulatedClock {
    pub(super) time: Arc<WorldTime>,
}

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        self.time.wall()
    }

    fn monotonic(&self) -> Duration {
        self.time.monotonic()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// Wall-clock time at which a run begins: 2026-01-01T00:00:00Z.
pub(super) fn epoch() -> Timestamp {
    Timestamp::from_millis(1_767_225_600_000)
}
