//! Room for flows that begin: a share of each is taken, and the store is asked where one looks used up.

use std::time::Duration;

use acteon_store::{Begin, StoreError};

use crate::admit::flow_shares::{Beginning, Looks, taken};
use crate::admit::shares::QueueFull;
use crate::shared::Inner;

/// Shortest pause between two looks at the store. Whoever finds a share used up in between is refused at once.
const LOOK_AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// Part of all time that looks may take, as one in so many: a look at very many takes long.
const LOOK_AT_MOST: u32 = 10;

/// Time after which a gateway looks again at what others began.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// Longest that a look may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Takes a share for the flow that begins with an action, unless it is used up.
pub(crate) async fn enter(inner: &Inner, begins: &[Begin]) -> Result<Option<Beginning>, QueueFull> {
    let Some(share) = taken(begins).next() else {
        return Ok(None);
    };
    let shares = &inner.flow_shares;
    look(inner, |_| Duration::MAX).await;
    if let Ok(beginning) = shares.enter(&share) {
        return Ok(Some(beginning));
    }
    look(inner, |looks| looks.allowed).await;
    shares.enter(&share).map(Some)
}

/// Looks at what others began and ended, now and then.
pub(crate) async fn look_if_due(inner: &Inner) {
    look(inner, |looks| looks.due).await;
}

/// Looks at the store, if nobody did yet or this instant has come.
async fn look(inner: &Inner, at: fn(Looks) -> Duration) {
    let shares = &inner.flow_shares;
    let is_early = || {
        let looks = shares.lock().looks;
        looks.is_some_and(|looks| inner.clock.monotonic() < at(looks))
    };
    if is_early() {
        return;
    }
    let _turn = shares.turn.lock().await;
    if is_early() {
        return;
    }
    let began = inner.clock.monotonic();
    shares.begin_look();
    let found = tokio::time::timeout(PATIENCE, inner.store.flow_counts()).await;
    let is_known = match found.unwrap_or(Err(StoreError::Busy)) {
        Ok(found) => {
            shares.set(&found);
            true
        }
        Err(error) => {
            shares.look_failed();
            inner.could_not(
                "flows could not be counted; until they are no tenant has too many",
                &error,
            );
            false
        }
    };
    let now = inner.clock.monotonic();
    let pause = LOOK_AT_MOST_EVERY.max(now.saturating_sub(began) * LOOK_AT_MOST);
    let every = if is_known { LOOK_EVERY } else { pause };
    shares.lock().looks = Some(Looks {
        allowed: now + pause,
        due: now + pause.max(every),
    });
}
