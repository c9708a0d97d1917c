//! Count of what waits in the store, taken now and then, since other gateways change it too.

use std::sync::Arc;
use std::time::Duration;

use crate::admit::flow_room::look_if_due;
use crate::shared::Inner;

/// Pause between two counts, where other gateways change what waits, and where none does.
const LOOK_EVERY: (Duration, Duration) = (Duration::from_secs(2), Duration::from_mins(1));

/// Part of all time that counting may take, as one in so many: a count of very many takes long.
const LOOK_AT_MOST: u32 = 50;

/// Counts what waits now and then.
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
    look_if_due(&inner).await;
    while inner.sleep(pause).await {
        look_if_due(&inner).await;
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
