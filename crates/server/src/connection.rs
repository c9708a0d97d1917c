//! State of a connection, shared between those who serve it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use acteon_core::limits::{HALF_CLOSED_BODY, HALF_CLOSED_CHANGE, HALF_CLOSED_LOOK, SLOW_BODY};
use tokio::sync::Notify;
use tokio::time::Instant;

const IDLE: u64 = 0;
const RECEIVING: u64 = 1;
const WORKING: u64 = 2;
const REFUSING: u64 = 3;
const MASK: u64 = 0xff;

/// Order of connections that may be closed for another: the greater one goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Unused {
    /// Whether its request is refused already, and the answer only waits.
    is_refused: bool,
    since: Duration,
}

/// Connection, and what it is doing at the moment.
pub(crate) struct Connection {
    id: u64,
    peer: IpAddr,
    local: IpAddr,
    reserved: bool,
    began: Instant,
    /// Whether a request has begun since `take_had_request` was last called.
    had_request: AtomicBool,
    /// Number of its request and, in the low byte, what it is doing: between requests, receiving a
    /// body, working on a request, or refusing one.
    doing: AtomicU64,
    /// Since when it is not working, and since when its client does not read what is written:
    /// milliseconds after `began`, from 1; 0 for not.
    since: AtomicU64,
    blocked: AtomicU64,
    /// Since when its client has said that nothing more comes, in the same unit.
    half_closed: AtomicU64,
    /// Whether its request changes nothing.
    looks: AtomicBool,
    /// Whether no further request begins on it.
    last: AtomicBool,
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
            doing: AtomicU64::new(IDLE),
            since: AtomicU64::new(1),
            blocked: AtomicU64::new(0),
            half_closed: AtomicU64::new(0),
            looks: AtomicBool::new(false),
            last: AtomicBool::new(false),
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

    /// Address of this machine that its client connected to.
    pub(crate) fn local(&self) -> IpAddr {
        self.local
    }

    /// Whether it was accepted beyond the limit, for health and metrics.
    pub(crate) fn is_reserved(&self) -> bool {
        self.reserved
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.doing() == IDLE
    }

    /// Whether it waits for a body: one that is wanted, or behind its answer the rest of one that
    /// is thrown away.
    pub(crate) fn waits_for_body(&self) -> bool {
        match self.doing() {
            RECEIVING => true,
            REFUSING => self.is_last(),
            _ => false,
        }
    }

    /// Marks the connection as closing after its answer: the rest of a body is thrown away, and
    /// what comes behind it is not read.
    pub(crate) fn set_last(&self) {
        self.last.store(true, Ordering::Relaxed);
    }

    /// Whether its answer is the last.
    pub(crate) fn is_last(&self) -> bool {
        self.last.load(Ordering::Relaxed)
    }

    /// Whether a request has begun since this was last called.
    pub(crate) fn take_had_request(&self) -> bool {
        self.had_request.swap(false, Ordering::Relaxed)
    }

    fn doing(&self) -> u64 {
        self.doing.load(Ordering::Acquire) & MASK
    }

    /// Sets whether its client leaves unread what is written.
    pub(crate) fn set_blocked(&self, blocked: bool) {
        self.blocked
            .store(if blocked { self.now() } else { 0 }, Ordering::Relaxed);
    }

    /// Marks that its client said that nothing more comes.
    pub(crate) fn set_half_closed(&self) {
        self.half_closed.store(self.now(), Ordering::Relaxed);
    }

    /// Time for which a client that has half closed still gets its answer. It may have left
    /// altogether: from here that looks the same.
    pub(crate) fn half_closed_limit(&self) -> Duration {
        match self.doing() {
            RECEIVING => HALF_CLOSED_BODY,
            WORKING if self.looks.load(Ordering::Relaxed) => HALF_CLOSED_LOOK,
            WORKING => HALF_CLOSED_CHANGE,
            _ => Duration::ZERO,
        }
    }

    /// Notified when the connection must close.
    pub(crate) fn close(&self) -> &Arc<Notify> {
        &self.close
    }

    /// Tells it to close, so that another can take its place.
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

    /// Rank among connections that may be closed for another; `None` while it is in use.
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
        let doing = self.doing();
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

/// Request on its connection. Once its answer is over it changes nothing there: later calls have no
/// effect.
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) connection: Arc<Connection>,
    number: u64,
}

impl Exchange {
    /// Begins a request. `looks`: it changes nothing.
    pub(crate) fn begin(connection: &Arc<Connection>, looks: bool) -> Self {
        connection.looks.store(looks, Ordering::Relaxed);
        connection.had_request.store(true, Ordering::Relaxed);
        // One begins at a time.
        let number = (connection.doing.load(Ordering::Relaxed) & !MASK).wrapping_add(MASK + 1);
        connection.doing.store(number | WORKING, Ordering::Relaxed);
        Self {
            connection: Arc::clone(connection),
            number,
        }
    }

    pub(crate) fn set_receiving(&self) {
        self.set(RECEIVING);
    }

    pub(crate) fn set_working(&self) {
        self.set(WORKING);
    }

    /// Marks the request as refused: its answer waits, or the rest of its body is thrown away.
    pub(crate) fn set_refusing(&self) {
        self.set(REFUSING);
    }

    /// Marks the request's answer as over.
    pub(crate) fn end(&self) {
        self.set(if self.connection.is_last() {
            REFUSING
        } else {
            IDLE
        });
    }

    fn set(&self, doing: u64) {
        let Connection {
            doing: now, since, ..
        } = &*self.connection;
        let before = now.load(Ordering::Relaxed);
        if before & !MASK != self.number || before & MASK == IDLE || before & MASK == doing {
            return;
        }
        if doing != WORKING {
            // Before it: who sees what it is doing also sees since when.
            since.store(self.connection.now(), Ordering::Relaxed);
        }
        // It fails where the answer was over meanwhile, or the next request began.
        now.compare_exchange(
            before,
            self.number | doing,
            Ordering::Release,
            Ordering::Relaxed,
        )
        .ok();
    }
}
