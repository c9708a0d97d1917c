//! The service that the gateways send to, which keeps count and is not always well.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::{Action, BoxFuture, Entropy as _, ErrorKind, Health, Lane, LaneLimits, Prepared, Provider, ProviderError, Response};
use acteon_store::{MemoryStore, Store as _};

use super::trace::Trace;
use crate::harness::SeededEntropy;
use crate::harness::node_store::NodeStore;

/// How the service is.
const WELL: u64 = 0;
const ILL: u64 = 1;
const OVERLOADED: u64 = 2;

pub(super) struct Service {
    entropy: Arc<SeededEntropy>,
    trace: Arc<Trace>,
    store: Arc<MemoryStore>,
    weather: AtomicU64,
    /// By id, how often it arrived.
    arrived: Mutex<BTreeMap<String, usize>>,
    /// Sends that began without a right to.
    overruns: AtomicU64,
}

impl Service {
    pub(super) fn new(entropy: Arc<SeededEntropy>, trace: Arc<Trace>, store: Arc<MemoryStore>) -> Self {
        Self { entropy, trace, store, weather: AtomicU64::new(WELL), arrived: Mutex::default(), overruns: AtomicU64::new(0) }
    }

    pub(super) fn change_weather(&self) {
        self.weather.store(self.entropy.bits() % 3, Ordering::SeqCst);
    }

    pub(super) fn calm(&self) {
        self.weather.store(WELL, Ordering::SeqCst);
    }

    pub(super) fn arrived(&self) -> BTreeMap<String, usize> {
        self.lock().clone()
    }

    pub(super) fn overruns(&self) -> u64 {
        self.overruns.load(Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn below(&self, limit: u64) -> u64 {
        self.entropy.bits() % limit
    }

    fn arrives(&self, id: &str) {
        *self.lock().entry(id.to_owned()).or_default() += 1;
        self.trace.note("arrives", 0, id);
    }

    /// A send is begun only by who is still known as a process.
    async fn looks_at_lease(&self, node: &NodeStore) {
        let beats = self.store.beats().await.unwrap_or_default();
        if !beats.iter().any(|beat| beat.owner == node.owner()) {
            self.overruns.fetch_add(1, Ordering::SeqCst);
        }
    }

    async fn takes(&self, id: &str, node: &NodeStore) -> Result<Response, ProviderError> {
        self.looks_at_lease(node).await;
        let latency = match self.below(30) {
            0 => 12_000,
            1..4 => self.below(9000),
            _ => self.below(300),
        };
        let arrives_first = self.below(2) == 0;
        if arrives_first {
            tokio::time::sleep(Duration::from_millis(latency)).await;
        }
        if node.is_dead() {
            return std::future::pending().await;
        }
        let weather = self.weather.load(Ordering::SeqCst);
        let error = match (weather, self.below(10)) {
            (ILL, 0..5) => Some(ProviderError::new(ErrorKind::Connection, "no connection")),
            (OVERLOADED, 0..8) => Some(ProviderError::new(ErrorKind::RateLimited, "too many")),
            (ILL, 5) => Some(ProviderError::new(ErrorKind::ExecutionFailed, "refused")),
            _ => None,
        };
        if let Some(error) = error {
            return Err(error);
        }
        self.arrives(id);
        if !arrives_first {
            tokio::time::sleep(Duration::from_millis(latency)).await;
        }
        if weather == ILL && self.below(4) == 0 {
            return Err(ProviderError::new(ErrorKind::Timeout, "no answer").maybe_sent());
        }
        let body = serde_json::value::to_raw_value(&"taken");
        body.map(Response::success).map_err(|error| ProviderError::new(ErrorKind::Serialization, error.to_string()))
    }
}

/// The service as one gateway reaches it.
pub(super) struct NodeProvider {
    pub(super) service: Arc<Service>,
    pub(super) node: Arc<NodeStore>,
}

impl Provider for NodeProvider {
    fn prepare(&self, action: &Action) -> Result<Prepared, ProviderError> {
        Ok(Prepared { bytes: action.id.as_str().into(), ..Prepared::default() })
    }

    fn send<'a>(&'a self, prepared: &'a Prepared) -> BoxFuture<'a, Result<Response, ProviderError>> {
        Box::pin(async move {
            let id = String::from_utf8_lossy(&prepared.bytes);
            self.service.takes(&id, &self.node).await
        })
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, ProviderError>> {
        Box::pin(async { Ok(Health::default()) })
    }

    fn lane(&self) -> Lane {
        Lane { name: "service".into(), limits: LaneLimits { max_concurrency: 8, max_per_second: None }, budget: None }
    }
}
