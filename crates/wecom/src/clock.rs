//! Where time comes from.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Two clocks, because each fails in its own way: the wall clock is stepped, and monotonic time stands still while a machine is suspended.
/// A token is held to be expired when either says so.
pub trait Clock: Send + Sync {
    /// Since an arbitrary start, never going back.
    fn monotonic(&self) -> Duration;

    /// Since the Unix epoch.
    fn wall(&self) -> Duration;
}

/// The machine's clocks.
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
