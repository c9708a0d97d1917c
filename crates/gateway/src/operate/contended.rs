//! Pauses between the tries of a change that others are faster with.

use std::time::Duration;

use crate::shared::Gateway;

/// Longest pause before a change that others were quicker with is tried again, in milliseconds for each try before it.
const PAUSE_MS: u32 = 10;

impl Gateway {
    /// Pauses before all tries but the first, the longer the more there were.
    pub(crate) async fn pause_before(&self, tries: u32) {
        let inner = &self.inner;
        if tries > 0 {
            let longest = Duration::from_millis((PAUSE_MS * tries).into());
            let pause = longest.mul_f64(inner.entropy.fraction());
            inner.clock.sleep(pause).await;
        }
    }
}
