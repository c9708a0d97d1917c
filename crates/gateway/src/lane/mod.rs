//! Lanes: what a service limits together shares pauses, pace and in-flight limit.
//!
//! A [`Lane`] gives out [`Permit`]s in order of asking. Those who wait do so in memory, up to limits that are kept by [`Place`]s; beyond them
//! rows wait in the store. The decisions are made by [`state`].

mod pace;
mod permit;
pub(crate) mod sharing;
mod state;
mod status;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::limits::{MAX_LANE_WAITING, MAX_RETRY_AFTER};
use acteon_core::{Clock, LaneLimits, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, oneshot};

pub(crate) use permit::Permit;
pub(crate) use state::CallEnd;
use state::{Heard, LaneState, Turn};
pub use status::{LaneMode, LaneStatus};

use crate::memory::Share;

/// What is kept of a lane for later processes, and told to the others.
#[derive(Serialize, Deserialize)]
pub(crate) struct LaneNote {
    /// Which gateway's change it is, and its how-manieth.
    #[serde(default)]
    change: (i64, u64),
    /// In due time, which no step of the wall clock moves.
    paused_until: Timestamp,
    pause_ms: u64,
    pace: Option<f64>,
    /// How often the pace was confirmed, and for how long it is kept.
    #[serde(default)]
    confirmed: u32,
    #[serde(default)]
    keep_ms: u64,
    /// What the service said when it was last too much.
    #[serde(default)]
    reason: Option<String>,
    /// Whether pause and pace were forgotten by hand.
    #[serde(default)]
    reset: bool,
}

impl LaneNote {
    fn heard(&self, now: Timestamp) -> Heard {
        Heard {
            paused_for: self.paused_until.since(now).min(MAX_RETRY_AFTER),
            pause: Duration::from_millis(self.pause_ms),
            pace: self.pace.map(|rate| (rate, self.confirmed, Duration::from_millis(self.keep_ms))),
        }
    }
}

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
    room: Arc<Notify>,
    note: sharing::NoteWriter,
}

struct Inner {
    state: LaneState,
    waiting: VecDeque<oneshot::Sender<Permit>>,
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

/// A place in memory for one action.
pub(crate) struct Place {
    lane: Arc<Lane>,
    bytes: usize,
}

impl Lane {
    pub(crate) fn new(name: Arc<str>, limits: LaneLimits, clock: Arc<dyn Clock>, memory: Share, room: Arc<Notify>) -> Self {
        let inner = Inner {
            state: LaneState::new(limits),
            waiting: VecDeque::new(),
            timer: None,
            closed: false,
            change: (0, 0),
            reason: None,
            pauses: 0,
            was_reset: false,
        };
        Self {
            name,
            clock,
            inner: Mutex::new(inner),
            held: AtomicUsize::new(0),
            max_held: AtomicUsize::new(MAX_LANE_WAITING + limits.max_concurrency),
            memory,
            backlog: AtomicBool::new(true),
            room,
            note: sharing::NoteWriter::default(),
        }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Lets another sender share the lane.
    pub(crate) fn widen(&self, limits: LaneLimits) {
        self.lock().state.widen(limits);
        self.max_held.fetch_add(limits.max_concurrency, Ordering::Relaxed);
    }

    /// A place in memory for an action of so many bytes, unless all are taken.
    pub(crate) fn enter(self: &Arc<Self>, bytes: usize) -> Option<Place> {
        let max = self.max_held.load(Ordering::Relaxed);
        let taken = self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| (held < max).then_some(held + 1));
        if taken.is_err() {
            self.backlog.store(true, Ordering::Relaxed);
            return None;
        }
        if !self.memory.enter(bytes) {
            self.held.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(Place { lane: Arc::clone(self), bytes })
    }

    /// A place for a row that was claimed, over the limit if need be: a claim is small, and others may have come in meanwhile.
    pub(crate) fn enter_claimed(self: &Arc<Self>, bytes: usize) -> Place {
        self.held.fetch_add(1, Ordering::Relaxed);
        self.memory.enter_claimed(bytes);
        Place { lane: Arc::clone(self), bytes }
    }

    /// How many claimed rows to read at a time; none when there is no memory for them.
    pub(crate) fn rows_at_once(&self) -> usize {
        self.memory.rows_at_once()
    }

    /// Notes that a row is left for later although there may be a place for it.
    pub(crate) fn leave_for_later(&self) -> Option<Place> {
        self.backlog.store(true, Ordering::Relaxed);
        None
    }

    /// How many rows may be claimed now: as many as there are places and memory for, but while the lane is paused just one, once the probe is due.
    pub(crate) fn room(&self) -> usize {
        let free = self.max_held.load(Ordering::Relaxed).saturating_sub(self.held.load(Ordering::Relaxed)).min(self.memory.rows());
        let now = self.clock.monotonic();
        let inner = self.lock();
        match inner.state.paused_until(now) {
            None => free,
            Some(until) if now >= until && inner.waiting.is_empty() => free.min(1),
            Some(_) => 0,
        }
    }

    /// Notes whether rows wait in the store for want of room here.
    pub(crate) fn set_backlog(&self, backlog: bool) {
        self.backlog.store(backlog, Ordering::Relaxed);
    }

    /// When the lane's pause ends; `None` while it is open.
    pub(crate) fn reopens_in(&self) -> Option<Duration> {
        let now = self.clock.monotonic();
        self.lock().state.paused_until(now).map(|until| until.saturating_sub(now))
    }

    /// Waits for a turn; `None` once the lane is closed.
    pub(crate) async fn acquire(self: &Arc<Self>) -> Option<Permit> {
        let turn = {
            let mut inner = self.lock();
            if inner.closed {
                return None;
            }
            let now = self.clock.monotonic();
            let turn = if inner.waiting.is_empty() { inner.state.turn(now) } else { Turn::Later };
            if let Turn::Go { probe } = turn {
                return Some(self.permit(probe));
            }
            let (sender, receiver) = oneshot::channel();
            inner.waiting.push_back(sender);
            if let Turn::At(at) = turn {
                self.set_timer(&mut inner, now, at);
            }
            receiver
        };
        turn.await.ok()
    }

    /// A turn that is free now, if nobody waits for one. Never a probe: whoever takes it may yet find no use for it.
    pub(crate) fn try_acquire(self: &Arc<Self>) -> Option<Permit> {
        let now = self.clock.monotonic();
        let mut inner = self.lock();
        if inner.closed || !inner.waiting.is_empty() || inner.state.paused_until(now).is_some() {
            return None;
        }
        match inner.state.turn(now) {
            Turn::Go { probe } => Some(self.permit(probe)),
            Turn::At(_) | Turn::Later => None,
        }
    }

    /// Gives no more permits; whoever waits gets none.
    pub(crate) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        let waiting = std::mem::take(&mut inner.waiting);
        drop(inner);
        drop(waiting);
    }

