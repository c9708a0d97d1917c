//! What waits for a worker, and who goes first.

use std::collections::{HashSet, VecDeque};

use super::{Batched, Waiting};

/// Items of one batch: enough to share a round trip and a sync, few enough that the arrays stay small.
const MAX_BATCH: usize = 512;
/// Items of one batch that come out of callers' batches while others wait: those who wait for one answer wait no longer for them.
const MAX_BULK: usize = 96;
/// Items that are passed over because their locks are held, before the search ends.
const MAX_PASSED_OVER: usize = 4096;

/// What waits: items of callers who wait for one, and those of callers' batches, which yield.
pub(super) struct Queue<B: Batched> {
    single: VecDeque<Waiting<B>>,
    bulk: VecDeque<Waiting<B>>,
    /// What the batches that are being written lock.
    locked: HashSet<u64>,
}

/// A batch, and what it locks until it is written.
pub(super) struct Taken<B: Batched> {
    pub(super) batch: Vec<Waiting<B>>,
    pub(super) locks: Vec<u64>,
}

impl<B: Batched> Default for Queue<B> {
    fn default() -> Self {
        Self { single: VecDeque::new(), bulk: VecDeque::new(), locked: HashSet::new() }
    }
}

impl<B: Batched> Queue<B> {
    pub(super) fn push(&mut self, waiting: Waiting<B>) {
        let queue = if B::is_bulk(&waiting.item) { &mut self.bulk } else { &mut self.single };
        queue.push_back(waiting);
    }

    pub(super) fn len(&self) -> usize {
        self.single.len() + self.bulk.len()
    }

    /// The next batch; `None` when nothing waits that may begin. A batch of callers' batches is small, so that nobody who comes meanwhile waits
    /// long; but each takes some, so that they go on however many others come.
    pub(super) fn take(&mut self) -> Option<Taken<B>> {
        let mut batch = Vec::new();
        let mut locks = HashSet::new();
        take_from(&mut self.single, MAX_BATCH, &self.locked, &mut batch, &mut locks);
        take_from(&mut self.bulk, MAX_BULK, &self.locked, &mut batch, &mut locks);
        if batch.is_empty() {
            return None;
        }
        self.locked.extend(&locks);
        Some(Taken { batch, locks: locks.into_iter().collect() })
    }

    pub(super) fn unlock(&mut self, locks: &[u64]) {
        for lock in locks {
            self.locked.remove(lock);
        }
    }
}

/// Moves up to `limit` items whose locks are free into a batch, in their order.
fn take_from<B: Batched>(
    queue: &mut VecDeque<Waiting<B>>,
    limit: usize,
    locked: &HashSet<u64>,
    batch: &mut Vec<Waiting<B>>,
    locks: &mut HashSet<u64>,
) {
    let mut passed_over = Vec::new();
    let mut taken = 0;
    while taken < limit
        && passed_over.len() < MAX_PASSED_OVER
        && let Some(waiting) = queue.pop_front()
    {
        let wants = B::locks(&waiting.item);
        if wants.iter().any(|lock| locked.contains(lock)) {
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
