//! Time of the machine.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[expect(
    clippy::disallowed_methods,
    reason = "this is the world outside, which has its own time"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Time since 1970, as callbacks tell it: apps compare it with their own clocks, so it never runs ahead.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the world outside, which has its own time"
)]
pub(super) fn since_1970() -> Duration {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or(Duration::ZERO)
}

/// Waits for something. What it came to, and how long it took, in milliseconds.
pub(super) async fn timed<T>(work: impl Future<Output = T>) -> (T, u64) {
    let started = now();
    let done = work.await;
    (done, started.elapsed().as_millis() as u64)
}
