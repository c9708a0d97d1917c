//! Counting, in Prometheus' terms.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use acteon_gateway::{AttemptEvent, Gateway, Observer, OutcomeEvent, OutcomeKind};
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use serde_json::{Value, json};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ProviderLabel {
    provider: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct FailureLabels {
    provider: String,
    code: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct LaneLabel {
    lane: String,
}

/// A provider call takes from a millisecond to its limit.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

pub(crate) struct Metrics {
    registry: Registry,
    dispatched: Counter,
    executed: Counter,
    partial: Counter,
    failed: Counter,
    scheduled: Counter,
    requests: Family<ProviderLabel, Counter>,
    successes: Family<ProviderLabel, Counter>,
    failures: Family<FailureLabels, Counter>,
    durations: Family<ProviderLabel, Histogram>,
    open: Gauge<u64, AtomicU64>,
    in_flight: Family<LaneLabel, Gauge<u64, AtomicU64>>,
    waiting: Family<LaneLabel, Gauge<u64, AtomicU64>>,
}

impl Metrics {
    pub(crate) fn new() -> Arc<Self> {
        let mut metrics = Self {
            registry: Registry::with_prefix("acteon"),
            dispatched: Counter::default(),
            executed: Counter::default(),
            partial: Counter::default(),
            failed: Counter::default(),
            scheduled: Counter::default(),
            requests: Family::default(),
            successes: Family::default(),
            failures: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            open: Gauge::default(),
            in_flight: Family::default(),
            waiting: Family::default(),
        };
        metrics.register();
        Arc::new(metrics)
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("actions_dispatched", "Actions that were posted and well-formed", self.dispatched.clone());
        registry.register("actions_executed", "Actions that a provider took, partial ones among them", self.executed.clone());
        registry.register("actions_partial", "Actions that a provider took, but not for all recipients", self.partial.clone());
        registry.register("actions_failed", "Actions that became dead letters", self.failed.clone());
        registry.register("actions_scheduled", "Times that an action was put off to a later attempt", self.scheduled.clone());
        registry.register("provider_requests", "Calls of providers", self.requests.clone());
        registry.register("provider_successes", "Calls that the provider took", self.successes.clone());
        registry.register(
            "provider_failures",
            "Calls that failed, by error class and, where the service tells, its own kind of trouble",
            self.failures.clone(),
        );
        let durations = self.durations.clone();
        registry.register_with_unit("provider_request_duration", "How long calls of providers take", Unit::Seconds, durations);
        registry.register("open_actions", "Actions that are to be delivered now or later", self.open.clone());
        registry.register("lane_in_flight", "Calls in flight", self.in_flight.clone());
        registry.register("lane_waiting", "Actions in memory that wait for a turn", self.waiting.clone());
    }

    pub(crate) fn dispatched(&self) {
        self.dispatched.inc();
    }

    /// Prometheus' text format.
    pub(crate) fn text(&self, gateway: &Gateway) -> String {
        self.open.set(gateway.open_count() as u64);
        for (lane, in_flight, waiting) in gateway.lane_loads() {
            let label = LaneLabel { lane: lane.to_string() };
            self.in_flight.get_or_create(&label).set(in_flight as u64);
            self.waiting.get_or_create(&label).set(waiting as u64);
        }
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            tracing::error!("the metrics could not be written");
        }
        text
    }

    /// The counters for `GET /health`.
    pub(crate) fn counters(&self) -> Value {
        json!({
            "dispatched": self.dispatched.get(),
            "executed": self.executed.get(),
            "partial": self.partial.get(),
            "failed": self.failed.get(),
            "scheduled": self.scheduled.get(),
        })
    }
}

impl Observer for Metrics {
    fn outcome(&self, event: &OutcomeEvent<'_>) {
        match event.kind {
            OutcomeKind::Executed => drop(self.executed.inc()),
            OutcomeKind::Partial => {
                self.executed.inc();
                self.partial.inc();
            }
            OutcomeKind::Failed => drop(self.failed.inc()),
            OutcomeKind::Scheduled => drop(self.scheduled.inc()),
        }
    }

    fn attempt(&self, event: &AttemptEvent<'_>) {
        let label = ProviderLabel { provider: event.provider.to_string() };
        self.requests.get_or_create(&label).inc();
        self.durations.get_or_create(&label).observe(event.took.as_secs_f64());
        match event.error {
            None => drop(self.successes.get_or_create(&label).inc()),
            Some(error) => {
                let labels = FailureLabels { provider: label.provider, code: error.kind().code(), reason: error.reason_label() };
                self.failures.get_or_create(&labels).inc();
            }
        }
    }
}
