//! Clocks, from which all time comes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{BoxFuture, Timestamp};

/// Clock: the source of time. The gateway asks no other, so that a simulation can hold time and
/// advance it.
pub trait Clock: Send + Sync {
    /// Time of the wall clock, which may be stepped either way.
    fn now(&self) -> Timestamp;

    /// Time that never goes back, counted from an arbitrary start. For measuring, and for limits that a stepped wall clock must not break.
    fn monotonic(&self) -> Duration;

    /// Resolves once `duration` has passed.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// Clock of the machine.
#[derive(Debug)]
pub struct SystemClock {
    start: Duration,
}

impl SystemClock {
    /// A clock whose monotonic time starts at zero now.
    pub fn new() -> Self {
        Self {
            start: since_boot(),
        }
    }
}

/// Time since the machine started, with the time that it slept: a lease goes on running out meanwhile.
fn since_boot() -> Duration {
    #[cfg(target_os = "linux")]
    let clock = rustix::time::ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let clock = rustix::time::ClockId::Monotonic;
    Duration::try_from(rustix::time::clock_gettime(clock)).unwrap_or_default()
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where ambient time becomes an argument"
    )]
    fn now(&self) -> Timestamp {
        let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
        };
        Timestamp::from_millis(millis)
    }

    fn monotonic(&self) -> Duration {
        since_boot().saturating_sub(self.start)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
