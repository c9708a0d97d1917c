//! Counting what waits in the store now and then, since other gateways change it too.

use std::sync::Arc;
use std::time::Duration;

use crate::shared::Inner;

/// How often to look at what waits, where other gateways change it, and where none does.
const LOOK_EVERY: (Duration, Duration) = (Duration::from_secs(2), Duration::from_mins(1));

/// A look at very many takes its time: at most this part of it all.
const LOOK_AT_MOST: u32 = 50;

/// Looks at what waits now and then.
pub(crate) async fn follow(inner: Arc<Inner>) {
    let every = if inner.store.is_shared() {
        LOOK_EVERY.0
    } else {
        LOOK_EVERY.1
    };
    let mut pause = if inner.shares.is_known() {
        every
    } else {
        LOOK_EVERY.0
    };
    while inner.sleep(pause).await {
        let began = inner.clock.monotonic();
        match inner.store.open_shares(inner.due.now()).await {
            Ok(shares) => inner.shares.set(&shares),
            Err(error) => inner.could_not(
                "what waits could not be counted; going on with the last count",
                &error,
            ),
        }
        pause = every.max(inner.clock.monotonic().saturating_sub(began) * LOOK_AT_MOST);
    }
}