    /// What to keep of the lane, after a change that the gateway `owner` made, at the due time `due`.
    pub(crate) fn note(&self, owner: i64, due: Timestamp) -> LaneNote {
        let now = self.clock.monotonic();
        let mut inner = self.lock();
        inner.change = (owner, inner.change.1 + 1);
        let paused_for = inner.state.paused_until(now).map_or(Duration::ZERO, |until| until.saturating_sub(now));
        let (pace, confirmed, keep) =
            inner.state.told(now).map_or((None, 0, Duration::ZERO), |(rate, times, keep)| (Some(rate), times, keep));
        LaneNote {
            change: inner.change,
            paused_until: due + paused_for,
            pause_ms: inner.state.pause().as_millis() as u64,
            pace,
            confirmed,
            keep_ms: keep.as_millis() as u64,
            reason: inner.reason.clone(),
            reset: inner.was_reset,
        }
    }

    /// Continues where an earlier process stood, at the due time `due`.
    pub(crate) fn restore(&self, note: &LaneNote, due: Timestamp) {
        let mut inner = self.lock();
        inner.change = note.change;
        inner.reason.clone_from(&note.reason);
        inner.state.restore(self.clock.monotonic(), note.heard(due));
    }

    /// Takes over what another gateway changed, unless it was heard before. `own` is who hears it, at the due time `due`.
    /// Returns the rate that was seen here, if this is a pause that was not known.
    pub(crate) fn adopt(self: &Arc<Self>, note: &LaneNote, own: i64, due: Timestamp) -> Option<f64> {
        let seen = {
            let mut inner = self.lock();
            if inner.change == note.change || note.change.0 == own {
                return None;
            }
            inner.change = note.change;
            inner.reason.clone_from(&note.reason);
            inner.was_reset = note.reset;
            let now = self.clock.monotonic();
            if note.reset {
                inner.state.reset(now);
                None
            } else {
                inner.state.adopt(now, note.heard(due))
            }
        };
        self.pump();
        self.room.notify_one();
        seen
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

    fn permit(self: &Arc<Self>, probe: bool) -> Permit {
        Permit::new(Arc::clone(self), probe)
    }

    /// Gives permits to those who wait, as far as there are turns. Sends them outside the lock, since a permit that nobody takes comes back.
    fn pump(self: &Arc<Self>) {
        loop {
            let mut ready = Vec::new();
            {
                let mut inner = self.lock();
                let now = self.clock.monotonic();
                while !inner.waiting.is_empty() {
                    match inner.state.turn(now) {
                        Turn::Go { probe } => ready.extend(inner.waiting.pop_front().map(|sender| (sender, probe))),
                        Turn::At(at) => {
                            self.set_timer(&mut inner, now, at);
                            break;
                        }
                        Turn::Later => break,
                    }
                }
            }
            let mut refused = Vec::new();
            for (sender, probe) in ready {
                refused.extend(sender.send(self.permit(probe)).err());
            }
            if refused.is_empty() {
                return;
            }
            let mut inner = self.lock();
            for permit in refused {
                inner.state.ended(self.clock.monotonic(), permit.forget(), CallEnd::NotMade);
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

impl Drop for Place {
    fn drop(&mut self) {
        self.lane.memory.leave(self.bytes);
        let held = self.lane.held.fetch_sub(1, Ordering::Relaxed) - 1;
        if held * 2 <= self.lane.max_held.load(Ordering::Relaxed) && self.lane.backlog.swap(false, Ordering::Relaxed) {
            self.lane.room.notify_one();
        }
    }
}
