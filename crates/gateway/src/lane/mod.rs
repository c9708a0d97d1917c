//! Lanes: what a service limits together shares pauses, pace and in-flight limit.
//!
//! A [`Lane`] gives out [`Permit`]s, in the order that [`queue`] says. Those who wait do so in memory, up to limits that are kept by [`Place`]s;
//! beyond them rows wait in the store. The decisions are made by [`state`].

mod note;
mod pace;
mod permit;
mod place;
mod queue;
pub(crate) mod sharing;
mod state;
mod status;

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::limits::MAX_LANE_WAITING;
use acteon_core::{Clock, LaneLimits};
use tokio::sync::{Notify, oneshot};

use note::LaneNote;
pub(crate) use permit::Permit;
pub(crate) use place::{Place, RowRoom};
pub(crate) use queue::{AskedTurn, Rank, SenderPlace};
use queue::{AwaitedTurn, Ticket, WaitQueue};
pub(crate) use state::CallEnd;
use state::{LaneState, Turn};
pub use status::{LaneMode, LaneStatus};

use crate::memory::Share;

pub(crate) struct Lane {
    name: Arc<str>,
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
    held: AtomicUsize,
    max_held: AtomicUsize,
    /// Bytes of those held.
    memory: Share,
    /// Whether rows of this lane wait in the store for want of room here.
    backlog: AtomicBool,
    /// Whether rows of high priority are among them.
    high_backlog: AtomicBool,
    /// Rows claimed so far.
    claimed: AtomicU64,
    room: Arc<Notify>,
    note: sharing::NoteWriter,
}

struct Inner {
    state: LaneState,
    queue: WaitQueue,
    timer: Option<Duration>,
    closed: bool,
    /// The last change of the lane that was told or heard.
    change: (i64, u64),
    /// What the service said when it was last too much.
    reason: Option<String>,
    /// Pauses that were met here.
    pauses: u64,
    /// Whether the last change was a reset by hand.
    was_reset: bool,
}

impl Lane {
    /// A lane, and the place of the first provider that sends through it.
    pub(crate) fn new(
        name: Arc<str>,
        limits: LaneLimits,
        clock: Arc<dyn Clock>,
        memory: Share,
        room: Arc<Notify>,
    ) -> (Self, SenderPlace) {
        let mut queue = WaitQueue::default();
        let first = queue.add_sender(limits.max_concurrency);
        let state = LaneState::new(limits);
        let inner = Inner {
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
            note: sharing::NoteWriter::default(),
        };
        (lane, first)
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Lets another provider send through the lane.
    pub(crate) fn add_sender(&self, limits: LaneLimits) -> SenderPlace {
        let mut inner = self.lock();
        inner.state.widen(limits);
        self.max_held
            .fetch_add(limits.max_concurrency, Ordering::Relaxed);
        inner.queue.add_sender(limits.max_concurrency)
    }

    /// When the lane's pause ends; `None` while it is open.
    pub(crate) fn reopens_in(&self) -> Option<Duration> {
        let now = self.clock.monotonic();
        self.lock()
            .state
            .paused_until(now)
            .map(|until| until.saturating_sub(now))
    }

    /// Asks for a turn of a provider. Who asked first of one rank has it first, whenever its wait begins.
    pub(crate) fn ask(self: &Arc<Self>, sender: SenderPlace, rank: Rank) -> AskedTurn {
        let mut inner = self.lock();
        if inner.closed {
            return AskedTurn::Closed;
        }
        let now = self.clock.monotonic();
        let may_ask = inner.queue.has_slot(sender) && inner.queue.next().is_none();
        let turn = if may_ask {
            inner.state.turn(now)
        } else {
            Turn::Later
        };
        if let Turn::Go { probe } = turn {
            inner.queue.take_slot(sender);
            return AskedTurn::Given(self.permit(sender, probe));
        }
        let (waiter, receiver) = oneshot::channel();
        let ticket = inner.queue.push(sender, rank, waiter);
        if let Turn::At(at) = turn {
            self.set_timer(&mut inner, now, at);
        }
        AskedTurn::Awaited(AwaitedTurn::new(Arc::clone(self), ticket, receiver))
    }

    /// Somebody waits no more.
    fn leave(&self, ticket: Ticket) {
        let waiter = self.lock().queue.remove(ticket);
        drop(waiter);
    }

    /// A turn that is free now, if nobody waits for one. Never a probe: whoever takes it may yet find no use for it.
    pub(crate) fn try_acquire(self: &Arc<Self>, sender: SenderPlace) -> Option<Permit> {
        let now = self.clock.monotonic();
        let mut inner = self.lock();
        let may_ask = inner.queue.has_slot(sender) && inner.queue.next().is_none();
        if inner.closed || !may_ask || inner.state.paused_until(now).is_some() {
            return None;
        }
        match inner.state.turn(now) {
            Turn::Go { probe } => {
                inner.queue.take_slot(sender);
                Some(self.permit(sender, probe))
            }
            Turn::At(_) | Turn::Later => None,
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

    /// Forgets pause and pace.
    pub(crate) fn reset(self: &Arc<Self>) {
        {
            let mut inner = self.lock();
            inner.state.reset(self.clock.monotonic());
            (inner.reason, inner.was_reset) = (None, true);
        }
        self.pump();
        self.room.notify_one();
    }

    /// The rate that was seen here before the pause, while there is one.
    pub(crate) fn seen_before_pause(&self) -> Option<f64> {
        self.lock().state.seen_before_pause()
    }

    /// Takes into the pace what the other gateways saw go through.
    pub(crate) fn learn(&self, others: f64) {
        self.lock().state.learn(self.clock.monotonic(), others);
    }

    /// Says how many gateways share the lane. Where one has gone, there is room for more of those who wait here.
    pub(crate) fn set_share(self: &Arc<Self>, gateways: usize) {
        self.lock().state.set_share(gateways);
        self.pump();
        self.room.notify_one();
    }

    fn permit(self: &Arc<Self>, sender: SenderPlace, probe: bool) -> Permit {
        Permit::new(Arc::clone(self), sender, probe)
    }

    /// Gives permits to those who wait, as far as there are turns. Sends them outside the lock, since a permit that nobody takes comes back.
    fn pump(self: &Arc<Self>) {
        loop {
            let mut ready = Vec::new();
            {
                let mut inner = self.lock();
                let now = self.clock.monotonic();
                while let Some(next) = inner.queue.next() {
                    match inner.state.turn(now) {
                        Turn::Go { probe } => {
                            ready.extend(inner.queue.pop(next).map(|waiter| (waiter, probe)))
                        }
                        Turn::At(at) => {
                            self.set_timer(&mut inner, now, at);
                            break;
                        }
                        Turn::Later => break,
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
                inner.queue.give_slot(sender);
                inner
                    .state
                    .ended(self.clock.monotonic(), probe, CallEnd::NotMade);
            }
        }
    }

    fn set_timer(self: &Arc<Self>, inner: &mut Inner, now: Duration, at: Duration) {
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
            lane.pump();
        });
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
