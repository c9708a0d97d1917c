//! Writes that share a commit: a queue, and a few workers that take what waits.
//!
//! An attempt is one transaction, so what failed did nothing, unless its answer was lost: then the items are done again as they were, with
//! the same positions, until the database says what came of them. Whoever waits is told of its own item alone. A batch that is refused is
//! halved until the bad items are alone; what may have been written by an earlier attempt is never refused for a later one's failure, but
//! found out beside the workers.

mod batched;
mod find_out;
mod inner;
mod queue;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acteon_core::BoxFuture;
use deadpool_postgres::Pool;
use futures_util::FutureExt as _;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use self::batched::{Waiting, refuse};
use self::inner::Inner;
use self::queue::Taken;
use super::error::Failure;
use crate::StoreError;
use crate::error::{Ended, words_of_panic};

pub(super) use self::batched::{Batched, Effects};

/// Pause before a conflict or a broken connection is tried again, growing up to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(500));
/// Conflicts after which a batch is taken apart as too contended, and after which a part of it is given up.
const MAX_CONFLICTS: (u32, u32) = (12, 3);
/// Refusals of one batch's parts after which the rest is refused unseen, in all and with nothing taken in between: a disk that is full refuses
/// each. Halving finds one bad item among 512 with ten.
const MAX_REFUSALS: (u32, u32) = (64, 12);
/// Number of refusals that one counts for which took several conflicts.
const CONTENDED: u32 = 6;
/// Workers of a queue: while one waits for its commit, the other gathers the next.
pub(super) const WORKERS: usize = 2;
/// Items waiting above which the store is busy.
const BUSY: usize = 64;

/// A queue of writes, and its workers.
pub(super) struct Batcher<B: Batched> {
    inner: Arc<Inner<B>>,
    workers: Vec<JoinHandle<()>>,
}

impl<B: Batched> Batcher<B> {
    pub(super) fn start(kind: B, pool: &Pool, patience: Duration, ended: &Ended) -> Self {
        let inner = Arc::new(Inner {
            kind,
            pool: pool.clone(),
            queue: Mutex::default(),
            arrived: Notify::new(),
            patience,
        });
        let work = |_| tokio::spawn(watched(Arc::clone(&inner), ended.clone()));
        Self {
            workers: (0..WORKERS).map(work).collect(),
            inner,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.inner.lock().len()
    }

    pub(super) fn is_busy(&self) -> bool {
        self.len() > BUSY
    }

    pub(super) fn send(&self, item: B::Item) -> BoxFuture<'_, Result<B::Effect, StoreError>> {
        let (reply, answer) = oneshot::channel();
        let since = Instant::now();
        self.inner.lock().push(Waiting {
            item: Arc::new(item),
            since,
            reply,
        });
        self.inner.arrived.notify_one();
        Box::pin(async move {
            // A worker that ended in the middle cannot say what came of it.
            answer.await.unwrap_or_else(|_| {
                Err(StoreError::Unknown("the store was closed meanwhile".into()))
            })
        })
    }
}

impl<B: Batched> Drop for Batcher<B> {
    fn drop(&mut self) {
        for worker in &self.workers {
            worker.abort();
        }
    }
}

/// Runs a worker until it is aborted. One that panics leaves names locked and callers without an answer: with it the store has ended.
async fn watched<B: Batched>(inner: Arc<Inner<B>>, ended: Ended) {
    if let Err(panic) = AssertUnwindSafe(inner.work()).catch_unwind().await {
        let why = words_of_panic(&*panic);
        tracing::error!(
            why,
            "a worker of the store panicked; the process has to end"
        );
        ended.send_replace(Some(StoreError::Engine(
            format!("a worker of its writes panicked: {why}").into(),
        )));
    }
}

/// Items that are attempted together.
struct Part<B: Batched> {
    items: Vec<Waiting<B>>,
    /// Whether an earlier attempt may have done some of them.
    again: bool,
    max_conflicts: u32,
}

impl<B: Batched> Inner<B> {
    async fn work(self: Arc<Self>) {
        loop {
            let arrived = self.arrived.notified();
            let Some(Taken { batch, locks }) = self.take() else {
                arrived.await;
                continue;
            };
            self.write(batch).await;
            if !locks.is_empty() {
                self.lock().unlock(&locks);
                self.arrived.notify_one();
            }
        }
    }

    /// The next batch; what waited too long is refused, and not done late.
    fn take(&self) -> Option<Taken<B>> {
        let (mut taken, more) = {
            let mut queue = self.lock();
            let taken = queue.take()?;
            (taken, queue.len() > 0)
        };
        if more {
            self.arrived.notify_one();
        }
        let (fresh, stale): (Vec<_>, Vec<_>) = taken
            .batch
            .into_iter()
            .partition(|waiting| waiting.since.elapsed() < self.patience);
        refuse(
            stale,
            &StoreError::Away("it did not take the write in time".into()),
        );
        taken.batch = fresh;
        Some(taken)
    }

    async fn write(self: &Arc<Self>, batch: Vec<Waiting<B>>) {
        let mut parts = vec![Part {
            items: batch,
            again: false,
            max_conflicts: MAX_CONFLICTS.0,
        }];
        let (mut refusals, mut in_a_row) = (0, 0);
        while let Some(mut part) = parts.pop() {
            let Err(error) = self.commit(&mut part).await else {
                in_a_row = 0;
                continue;
            };
            let weight = if error == StoreError::Busy {
                CONTENDED
            } else {
                1
            };
            (refusals, in_a_row) = (refusals + weight, in_a_row + weight);
            let splits = refusals < MAX_REFUSALS.0 && in_a_row < MAX_REFUSALS.1;
            if part.again {
                tokio::spawn(find_out::find_out(Arc::downgrade(self), part.items));
            } else if part.items.len() > 1
                && splits
                && !matches!(error, StoreError::Away(_) | StoreError::Closed)
            {
                let second = part.items.split_off(part.items.len() / 2);
                for items in [second, part.items] {
                    parts.push(Part {
                        items,
                        again: false,
                        max_conflicts: MAX_CONFLICTS.1,
                    });
                }
            } else {
                refuse(part.items, &error);
            }
        }
    }

    /// Repeats a part until its result is known, and answers its callers. Where it is refused, returns why, and leaves the refused items in it.
    async fn commit(&self, part: &mut Part<B>) -> Result<(), StoreError> {
        let (mut conflicts, mut pause) = (0, PAUSES.0);
        while !part.items.is_empty() {
            let items: Vec<Arc<B::Item>> = part
                .items
                .iter()
                .map(|waiting| Arc::clone(&waiting.item))
                .collect();
            match self.attempt(&items, part.again).await {
                Ok(effects) => {
                    part.items = self.answer(std::mem::take(&mut part.items), effects);
                    continue;
                }
                Err(Failure::Conflict) if conflicts < part.max_conflicts => conflicts += 1,
                Err(Failure::Unknown(why)) => {
                    tracing::warn!(
                        why = format!("{why:#}"),
                        items = items.len(),
                        "a commit's answer was lost; finding out what came of it"
                    );
                    part.again = true;
                }
                // An earlier attempt may have done it: the answer is not known until the database is back.
                Err(Failure::Away(_)) if part.again => {}
                Err(failure) => return Err(failure.into_store()),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
        Ok(())
    }
}
