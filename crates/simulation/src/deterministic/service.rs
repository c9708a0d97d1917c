//! The service that the gateways send to. It records what arrives, and fails at times. It has three addresses: a plain one, one that people must
//! repair now and then, and one that takes one call at a time and records their order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::{Budget, Entropy as _, ErrorKind, Prepared, ProviderError, Response};
use acteon_store::{MemoryStore, Processes as _};

use super::clock::WorldTime;
use super::posted::Posted;
use super::trace::Trace;
use crate::harness::SeededEntropy;
use crate::harness::node_store::NodeStore;

/// State of the service in which it takes every call.
const WELL: u64 = 0;
/// State in which connections fail, calls are refused, and answers are lost.
const ILL: u64 = 1;
/// State in which most calls are refused for their rate.
const OVERLOADED: u64 = 2;

/// Messages that the service delivers to one member, in the proportion of WeChat Work's limits.
pub(super) const MEMBER_BUDGET: Budget = Budget {
    per_minute: 6,
    per_hour: 200,
};
/// Error message of the service while people must repair something.
pub(super) const NOT_ALLOWED: &str = "60020 not allow to access from your ip";
/// Most sends that one gateway has in flight.
pub(super) const CONCURRENCY: usize = 8;
/// How much earlier than its instant an action may be sent, as due times and clocks are read apart.
const TOLERANCE: Duration = Duration::from_secs(2);

/// Message that reached the service.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub(super) bytes: String,
    pub(super) at: Duration,
    pub(super) member: Option<String>,
}

/// Calls and messages of one action.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Calls that a gateway began, with any result.
    pub(super) begun: usize,
    /// Calls that began while a time interval mutes the action.
    pub(super) muted: usize,
    /// Number of calls that were begun before the action's instant.
    pub(super) early: usize,
    /// Whether a client was told that it is called off.
    pub(super) called_off: bool,
    /// Messages that arrived, and whose gateway got no answer that says so.
    pub(super) unheard: usize,
    pub(super) arrivals: Vec<Arrival>,
}

pub(super) struct Service {
    entropy: Arc<SeededEntropy>,
    trace: Arc<Trace>,
    store: Arc<MemoryStore>,
    time: Arc<WorldTime>,
    weather: AtomicU64,
    /// Whether calls fail with an error that people must repair.
    is_broken: AtomicBool,
    /// Whether health checks show that error as well.
    pub(super) check_finds: bool,
    /// Actions that were posted, by id.
    posted: Mutex<BTreeMap<String, (Duration, Posted)>>,
    /// Ids of the calls at the ordered address, in their order.
    calls: Mutex<Vec<String>>,
    /// Position of the ordered call that is refused for its rate.
    refuses: AtomicUsize,
    seen: Mutex<BTreeMap<String, Seen>>,
    /// Sends that a gateway without a lease began.
    overruns: AtomicU64,
}

impl Service {
    pub(super) fn new(
        entropy: Arc<SeededEntropy>,
        trace: Arc<Trace>,
        store: Arc<MemoryStore>,
        time: Arc<WorldTime>,
    ) -> Self {
        Self {
            weather: AtomicU64::new(WELL),
            is_broken: AtomicBool::new(entropy.bits().is_multiple_of(2)),
            check_finds: entropy.bits().is_multiple_of(2),
            posted: Mutex::default(),
            calls: Mutex::default(),
            refuses: AtomicUsize::new(usize::MAX),
            seen: Mutex::default(),
            overruns: AtomicU64::new(0),
            entropy,
            trace,
            store,
            time,
        }
    }

    /// Records an action that is about to be posted.
    pub(super) fn expect(&self, posted: &Posted) {
        let first = (self.time.monotonic(), posted.clone());
        self.known().entry(posted.id.clone()).or_insert(first);
    }

    /// Records that an action was called off, as a client was told.
    pub(super) fn expect_none(&self, id: &str) {
        self.lock().entry(id.to_owned()).or_default().called_off = true;
    }

