//! Lanes and the turns that they give: the right to make one call, asked for, awaited and given
//! back.
//!
//! One file, since each needs the other: a lane gives permits, and a permit that ends has its lane
//! give the next.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::limits::MAX_LANE_WAITING;
use acteon_core::{Clock, LaneLimits};
use tokio::sync::{Notify, oneshot};

use super::queue::{Rank, SenderId, Ticket, WaitQueue};
use super::state::{CallEnd, Change, LaneState, StartDecision};
use super::status::LaneStatus;
use crate::memory::Share;

pub(crate) struct Lane {
    pub(super) name: Arc<str>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) inner: Mutex<LaneInner>,
    pub(super) held: AtomicUsize,
    pub(super) max_held: AtomicUsize,
    /// Bytes of the actions in memory.
    pub(super) memory: Share,
    /// Whether rows of this lane wait in the store for want of room here.
    pub(super) backlog: AtomicBool,
    /// Whether rows of high priority are among them.
    pub(super) high_backlog: AtomicBool,
    /// Number of rows claimed so far.
    pub(super) claimed: AtomicU64,
    pub(super) room: Arc<Notify>,
    pub(super) note: NoteWriter,
}

pub(super) struct LaneInner {
    pub(super) state: LaneState,
    pub(super) queue: WaitQueue<Permit>,
    pub(super) timer: Option<Duration>,
    pub(super) closed: bool,
    /// Owner and number of the last change of the lane that was told or shared.
    pub(super) change: (i64, u64),
    /// Service's words when it last refused calls for their rate.
    pub(super) reason: Option<String>,
    /// Number of pauses that were met here.
    pub(super) pauses: u64,
    /// Whether the last change was a reset by hand.
    pub(super) was_reset: bool,
}

impl Lane {
    /// A lane, and the place of the first provider that sends through it.
    pub(crate) fn new(
        name: Arc<str>,
        limits: LaneLimits,
        clock: Arc<dyn Clock>,
        memory: Share,
        room: Arc<Notify>,
    ) -> (Self, SenderId) {
        let mut queue = WaitQueue::default();
        let first = queue.add_sender(limits.max_concurrency);
        let state = LaneState::new(limits);
        let inner = LaneInner {
            state,
            queue,
            timer: None,
            closed: false,
            change: (0, 0),
            reason: None,
            pauses: 0,
            was_reset: false,
        };
        let lane = Self {
            name,
            clock,
            inner: Mutex::new(inner),
            held: AtomicUsize::new(0),
            max_held: AtomicUsize::new(MAX_LANE_WAITING + limits.max_concurrency),
            memory,
            backlog: AtomicBool::new(true),
            high_backlog: AtomicBool::new(true),
            claimed: AtomicU64::new(0),
            room,
            note: NoteWriter::default(),
        };
        (lane, first)
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Lets another provider send through the lane.
    pub(crate) fn add_sender(&self, limits: LaneLimits) -> SenderId {
        let mut inner = self.lock();
        inner.state.widen(limits);
        self.max_held
            .fetch_add(limits.max_concurrency, Ordering::Relaxed);
        inner.queue.add_sender(limits.max_concurrency)
    }

    /// Time until the lane's pause ends; `None` while it is open.
    pub(crate) fn reopens_in(&self) -> Option<Duration> {
        let now = self.clock.monotonic();
        self.lock()
            .state
            .paused_until(now)
            .map(|until| until.saturating_sub(now))
    }

    /// Asks for a turn of a provider. Who asked first of one rank has it first, whenever its wait begins.
    pub(crate) fn ask(self: &Arc<Self>, sender: SenderId, rank: Rank) -> AskedTurn {
        let mut inner = self.lock();
        if inner.closed {
            return AskedTurn::Closed;
        }
        let now = self.clock.monotonic();
        // Also with a turn free: whoever waits already goes first, or a busy caller would starve
        // the queue.
        let may_ask = inner.queue.has_slot(sender) && inner.queue.next().is_none();
        let turn = if may_ask {
            inner.state.turn(now)
        } else {
            StartDecision::AfterCall
        };
        if let StartDecision::Go { probe } = turn {
            inner.queue.take_slot(sender);
            return AskedTurn::Given(self.permit(sender, probe));
        }
        let (waiter, receiver) = oneshot::channel();
        let ticket = inner.queue.push(sender, rank, waiter);
        if let StartDecision::At(at) = turn {
            self.set_timer(&mut inner, now, at);
        }
        AskedTurn::Awaited(AwaitedTurn::new(Arc::clone(self), ticket, receiver))
    }

    /// Takes somebody out of the queue who waits no more.
    fn leave(&self, ticket: Ticket) {
        let waiter = self.lock().queue.remove(ticket);
        drop(waiter);
    }

    /// Permit that is free now, if nobody waits for one. Never a probe: whoever takes it may yet
    /// find no use for it.
    pub(crate) fn try_acquire(self: &Arc<Self>, sender: SenderId) -> Option<Permit> {
        let now = self.clock.monotonic();
        let mut inner = self.lock();
        let may_ask = inner.queue.has_slot(sender) && inner.queue.next().is_none();
        if inner.closed || !may_ask || inner.state.paused_until(now).is_some() {
            return None;
        }
        match inner.state.turn(now) {
            StartDecision::Go { probe } => {
                inner.queue.take_slot(sender);
                Some(self.permit(sender, probe))
            }
            StartDecision::At(_) | StartDecision::AfterCall => None,
        }
    }

    /// Gives no more permits; whoever waits gets none.
    pub(crate) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        let waiting = inner.queue.clear();
        drop(inner);
        drop(waiting);
    }

