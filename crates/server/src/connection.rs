//! A connection and what it is doing, as those know who serve it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use acteon_core::limits::{HALF_CLOSED_BODY, HALF_CLOSED_CHANGE, HALF_CLOSED_LOOK, SLOW_BODY};
use tokio::sync::Notify;
use tokio::time::Instant;

const IDLE: u8 = 0;
const RECEIVING: u8 = 1;
const WORKING: u8 = 2;
const REFUSING: u8 = 3;

/// How little use a connection is: more is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Unused {
    /// Whether its request is refused already, and only waits to be told so.
    is_refused: bool,
    since: Duration,
}

/// A connection.
pub(crate) struct Connection {
    id: u64,
    peer: IpAddr,
    local: IpAddr,
    reserved: bool,
    began: Instant,
    /// Whether a request began since that was last asked.
    had_request: AtomicBool,
    /// Between requests, receiving a body, working on a request, or waiting to refuse one.
    doing: AtomicU8,
    /// Since when it is not working, and since when its client does not read what is written, in milliseconds after `began`, from 1; 0 for not.
    since: AtomicU64,
    blocked: AtomicU64,
    /// The same of when its client said that nothing more comes.
    half_closed: AtomicU64,
    /// Whether its request only looks.
    looks: AtomicBool,
    closing: AtomicBool,
    close: Arc<Notify>,
}

impl Connection {
    pub(crate) fn new(id: u64, peer: IpAddr, local: IpAddr, reserved: bool) -> Self {
        Self {
            id,
            peer,
            local,
            reserved,
            began: Instant::now(),
            had_request: AtomicBool::new(false),
            doing: AtomicU8::new(IDLE),
            since: AtomicU64::new(1),
            blocked: AtomicU64::new(0),
            half_closed: AtomicU64::new(0),
            looks: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            close: Arc::default(),
        }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn peer(&self) -> IpAddr {
        self.peer
    }

    /// The address that it came in on.
    pub(crate) fn local(&self) -> IpAddr {
        self.local
    }

    /// Whether it was taken beyond the limit, for health and metrics.
    pub(crate) fn is_reserved(&self) -> bool {
        self.reserved
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.doing.load(Ordering::Relaxed) == IDLE
    }

    pub(crate) fn is_receiving(&self) -> bool {
        self.doing.load(Ordering::Relaxed) == RECEIVING
    }

    pub(crate) fn set_idle(&self) {
        self.set(IDLE);
    }

    pub(crate) fn set_receiving(&self) {
        self.set(RECEIVING);
    }

    /// Notes that a request begins, which only looks or not.
    pub(crate) fn begin_request(&self, looks: bool) {
        self.looks.store(looks, Ordering::Relaxed);
        self.had_request.store(true, Ordering::Relaxed);
        self.set_working();
    }

    /// Whether a request began since this was last asked.
    pub(crate) fn take_had_request(&self) -> bool {
        self.had_request.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn set_working(&self) {
        self.doing.store(WORKING, Ordering::Relaxed);
    }

    /// Notes that its request is refused, and that it waits before it says so.
    pub(crate) fn set_refusing(&self) {
        self.set(REFUSING);
    }

    fn set(&self, doing: u8) {
        self.since.store(self.now(), Ordering::Relaxed);
        // After it: who sees what it is doing also sees since when.
        self.doing.store(doing, Ordering::Release);
    }

    /// Notes whether its client leaves unread what is written.
    pub(crate) fn set_blocked(&self, blocked: bool) {
        self.blocked
            .store(if blocked { self.now() } else { 0 }, Ordering::Relaxed);
    }

    /// Notes that its client said that nothing more comes.
    pub(crate) fn set_half_closed(&self) {
        self.half_closed.store(self.now(), Ordering::Relaxed);
    }

    /// How long a client that said so is waited with for its answer. It may have left altogether: from here that looks the same.
    pub(crate) fn half_closed_limit(&self) -> Duration {
        match self.doing.load(Ordering::Relaxed) {
            RECEIVING => HALF_CLOSED_BODY,
            WORKING if self.looks.load(Ordering::Relaxed) => HALF_CLOSED_LOOK,
            WORKING => HALF_CLOSED_CHANGE,
            _ => Duration::ZERO,
        }
    }

    /// What tells it to close.
    pub(crate) fn close(&self) -> &Arc<Notify> {
        &self.close
    }

    /// Tells it to close, for another to take its place.
    pub(crate) fn give_way(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.close.notify_one();
    }

    /// Whether it was told to give way.
    pub(crate) fn is_leaving(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    pub(crate) async fn told_to_close(&self) {
        self.close.notified().await;
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_millis() as u64 + 1
    }

    /// How little use it is; `None` while it is of use to somebody.
    pub(crate) fn unused(&self) -> Option<Unused> {
        if self.closing.load(Ordering::Relaxed) {
            return None;
        }
        let now = self.now();
        let age = |since: u64| Duration::from_millis(now.saturating_sub(since));
        let long = |since: &AtomicU64| {
            Some(since.load(Ordering::Relaxed))
                .filter(|since| *since > 0)
                .map(age)
                .filter(|age| *age >= SLOW_BODY)
        };
        let slow = long(&self.blocked).max(long(&self.half_closed));
        let doing = self.doing.load(Ordering::Acquire);
        let since = age(self.since.load(Ordering::Relaxed));
        let since = match doing {
            IDLE | REFUSING => Some(since),
            RECEIVING => Some(since).filter(|age| *age >= SLOW_BODY),
            _ => slow,
        };
        since.map(|since| Unused {
            is_refused: doing == REFUSING,
            since,
        })
    }
}
