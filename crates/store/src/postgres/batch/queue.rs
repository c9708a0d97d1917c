//! Queue of items for the workers, and their order.

use std::collections::{HashSet, VecDeque};

use super::batched::{Batched, Waiting};

/// Items of one batch: enough to share a round trip and a sync, few enough that the arrays stay small.
const MAX_BATCH: usize = 512;
/// Items of one batch that come out of callers' batches while others wait: those who wait for one answer wait no longer for them.
const MAX_BULK: usize = 96;
/// Items that are passed over because their locks are held, before the search ends.
const MAX_PASSED_OVER: usize = 4096;

/// Waiting items: of callers who wait for one, and of callers' batches, which yield.
pub(super) struct Queue<B: Batched> {
    single: VecDeque<Waiting<B>>,
    bulk: VecDeque<Waiting<B>>,
    /// Locks of the batches that are being written.
    locked: HashSet<u64>,
}

/// Batch, and its locks until it is written.
pub(super) struct Taken<B: Batched> {
    pub(super) batch: Vec<Waiting<B>>,
    pub(super) locks: Vec<u64>,
}

impl<B: Batched> Default for Queue<B> {
    fn default() -> Self {
        Self {
            single: VecDeque::new(),
            bulk: VecDeque::new(),
            locked: HashSet::new(),
        }
    }
}

impl<B: Batched> Queue<B> {
    pub(super) fn push(&mut self, waiting: Waiting<B>) {
        let queue = if B::is_bulk(&waiting.item) {
            &mut self.bulk
        } else {
            &mut self.single
        };
        queue.push_back(waiting);
    }

    pub(super) fn len(&self) -> usize {
        self.single.len() + self.bulk.len()
    }

    /// Takes the next batch; `None` when nothing waits that may begin. A batch with items of callers' batches is small, so that a caller who comes
    /// meanwhile does not wait long; but each takes some, so that they go on however many others come.
    pub(super) fn take(&mut self) -> Option<Taken<B>> {
        let mut batch = Vec::new();
        let mut locks = HashSet::new();
        take_from(
            &mut self.single,
            MAX_BATCH,
            &self.locked,
            &mut batch,
            &mut locks,
        );
        take_from(
            &mut self.bulk,
            MAX_BULK,
            &self.locked,
            &mut batch,
            &mut locks,
        );
        if batch.is_empty() {
            return None;
        }
        self.locked.extend(&locks);
        Some(Taken {
            batch,
            locks: locks.into_iter().collect(),
        })
    }

    pub(super) fn unlock(&mut self, locks: &[u64]) {
        for lock in locks {
            self.locked.remove(lock);
        }
    }
}

/// Moves up to `limit` items whose locks are free into a batch, in their order. What is passed over keeps its place for each of its locks: who
/// needs two would otherwise wait behind later ones that need one of them, in turn, until it is refused.
fn take_from<B: Batched>(
    queue: &mut VecDeque<Waiting<B>>,
    limit: usize,
    locked: &HashSet<u64>,
    batch: &mut Vec<Waiting<B>>,
    locks: &mut HashSet<u64>,
) {
    let mut passed_over = Vec::new();
    let mut reserved = HashSet::new();
    let mut taken = 0;
    while taken < limit
        && passed_over.len() < MAX_PASSED_OVER
        && let Some(waiting) = queue.pop_front()
    {
        let wants = B::locks(&waiting.item);
        if wants
            .iter()
            .any(|lock| locked.contains(lock) || reserved.contains(lock))
        {
            reserved.extend(wants.iter().copied());
            passed_over.push(waiting);
        } else {
            locks.extend(wants);
            batch.push(waiting);
            taken += 1;
        }
    }
    for waiting in passed_over.into_iter().rev() {
        queue.push_front(waiting);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::oneshot;
    use tokio::time::Instant;

    use super::super::batched::Effects;
    use super::*;
    use crate::postgres::connect::Conn;
    use crate::postgres::error::Failure;

    struct Locking;

    impl Batched for Locking {
        type Item = (&'static str, Vec<u64>);
        type Effect = ();

        async fn attempt(
            &self,
            _: &Conn,
            _: &[Arc<Self::Item>],
            _: bool,
        ) -> Result<Effects<()>, Failure> {
            Ok(Vec::new())
        }

        async fn done_before(&self, _: &Conn, _: &Arc<Self::Item>) -> Result<Option<()>, Failure> {
            Ok(None)
        }

        fn committed(&self, _: &Self::Item, (): &()) {}

        fn locks(item: &Self::Item) -> &[u64] {
            &item.1
        }

        fn is_bulk(_: &Self::Item) -> bool {
            false
        }
    }

    #[test]
    fn who_needs_two_locks_goes_before_those_who_came_later_and_need_one() {
        let mut queue = Queue::<Locking>::default();
        let push = |queue: &mut Queue<Locking>, name, locks: &[u64]| {
            queue.push(Waiting {
                item: Arc::new((name, locks.to_vec())),
                since: Instant::now(),
                reply: oneshot::channel().0,
            });
        };
        let names = |taken: &Taken<Locking>| {
            taken
                .batch
                .iter()
                .map(|waiting| waiting.item.0)
                .collect::<Vec<_>>()
        };
        push(&mut queue, "first", &[1]);
        let first = queue.take().expect("a batch");
        push(&mut queue, "both", &[1, 2]);
        push(&mut queue, "later", &[2]);
        push(&mut queue, "other", &[3]);
        let other = queue.take().expect("a batch");
        assert_eq!(
            names(&other),
            ["other"],
            "what comes later takes no lock that is waited for"
        );
        push(&mut queue, "latest", &[1]);
        queue.unlock(&first.locks);
        assert_eq!(
            names(&queue.take().expect("a batch")),
            ["both", "later", "latest"]
        );
    }

    struct Panicking;

    impl Batched for Panicking {
        type Item = ();
        type Effect = ();

        async fn attempt(&self, _: &Conn, _: &[Arc<()>], _: bool) -> Result<Effects<()>, Failure> {
            Ok(Vec::new())
        }

        async fn done_before(&self, _: &Conn, _: &Arc<()>) -> Result<Option<()>, Failure> {
            Ok(None)
        }

        fn committed(&self, (): &(), (): &()) {}

        fn locks((): &()) -> &[u64] {
            panic!("simulated")
        }

        fn is_bulk((): &()) -> bool {
            false
        }
    }

    #[tokio::test]
    async fn a_worker_that_panics_ends_the_store() {
        let options = crate::postgres::PostgresOptions::new("postgres://postgres@127.0.0.1:1/none");
        let pool = crate::postgres::connect::Connector::new(&options)
            .and_then(|connector| connector.pool(1))
            .expect("a pool");
        let (ended, _) = tokio::sync::watch::channel(None);
        let batcher = super::super::Batcher::start(
            Panicking,
            &pool,
            std::time::Duration::from_secs(4),
            &ended,
        );
        let _told = batcher.send(());
        let error = crate::error::until_ended(&ended).await;
        let why = acteon_core::with_causes(&error).to_string();
        assert!(why.contains("panicked: simulated"), "{why}");
    }
}