    /// Actions that were posted, by id.
    pub(super) fn posted(&self) -> BTreeMap<String, Posted> {
        let known = self.known();
        let posted = known.iter().map(|(id, (_, posted))| (id, posted));
        posted
            .map(|(id, posted)| (id.clone(), posted.clone()))
            .collect()
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, (Duration, Posted)>> {
        self.posted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn break_or_mend(&self) {
        self.set_broken(self.entropy.bits().is_multiple_of(2));
    }

    pub(super) fn set_broken(&self, is_broken: bool) {
        self.trace.note("broken", u64::from(is_broken), "");
        self.is_broken.store(is_broken, Ordering::SeqCst);
    }

    /// Lets the ordered call at this position, from 0, be refused for its rate.
    pub(super) fn refuse_call(&self, number: usize) {
        self.refuses.store(number, Ordering::SeqCst);
    }

    /// Ids of the calls at the ordered address, in their order.
    pub(super) fn calls(&self) -> Vec<String> {
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn change_weather(&self) {
        self.weather
            .store(self.entropy.bits() % 3, Ordering::SeqCst);
    }

    pub(super) fn calm(&self) {
        self.weather.store(WELL, Ordering::SeqCst);
        self.set_broken(false);
    }

    /// Calls and messages of each action, by id.
    pub(super) fn seen(&self) -> BTreeMap<String, Seen> {
        self.lock().clone()
    }

    pub(super) fn overruns(&self) -> u64 {
        self.overruns.load(Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn below(&self, limit: u64) -> u64 {
        self.entropy.bits() % limit
    }

    fn arrives(&self, prepared: &Prepared) {
        let (bytes, at) = (
            String::from_utf8_lossy(&prepared.bytes).into_owned(),
            self.time.monotonic(),
        );
        self.trace.note("arrives", 0, &bytes);
        let arrival = Arrival {
            bytes,
            at,
            member: prepared.recipients.first().cloned(),
        };
        let mut seen = self.lock();
        let seen = seen.entry(id_of(prepared)).or_default();
        seen.arrivals.push(arrival);
        seen.unheard += 1;
    }

    /// Gives a gateway a token; while faults are injected it may come late or never, or be refused.
    pub(super) async fn gives_token(&self, node: &NodeStore) -> Result<(), ProviderError> {
        let outcome = if self.time.is_trouble() {
            self.below(10)
        } else {
            u64::MAX
        };
        let latency = match outcome {
            // Longer than anybody waits.
            0..2 => 60_000,
            2..4 => self.below(9000),
            _ => self.below(300),
        };
        tokio::time::sleep(Duration::from_millis(latency)).await;
        if node.0.is_dead() {
            return std::future::pending().await;
        }
        if outcome == 4 {
            Err(ProviderError::new(ErrorKind::Connection, "no token"))
        } else {
            Ok(())
        }
    }

    /// Counts an overrun if the gateway that begins a send is not registered any more.
    async fn looks_at_lease(&self, node: &NodeStore) {
        let beats = self.store.heartbeats().await.unwrap_or_default();
        if !beats.iter().any(|beat| beat.owner == node.0.owner()) {
            self.overruns.fetch_add(1, Ordering::SeqCst);
        }
    }

    async fn begins(&self, prepared: &Prepared, node: &NodeStore) {
        let id = id_of(prepared);
        let (is_muted, is_early) = match self.known().get(&id) {
            Some((at, posted)) => (
                posted.is_muted(self.time.wall()),
                self.is_early(*at, posted),
            ),
            None => (false, false),
        };
        {
            let mut seen = self.lock();
            let seen = seen.entry(id).or_default();
            seen.begun += 1;
            seen.muted += usize::from(is_muted);
            seen.early += usize::from(is_early);
        }
        self.looks_at_lease(node).await;
    }

    /// Whether an action that was first posted at `at` may not be sent yet. A clock that was stepped may bring it forward.
    fn is_early(&self, at: Duration, posted: &Posted) -> bool {
        let delay = posted
            .delay()
            .map(|seconds| Duration::from_secs(seconds.into()));
        !self.time.was_stepped()
            && delay.is_some_and(|delay| self.time.monotonic() + TOLERANCE < at + delay)
    }

    pub(super) fn needs_repair(&self) -> Result<(), ProviderError> {
        let wrong = || ProviderError::new(ErrorKind::ExecutionFailed, NOT_ALLOWED).to_repair();
        if self.is_broken.load(Ordering::SeqCst) {
            Err(wrong())
        } else {
            Ok(())
        }
    }

    /// Takes a call at the ordered address.
    pub(super) async fn takes_in_order(
        &self,
        prepared: &Prepared,
        node: &NodeStore,
    ) -> Result<Response, ProviderError> {
        let number = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            calls.push(id_of(prepared));
            calls.len() - 1
        };
        self.begins(prepared, node).await;
        tokio::time::sleep(Duration::from_millis(1 + self.below(200))).await;
        if node.0.is_dead() {
            return std::future::pending().await;
        }
        self.needs_repair()?;
        if number == self.refuses.load(Ordering::SeqCst) {
            return Err(ProviderError::new(ErrorKind::RateLimited, "too many"));
        }
        self.arrives(prepared);
        self.tells(prepared)
    }

    pub(super) async fn refuses_token(
        &self,
        prepared: &Prepared,
        node: &NodeStore,
    ) -> ProviderError {
        self.begins(prepared, node).await;
        tokio::time::sleep(Duration::from_millis(self.below(300))).await;
        ProviderError::new(ErrorKind::Configuration, "the token is refused").not_ready()
    }

    pub(super) async fn takes(
        &self,
        prepared: &Prepared,
        (may_break, node): (bool, &NodeStore),
    ) -> Result<Response, ProviderError> {
        self.begins(prepared, node).await;
        let latency = match self.below(30) {
            0 => 12_000,
            1..4 => self.below(9000),
            _ => self.below(300),
        };
        let arrives_first = self.below(2) == 0;
        if arrives_first {
            tokio::time::sleep(Duration::from_millis(latency)).await;
        }
        if node.0.is_dead() {
            return std::future::pending().await;
        }
        if may_break {
            self.needs_repair()?;
        }
        let weather = self.weather.load(Ordering::SeqCst);
        let error = match (weather, self.below(10)) {
            (ILL, 0..5) => Some(ProviderError::new(ErrorKind::Connection, "no connection")),
            (OVERLOADED, 0..8) => Some(ProviderError::new(ErrorKind::RateLimited, "too many")),
            (ILL, 5..7) => Some(ProviderError::new(ErrorKind::ExecutionFailed, "refused")),
            _ => None,
        };
        if let Some(error) = error {
            return Err(error);
        }
        self.arrives(prepared);
        if !arrives_first {
            tokio::time::sleep(Duration::from_millis(latency)).await;
        }
        if weather == ILL && self.below(4) == 0 {
            return Err(ProviderError::new(ErrorKind::Timeout, "no answer").maybe_sent());
        }
        self.tells(prepared)
    }

    /// Answers a gateway that its message was taken.
    fn tells(&self, prepared: &Prepared) -> Result<Response, ProviderError> {
        self.lock().entry(id_of(prepared)).or_default().unheard -= 1;
        let body = serde_json::value::to_raw_value(&"taken");
        body.map(Response::success)
            .map_err(|error| ProviderError::new(ErrorKind::Serialization, error.to_string()))
    }
}

/// Action's id, which is the first line of a request; a late mark may follow.
fn id_of(prepared: &Prepared) -> String {
    let text = String::from_utf8_lossy(&prepared.bytes);
    text.lines().next().unwrap_or_default().to_owned()
}
