//! Kind of write, and items that wait to be written.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::StoreError;
use crate::postgres::connect::Conn;
use crate::postgres::error::Failure;

/// Kind of write that is done in batches.
pub(in crate::postgres) trait Batched: Send + Sync + 'static {
    /// Item to be written.
    type Item: Send + Sync + 'static;
    /// Result for the caller of an item.
    type Effect: Send + 'static;

    /// Does the items in one transaction. `again` when an earlier attempt may have done some of them. One result per item, in their order;
    /// `None` for one that this transaction left alone, and the next is to do.
    fn attempt<'a>(
        &'a self,
        conn: &'a Conn,
        items: &'a [Arc<Self::Item>],
        again: bool,
    ) -> impl Future<Output = Result<Effects<Self::Effect>, Failure>> + Send + 'a;

    /// Result of an earlier attempt whose answer was lost; `None` if that did nothing yet.
    fn done_before<'a>(
        &'a self,
        conn: &'a Conn,
        item: &'a Arc<Self::Item>,
    ) -> impl Future<Output = Result<Option<Self::Effect>, Failure>> + Send + 'a;

    /// Counts what a committed item changed.
    fn committed(&self, item: &Self::Item, effect: &Self::Effect);

    /// Locks of an item until its commit: two batches with a lock in common are not begun at the same time.
    fn locks(_item: &Self::Item) -> &[u64] {
        &[]
    }

    /// Whether an item yields to those of callers who wait for one alone.
    fn is_bulk(item: &Self::Item) -> bool;
}

/// One result per item; `None` for one that is still to be done.
pub(in crate::postgres) type Effects<T> = Vec<Option<Result<T, StoreError>>>;

pub(super) struct Waiting<B: Batched> {
    pub(super) item: Arc<B::Item>,
    pub(super) since: Instant,
    pub(super) reply: oneshot::Sender<Result<B::Effect, StoreError>>,
}

pub(super) fn refuse<B: Batched>(batch: Vec<Waiting<B>>, error: &StoreError) {
    for waiting in batch {
        drop(waiting.reply.send(Err(error.clone())));
    }
}
