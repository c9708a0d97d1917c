//! Writes that share a commit: a queue, and a few workers that take everything that waits.
//!
//! What breaks in the middle is found out and not guessed: a batch whose answer was lost is done again as it was, with the same positions,
//! until the database says what came of it. A batch that is refused as a whole is split, so that one bad item fails alone.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deadpool_postgres::Pool;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::connect::{Conn, in_time};
use super::error::Failure;
use crate::StoreError;
use crate::store::Later;

/// Items of one batch: enough to share a round trip and a sync, few enough that the arrays stay small.
const MAX_BATCH: usize = 512;
/// Items waiting above which the store is busy.
const BUSY: usize = 64;
/// Pause before a conflict or a broken connection is tried again, growing up to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(500));
/// Conflicts in a row after which a batch is given up as too contended.
const MAX_CONFLICTS: u32 = 30;

/// A kind of write.
pub(super) trait Batched: Send + Sync + 'static {
    /// What is written.
    type Item: Send + Sync + 'static;
    /// What came of it.
    type Effect: Send + 'static;

    /// Does the items in one transaction. `again` when an earlier try may have done some of them. One result per item, in their order.
    fn attempt<'a>(
        &'a self,
        conn: &'a Conn,
        items: &'a [Arc<Self::Item>],
        again: bool,
    ) -> impl Future<Output = Result<Vec<Result<Self::Effect, StoreError>>, Failure>> + Send + 'a;

    /// Counts what a committed item changed.
    fn committed(&self, item: &Self::Item, effect: &Self::Effect);
}

struct Waiting<B: Batched> {
    item: Arc<B::Item>,
    since: Instant,
    reply: oneshot::Sender<Result<B::Effect, StoreError>>,
}

struct Inner<B: Batched> {
    kind: B,
    pool: Pool,
    waiting: Mutex<VecDeque<Waiting<B>>>,
    arrived: Notify,
    /// Longest that an item may wait for its turn.
    patience: Duration,
}

/// A queue of writes, and its workers.
pub(super) struct Batcher<B: Batched> {
    inner: Arc<Inner<B>>,
    workers: Vec<JoinHandle<()>>,
}

impl<B: Batched> Batcher<B> {
    pub(super) fn start(kind: B, pool: &Pool, workers: usize, patience: Duration) -> Self {
        let inner = Arc::new(Inner { kind, pool: pool.clone(), waiting: Mutex::default(), arrived: Notify::new(), patience });
        let work = |_| tokio::spawn(Arc::clone(&inner).work());
        Self { workers: (0..workers).map(work).collect(), inner }
    }

    pub(super) fn len(&self) -> usize {
        self.inner.lock().len()
    }

    pub(super) fn is_busy(&self) -> bool {
        self.len() > BUSY
    }

    pub(super) fn send(&self, item: B::Item) -> Later<'_, B::Effect> {
        let (reply, answer) = oneshot::channel();
        let since = Instant::now();
        self.inner.lock().push_back(Waiting { item: Arc::new(item), since, reply });
        self.inner.arrived.notify_one();
        Box::pin(async move { answer.await.unwrap_or(Err(StoreError::Closed)) })
    }
}

impl<B: Batched> Drop for Batcher<B> {
    fn drop(&mut self) {
        for worker in &self.workers {
            worker.abort();
        }
    }
}

impl<B: Batched> Inner<B> {
    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Waiting<B>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn work(self: Arc<Self>) {
        loop {
            let arrived = self.arrived.notified();
            let batch = self.take();
            if batch.is_empty() {
                arrived.await;
                continue;
            }
            self.write(batch).await;
        }
    }

    fn take(&self) -> Vec<Waiting<B>> {
        let batch: Vec<Waiting<B>> = {
            let mut waiting = self.lock();
            let fits = waiting.len().min(MAX_BATCH);
            if waiting.len() > fits {
                self.arrived.notify_one();
            }
            waiting.drain(..fits).collect()
        };
        let (fresh, stale): (Vec<_>, Vec<_>) = batch.into_iter().partition(|waiting| waiting.since.elapsed() < self.patience);
        for waiting in stale {
            drop(waiting.reply.send(Err(StoreError::Away("it did not take the write in time".into()))));
        }
        fresh
    }

    async fn write(&self, mut batch: Vec<Waiting<B>>) {
        if let Err(error) = self.commit(&mut batch).await {
            if batch.len() > 1 && !matches!(error, StoreError::Away(_) | StoreError::Busy | StoreError::Full | StoreError::Closed) {
                for waiting in batch {
                    let mut alone = vec![waiting];
                    if let Err(error) = self.commit(&mut alone).await {
                        refuse(alone, &error);
                    }
                }
            } else {
                refuse(batch, &error);
            }
        }
    }

    /// Does a batch until it is known what came of it, and answers; an error, and the batch still there, when nothing did.
    async fn commit(&self, batch: &mut Vec<Waiting<B>>) -> Result<(), StoreError> {
        let items: Vec<Arc<B::Item>> = batch.iter().map(|waiting| Arc::clone(&waiting.item)).collect();
        let (mut again, mut conflicts, mut pause) = (false, 0, PAUSES.0);
        let effects = loop {
            let failure = match self.attempt(&items, again).await {
                Ok(effects) => break effects,
                Err(failure) => failure,
            };
            match failure {
                Failure::Conflict if conflicts < MAX_CONFLICTS => conflicts += 1,
                Failure::Unknown(why) => {
                    tracing::warn!(why, items = items.len(), "a commit's answer was lost; finding out what came of it");
                    again = true;
                }
                // An earlier try may have done it: the answer is not known until the database is back.
                Failure::Away(_) | Failure::Refused(StoreError::Full) if again => {}
                failure => return Err(failure.into_store()),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        };
        for (waiting, effect) in batch.drain(..).zip(effects) {
            if let Ok(effect) = &effect {
                self.kind.committed(&waiting.item, effect);
            }
            // Whoever asked may have gone; what was asked for is done.
            drop(waiting.reply.send(effect));
        }
        Ok(())
    }

    async fn attempt(&self, items: &[Arc<B::Item>], again: bool) -> Result<Vec<Result<B::Effect, StoreError>>, Failure> {
        let conn = Conn::of(&self.pool).await?;
        let effects = in_time(self.kind.attempt(&conn, items, again)).await?;
        conn.done();
        Ok(effects)
    }
}

fn refuse<B: Batched>(batch: Vec<Waiting<B>>, error: &StoreError) {
    for waiting in batch {
        drop(waiting.reply.send(Err(error.clone())));
    }
}