    /// Forgets the pause and the learned pace.
    pub(crate) fn reset(self: &Arc<Self>) {
        {
            let mut inner = self.lock();
            inner.state.reset(self.clock.monotonic());
            (inner.reason, inner.was_reset) = (None, true);
        }
        self.grant_waiting();
        self.room.notify_one();
    }

    /// Rate that was seen here before the pause, while there is one.
    pub(crate) fn seen_before_pause(&self) -> Option<f64> {
        self.lock().state.seen_before_pause()
    }

    /// Takes into the pace what the other gateways saw go through.
    pub(crate) fn learn(&self, others: f64) {
        self.lock().state.learn(self.clock.monotonic(), others);
    }

    /// Sets how many gateways share the lane. Where one has gone, there is room for more of those
    /// who wait here.
    pub(crate) fn set_share(self: &Arc<Self>, gateways: usize) {
        self.lock().state.set_share(gateways);
        self.grant_waiting();
        self.room.notify_one();
    }

    fn permit(self: &Arc<Self>, sender: SenderId, probe: bool) -> Permit {
        Permit::new(Arc::clone(self), sender, probe)
    }

    /// Gives permits to those who wait, as far as there are turns. Sends them outside the lock, since a permit that nobody takes comes back.
    pub(super) fn grant_waiting(self: &Arc<Self>) {
        loop {
            let mut ready = Vec::new();
            {
                let mut inner = self.lock();
                let now = self.clock.monotonic();
                while let Some(next) = inner.queue.next() {
                    match inner.state.turn(now) {
                        StartDecision::Go { probe } => {
                            ready.extend(inner.queue.pop(next).map(|waiter| (waiter, probe)));
                        }
                        StartDecision::At(at) => {
                            self.set_timer(&mut inner, now, at);
                            break;
                        }
                        StartDecision::AfterCall => break,
                    }
                }
            }
            let mut refused = Vec::new();
            for ((waiter, sender), probe) in ready {
                refused.extend(waiter.send(self.permit(sender, probe)).err());
            }
            if refused.is_empty() {
                return;
            }
            let mut inner = self.lock();
            for permit in refused {
                let (sender, probe) = permit.forget();
                // Who was next has gone since. The turn goes round once more, or it would be lost
                // to all who wait.
                inner.queue.give_slot(sender);
                inner
                    .state
                    .ended(self.clock.monotonic(), probe, CallEnd::NotMade);
            }
        }
    }

