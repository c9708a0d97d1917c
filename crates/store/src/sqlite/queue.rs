//! The order in which waiting commands are committed.

use std::collections::VecDeque;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use acteon_core::limits::{MAX_COMMIT_BATCH, MAX_COMMIT_QUEUE};

use super::command::{Command, Urgency};

type Boxed = Box<dyn Command>;

/// Longest time that work which no caller waits for stands back behind admissions.
const STAND_BACK: Duration = Duration::from_millis(250);

/// A burst lasts as long as admissions come at least this often.
const BURST_GAP: Duration = Duration::from_millis(2);

/// Most items of callers' batches in a commit: who waits for one answer waits no longer for them.
const MAX_BULK: usize = 128;

/// Number of items in a commit, at most, that no caller waits for.
const MAX_BACKGROUND: usize = 512;

/// Commands that wait for a commit. A renewal of the lease has a commit to itself. Admissions and everything that a caller waits for come first, and
/// a few of callers' batches with them; work that no caller waits for stands back during a burst of admissions, but not for long.
#[derive(Default)]
pub(super) struct Queue {
    lease: Vec<Boxed>,
    urgent: Vec<Boxed>,
    bulk: VecDeque<Boxed>,
    background: VecDeque<Boxed>,
    background_since: Option<Instant>,
    last_admission: Option<Instant>,
}

impl Queue {
    #[expect(
        clippy::disallowed_methods,
        reason = "the thread's own pace, which decides no outcome"
    )]
    fn push(&mut self, command: Boxed) {
        match command.urgency() {
            Urgency::Background => self.push_background(command),
            Urgency::Lease => self.lease.push(command),
            Urgency::Bulk => self.bulk.push_back(command),
            Urgency::Admission => {
                self.last_admission = Some(Instant::now());
                self.urgent.push(command);
            }
            Urgency::Waited => self.urgent.push(command),
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the thread's own pace, which decides no outcome"
    )]
    fn push_background(&mut self, command: Boxed) {
        self.background_since.get_or_insert_with(Instant::now);
        self.background.push_back(command);
    }

    /// Takes in everything that is there, waiting for the first if there is nothing; an error once there will be nothing more.
    pub(super) fn wait(&mut self, inbox: &mpsc::Receiver<Boxed>) -> Result<(), RecvTimeoutError> {
        let next = match self.len() {
            0 => first(inbox),
            waiting if waiting == self.background.len() && self.stands_back() => {
                inbox.recv_timeout(BURST_GAP)
            }
            _ => Err(RecvTimeoutError::Timeout),
        };
        match next {
            Ok(command) => self.push(command),
            Err(RecvTimeoutError::Disconnected) if self.len() == 0 => {
                return Err(RecvTimeoutError::Disconnected);
            }
            Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout) => {}
        }
        // All of it: what goes first may have come last.
        inbox
            .try_iter()
            .take(MAX_COMMIT_QUEUE)
            .for_each(|command| self.push(command));
        Ok(())
    }

    fn len(&self) -> usize {
        self.lease.len() + self.urgent.len() + self.bulk.len() + self.background.len()
    }

    /// Whether background work is to wait.
    fn stands_back(&self) -> bool {
        let waited = self
            .background_since
            .is_none_or(|since| since.elapsed() >= STAND_BACK);
        !waited
            && self
                .last_admission
                .is_some_and(|last| last.elapsed() < BURST_GAP)
    }

    /// The next commit's commands; none when background work is all there is, and it is to wait.
    pub(super) fn take(&mut self) -> Vec<Boxed> {
        if !self.lease.is_empty() {
            return std::mem::take(&mut self.lease);
        }
        let fits = self.urgent.len().min(MAX_COMMIT_BATCH);
        let mut batch: Vec<Boxed> = self.urgent.drain(..fits).collect();
        batch.extend(self.bulk.drain(..self.bulk.len().min(MAX_BULK)));
        if !self.stands_back() {
            batch.extend(
                self.background
                    .drain(..self.background.len().min(MAX_BACKGROUND)),
            );
            if self.background.is_empty() {
                self.background_since = None;
            }
        }
        batch
    }
}

/// Polls before a commit's waiters have come back with their next command, because being woken takes longer than they do.
const SPINS: u32 = 2000;

fn first(inbox: &mpsc::Receiver<Boxed>) -> Result<Boxed, RecvTimeoutError> {
    for _ in 0..SPINS {
        match inbox.try_recv() {
            Ok(command) => return Ok(command),
            Err(mpsc::TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
            Err(mpsc::TryRecvError::Empty) => std::hint::spin_loop(),
        }
    }
    inbox.recv().map_err(|_| RecvTimeoutError::Disconnected)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::StoreError;
    use crate::sqlite::events::Writing;

    struct Waiting(Urgency);

    impl Command for Waiting {
        fn urgency(&self) -> Urgency {
            self.0
        }

        fn apply(&mut self, _connection: &Writing<'_>) -> Result<(), StoreError> {
            Ok(())
        }

        fn committed(self: Box<Self>, _open: &AtomicUsize) {}

        fn refused(self: Box<Self>, _error: StoreError) {}
    }

    #[test]
    fn a_lease_goes_alone_and_first_and_single_actions_before_batches() {
        let (sender, inbox) = mpsc::channel::<Boxed>();
        for (urgency, count) in [
            (Urgency::Bulk, 5000),
            (Urgency::Waited, 2),
            (Urgency::Admission, 1),
            (Urgency::Lease, 1),
        ] {
            (0..count).for_each(|_| sender.send(Box::new(Waiting(urgency))).expect("sent"));
        }
        let mut queue = Queue::default();
        let mut next = || {
            queue.wait(&inbox).expect("some wait");
            let batch = queue.take();
            let of = |urgency| {
                batch
                    .iter()
                    .filter(|command| command.urgency() == urgency)
                    .count()
            };
            (
                of(Urgency::Lease),
                of(Urgency::Admission),
                of(Urgency::Waited),
                of(Urgency::Bulk),
            )
        };
        assert_eq!(next(), (1, 0, 0, 0));
        assert_eq!(next(), (0, 1, 2, MAX_BULK));
        assert_eq!(next(), (0, 0, 0, MAX_BULK));
    }
}
