//! Finding out what came of items that may have been written, and are refused when they are done again.

use std::sync::Weak;
use std::time::Duration;

use tokio::time::Instant;

use super::batched::{Batched, Waiting, refuse};
use super::inner::Inner;
use crate::postgres::connect::{Conn, in_time};
use crate::postgres::error::Failure;

/// Pauses between two looks, growing.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// The server ends a statement after 8 seconds and a transaction that says nothing after 5: what is not there so long after is not coming.
const NOT_COMING_AFTER: Duration = Duration::from_mins(2);

/// Repeats each item alone until its result is known. A refusal is believed only once an earlier attempt can no longer be on its way.
pub(super) async fn find_out<B: Batched>(inner: Weak<Inner<B>>, mut items: Vec<Waiting<B>>) {
    let since = Instant::now();
    let mut pause = PAUSES.0;
    while !items.is_empty() {
        // Without a store there is nobody to ask; the rows are taken over once their owner's lease ran out.
        let Some(inner) = inner.upgrade() else { return };
        let mut left = Vec::new();
        for waiting in items {
            left.extend(look(&inner, waiting, since).await);
        }
        items = left;
        drop(inner);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// Looks once; returns the item if its result is still not known.
async fn look<B: Batched>(
    inner: &Inner<B>,
    waiting: Waiting<B>,
    since: Instant,
) -> Vec<Waiting<B>> {
    let failure = match inner
        .attempt(&[std::sync::Arc::clone(&waiting.item)], true)
        .await
    {
        Ok(effects) => return inner.answer(vec![waiting], effects),
        Err(failure) => failure,
    };
    match done_before(inner, &waiting).await {
        Ok(Some(effect)) => inner.answer(vec![waiting], vec![Some(Ok(effect))]),
        Ok(None) => {
            if let Failure::Refused(error) = failure
                && since.elapsed() > NOT_COMING_AFTER
            {
                refuse(vec![waiting], &error);
                return Vec::new();
            }
            vec![waiting]
        }
        Err(_) => vec![waiting],
    }
}

async fn done_before<B: Batched>(
    inner: &Inner<B>,
    waiting: &Waiting<B>,
) -> Result<Option<B::Effect>, Failure> {
    let conn = Conn::of(&inner.pool).await?;
    let found = in_time(inner.kind.done_before(&conn, &waiting.item)).await?;
    conn.done();
    Ok(found)
}
