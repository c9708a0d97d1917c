//! Clocks that tell when a token ends.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Source of time. It has two clocks, because each fails in its own way: the wall clock is stepped, and monotonic time stands still while a machine is
/// suspended. A token counts as expired when either clock says so.
pub trait Clock: Send + Sync {
    /// Time since an arbitrary start; never goes back.
    fn monotonic(&self) -> Duration;

    /// Time since the Unix epoch.
    fn wall(&self) -> Duration;
}

/// Clocks of the operating system.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where ambient time becomes an argument"
    )]
    fn default() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is where ambient time becomes an argument"
    )]
    fn wall(&self) -> Duration {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
    }
}