    fn set_timer(self: &Arc<Self>, inner: &mut LaneInner, now: Duration, at: Duration) {
        if inner.timer.is_some_and(|timer| timer <= at) {
            return;
        }
        inner.timer = Some(at);
        let sleep = self.clock.sleep(at.saturating_sub(now));
        let lane = Arc::clone(self);
        tokio::spawn(async move {
            sleep.await;
            {
                let mut inner = lane.lock();
                if inner.timer == Some(at) {
                    inner.timer = None;
                }
            }
            lane.grant_waiting();
        });
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, LaneInner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Permit to make one call, for as long as it takes. Dropped before [`Permit::begin`] the turn is
/// another's; dropped after it, the call tells nothing.
pub(crate) struct Permit {
    lane: Arc<Lane>,
    sender: SenderId,
    probe: bool,
    end: Option<CallEnd>,
}

impl Permit {
    pub(super) fn new(lane: Arc<Lane>, sender: SenderId, probe: bool) -> Self {
        Self {
            lane,
            sender,
            probe,
            end: Some(CallEnd::NotMade),
        }
    }

    /// Marks the call as begun.
    pub(crate) fn begin(&mut self) {
        self.end = Some(CallEnd::Unknown);
    }

    /// Tells the lane how the call ended, and what the service said if it was too much. Returns the
    /// status to be logged and kept, where that changed.
    pub(crate) fn end(mut self, end: CallEnd, said: impl FnOnce() -> String) -> Option<LaneStatus> {
        self.end = None;
        let (change, is_waited_for) = {
            let mut inner = self.lane.lock();
            inner.queue.give_slot(self.sender);
            let change = inner
                .state
                .ended(self.lane.clock.monotonic(), self.probe, end);
            if change == Change::Paused {
                inner.pauses += 1;
                inner.reason = Some(said());
            }
            if change != Change::None {
                inner.was_reset = false;
            }
            (change, inner.queue.next().is_some())
        };
        if is_waited_for {
            self.lane.grant_waiting();
        }
        (change != Change::None).then(|| self.lane.status())
    }

    /// Says whose it was, and whether it was a probe's, and leaves its end to the caller.
    pub(super) fn forget(mut self) -> (SenderId, bool) {
        self.end = None;
        (self.sender, self.probe)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(end) = self.end {
            let mut inner = self.lane.lock();
            inner.queue.give_slot(self.sender);
            inner
                .state
                .ended(self.lane.clock.monotonic(), self.probe, end);
            drop(inner);
            self.lane.grant_waiting();
        }
    }
}

/// Turn that was asked for. Dropped, it is the next one's.
pub(crate) enum AskedTurn {
    /// The turn was free, and is given.
    Given(Permit),
    /// The turn comes later.
    Awaited(AwaitedTurn),
    /// The lane gives none any more.
    Closed,
}

impl AskedTurn {
    /// Waits for the turn; `None` once the lane is closed.
    pub(crate) async fn wait(self) -> Option<Permit> {
        match self {
            Self::Given(permit) => Some(permit),
            Self::Awaited(awaited) => awaited.wait().await,
            Self::Closed => None,
        }
    }
}

/// Turn that comes. Dropped before, it leaves the queue.
pub(crate) struct AwaitedTurn {
    lane: Arc<Lane>,
    /// Ticket in the queue, until it is answered.
    ticket: Option<Ticket>,
    turn: oneshot::Receiver<Permit>,
}

impl AwaitedTurn {
    pub(super) fn new(lane: Arc<Lane>, ticket: Ticket, turn: oneshot::Receiver<Permit>) -> Self {
        Self {
            lane,
            ticket: Some(ticket),
            turn,
        }
    }

    async fn wait(mut self) -> Option<Permit> {
        let answer = (&mut self.turn).await;
        self.ticket = None;
        answer.ok()
    }
}

impl Drop for AwaitedTurn {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.lane.leave(ticket);
        }
    }
}

/// Writer of a lane's note, one write after the other, so that an older state never follows a newer
/// one. Counts the changes to be written.
#[derive(Default)]
pub(super) struct NoteWriter(pub(super) AtomicUsize);

#[cfg(test)]
mod tests;
