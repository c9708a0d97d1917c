//! The order in which waiting commands are committed.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use acteon_core::limits::MAX_COMMIT_BATCH;

use super::command::{Command, Urgency};

type Boxed = Box<dyn Command>;

/// Longest that work which nobody waits for stands back behind admissions.
const STAND_BACK: Duration = Duration::from_millis(250);

/// A burst lasts as long as admissions come at least this often.
const BURST_GAP: Duration = Duration::from_millis(2);

/// What waits to be committed. Admissions and everything that a caller waits for come first; what nobody waits for stands back during a burst
/// of admissions, but not for long: accepting is what cannot wait.
#[derive(Default)]
pub(super) struct Queue {
    urgent: Vec<Boxed>,
    background: Vec<Boxed>,
    background_since: Option<Instant>,
    last_admission: Option<Instant>,
}

impl Queue {
    #[expect(clippy::disallowed_methods, reason = "the thread's own pace, which decides no outcome")]
    fn push(&mut self, command: Boxed) {
        match command.urgency() {
            Urgency::Background => self.push_background(command),
            Urgency::Admission => {
                self.last_admission = Some(Instant::now());
                self.urgent.push(command);
            }
            Urgency::Waited => self.urgent.push(command),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the thread's own pace, which decides no outcome")]
    fn push_background(&mut self, command: Boxed) {
        self.background_since.get_or_insert_with(Instant::now);
        self.background.push(command);
    }

    /// Takes in everything that is there, waiting for the first if there is nothing; an error once there will be nothing more.
    pub(super) fn wait(&mut self, inbox: &mpsc::Receiver<Boxed>) -> Result<(), RecvTimeoutError> {
        let next = match self.len() {
            0 => first(inbox),
            _ if self.urgent.is_empty() && self.stands_back() => inbox.recv_timeout(BURST_GAP),
            _ => Err(RecvTimeoutError::Timeout),
        };
        match next {
            Ok(command) => self.push(command),
            Err(RecvTimeoutError::Disconnected) if self.len() == 0 => return Err(RecvTimeoutError::Disconnected),
            Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout) => {}
        }
        let room = (MAX_COMMIT_BATCH * 2).saturating_sub(self.len());
        inbox.try_iter().take(room).for_each(|command| self.push(command));
        Ok(())
    }

    fn len(&self) -> usize {
        self.urgent.len() + self.background.len()
    }

    /// Whether background work is to wait.
    fn stands_back(&self) -> bool {
        let waited = self.background_since.is_none_or(|since| since.elapsed() >= STAND_BACK);
        !waited && self.last_admission.is_some_and(|last| last.elapsed() < BURST_GAP)
    }

    /// The next commit's commands; none when background work is all there is, and it is to wait.
    pub(super) fn take(&mut self) -> Vec<Boxed> {
        let mut batch = std::mem::take(&mut self.urgent);
        if !self.stands_back() {
            let fits = self.background.len().min(MAX_COMMIT_BATCH);
            batch.extend(self.background.drain(..fits));
            self.background_since = None;
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
