//! Pauses that grow as something fails again.

use std::time::{Duration, Instant};

/// Back-off: longer and longer pauses between attempts that fail.
#[derive(Default)]
pub(in crate::sqlite) struct Backoff {
    pause: Duration,
    last: Option<Instant>,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(250);
    const LONGEST: Duration = Duration::from_secs(8);

    pub(in crate::sqlite) fn is_due(&self) -> bool {
        self.last.is_none_or(|last| last.elapsed() >= self.pause)
    }

    pub(in crate::sqlite) fn came_to(&mut self, success: bool) {
        self.pauses(if success {
            Duration::ZERO
        } else {
            (self.pause * 2).clamp(Self::FIRST, Self::LONGEST)
        });
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the thread's own pace, which decides no outcome"
    )]
    pub(in crate::sqlite) fn pauses(&mut self, pause: Duration) {
        (self.last, self.pause) = (Some(Instant::now()), pause);
    }
}
