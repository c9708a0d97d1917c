//! Counting, in Prometheus' terms.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use acteon_core::ProviderName;
use acteon_gateway::{AttemptEvent, Gateway, LaneMode, Observer, OutcomeEvent, OutcomeKind};
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use serde_json::{Value, json};

use crate::auth::Auth;
use crate::logging::dropped_lines;
use crate::rules::RulesLoader;

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

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct BreakerLabels {
    provider: String,
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RuleLabel {
    rule: String,
}

/// A provider call takes from a millisecond to its limit.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// Outcomes that are counted, and what each counter means.
const OUTCOMES: [(OutcomeKind, &str); 12] = [
    (OutcomeKind::Executed, "Actions that the provider asked for took, partial ones among them"),
    (OutcomeKind::Partial, "Actions that a provider took, but not for all recipients"),
    (OutcomeKind::Rerouted, "Actions that another provider took than the one asked for"),
    (OutcomeKind::Failed, "Actions that became dead letters"),
    (OutcomeKind::Scheduled, "Times that an action was put off to a later attempt"),
    (OutcomeKind::Suppressed, "Actions that a rule said no to"),
    (OutcomeKind::Deduplicated, "Actions whose dedup key another action held"),
    (OutcomeKind::Throttled, "Actions that were too many within a rule's window"),
    (OutcomeKind::QuotaExceeded, "Actions that a quota held back"),
    (OutcomeKind::Silenced, "Actions that a silence held back"),
    (OutcomeKind::Muted, "Actions that a time interval held back"),
    (OutcomeKind::CircuitOpen, "Actions that met an open breaker, where nothing goes on by itself"),
];

/// What quotas did that were used up.
const QUOTAS: [(&str, &str, &str); 4] = [
    ("block", "quota_exceeded", "Actions that a quota held back"),
    ("warn", "quota_warned", "Actions that went over a quota that only warns"),
    ("degrade", "quota_degraded", "Actions that went through another provider because of a quota"),
    ("notify", "quota_notified", "Actions that went over a quota that tells somebody"),
];

pub(crate) struct Metrics {
    registry: Registry,
    dispatched: Counter,
    sign_in_failures: Counter,
    /// By outcome; partial ones count as executed too.
    outcomes: [(OutcomeKind, Counter); 12],
    quotas: [(&'static str, Counter); 4],
    rule_errors: Family<RuleLabel, Counter>,
    unreadable: Counter,
    breakers: Family<BreakerLabels, Counter>,
    rules: Gauge<u64, AtomicU64>,
    rules_broken: Gauge<u64, AtomicU64>,
    keys_broken: Gauge<u64, AtomicU64>,
    policies_stale: Gauge<u64, AtomicU64>,
    requests: Family<ProviderLabel, Counter>,
    successes: Family<ProviderLabel, Counter>,
    failures: Family<FailureLabels, Counter>,
    durations: Family<ProviderLabel, Histogram>,
    open: Gauge<u64, AtomicU64>,
    in_flight: Family<LaneLabel, Gauge<u64, AtomicU64>>,
    waiting: Family<LaneLabel, Gauge<u64, AtomicU64>>,
    store_failing: Gauge<u64, AtomicU64>,
    pruned: Counter,
    retention_behind: Gauge<u64, AtomicU64>,
    log_dropped: Counter,
    lane_paused: Family<LaneLabel, Gauge<u64, AtomicU64>>,
    lane_probe_in: Family<LaneLabel, Gauge<f64, AtomicU64>>,
    lane_max_per_second: Family<LaneLabel, Gauge<f64, AtomicU64>>,
    lane_pauses: Family<LaneLabel, Counter>,
}

impl Metrics {
    pub(crate) fn new() -> Arc<Self> {
        let mut metrics = Self {
            registry: Registry::with_prefix("acteon"),
            dispatched: Counter::default(),
            sign_in_failures: Counter::default(),
            outcomes: OUTCOMES.map(|(kind, _)| (kind, Counter::default())),
            quotas: QUOTAS.map(|(overage, ..)| (overage, Counter::default())),
            rule_errors: Family::default(),
            unreadable: Counter::default(),
            breakers: Family::default(),
            rules: Gauge::default(),
            rules_broken: Gauge::default(),
            keys_broken: Gauge::default(),
            policies_stale: Gauge::default(),
            requests: Family::default(),
            successes: Family::default(),
            failures: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            open: Gauge::default(),
            in_flight: Family::default(),
            waiting: Family::default(),
            store_failing: Gauge::default(),
            pruned: Counter::default(),
            retention_behind: Gauge::default(),
            log_dropped: Counter::default(),
            lane_paused: Family::default(),
            lane_probe_in: Family::default(),
            lane_max_per_second: Family::default(),
            lane_pauses: Family::default(),
        };
        metrics.register();
        Arc::new(metrics)
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("actions_dispatched", "Actions that were posted and well-formed", self.dispatched.clone());
        registry.register("sign_in_failures", "Requests without an API key or with one that is not known", self.sign_in_failures.clone());
        for ((_, help), (kind, counter)) in OUTCOMES.iter().zip(&self.outcomes) {
            registry.register(format!("actions_{}", kind.label()), *help, counter.clone());
        }
        for ((_, name, help), (_, counter)) in QUOTAS.iter().zip(&self.quotas) {
            registry.register(*name, *help, counter.clone());
        }
        registry.register("rule_errors", "Times that a rule failed, and so did not match", self.rule_errors.clone());
        registry.register("unreadable_rows", "Actions that ended because their rows in the store cannot be read", self.unreadable.clone());
        registry.register("circuit_transitions", "Times that a provider's breaker got into a state", self.breakers.clone());
        registry.register("rules", "Rules in force", self.rules.clone());
        registry.register("rules_broken", "1 while the rules' files are wrong and earlier rules stay in force", self.rules_broken.clone());
        let help = "1 while the file of the API keys is wrong and earlier keys stay in force";
        registry.register("api_keys_broken", help, self.keys_broken.clone());
        let help = "1 while changes of silences, quotas and time intervals cannot be read and earlier ones hold";
        registry.register("policies_stale", help, self.policies_stale.clone());
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
        registry.register("store_failing", "1 while the store fails", self.store_failing.clone());
        registry.register("retention_deleted", "Actions that were kept no longer", self.pruned.clone());
        registry.register("log_lines_dropped", "Lines of the log that were not written because nobody read them", self.log_dropped.clone());
        let behind = self.retention_behind.clone();
        registry.register_with_unit("retention_clock_behind", "How far retention is behind the machine's clock", Unit::Seconds, behind);
        registry.register(
            "lane_paused",
            "1 while the service said that it was too much, and only probes are sent",
            self.lane_paused.clone(),
        );
        let probe_in = self.lane_probe_in.clone();
        registry.register_with_unit("lane_next_probe", "Until the next probe of a paused lane may go", Unit::Seconds, probe_in);
        let most = self.lane_max_per_second.clone();
        registry.register("lane_max_per_second", "Calls a second that all gateways start at most; +Inf where nothing limits them", most);
        registry.register(
            "lane_pauses",
            "Times that the service said that it was too much, so that the lane paused",
            self.lane_pauses.clone(),
        );
    }

    pub(crate) fn dispatched(&self) {
        self.dispatched.inc();
    }

    pub(crate) fn sign_in_failed(&self) {
        self.sign_in_failures.inc();
    }

    /// Prometheus' text format.
    pub(crate) fn text(&self, gateway: &Gateway, rules: &RulesLoader, auth: &Auth) -> String {
        self.keys_broken.set(u64::from(auth.trouble().is_some()));
        self.rules.set(gateway.rules().len() as u64);
        self.rules_broken.set(u64::from(rules.trouble().is_some()));
        self.policies_stale.set(u64::from(gateway.policies_trouble().is_some()));
        self.open.set(gateway.open_count() as u64);
        self.store_failing.set(u64::from(gateway.store_is_failing()));
        self.log_dropped.inner().store(dropped_lines(), Ordering::Relaxed);
        for lane in gateway.lanes() {
            let label = LaneLabel { lane: lane.name.to_string() };
            self.in_flight.get_or_create(&label).set(lane.in_flight as u64);
            self.waiting.get_or_create(&label).set(lane.waiting as u64);
            self.lane_paused.get_or_create(&label).set(u64::from(lane.mode != LaneMode::Open));
            self.lane_probe_in.get_or_create(&label).set(lane.probe_in.as_secs_f64());
            self.lane_max_per_second.get_or_create(&label).set(lane.pace.unwrap_or(f64::INFINITY));
            self.lane_pauses.get_or_create(&label).inner().store(lane.pauses, Ordering::Relaxed);
        }
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            tracing::error!("the metrics could not be written");
        }
        text
    }

    /// The counters for `GET /health`.
    pub(crate) fn counters(&self) -> Value {
        let mut counters = json!({ "dispatched": self.dispatched.get() });
        for (kind, counter) in &self.outcomes {
            counters[kind.label()] = json!(counter.get());
        }
        counters
    }
}

impl Observer for Metrics {
    fn outcome(&self, event: &OutcomeEvent<'_>) {
        for (kind, counter) in &self.outcomes {
            if *kind == event.kind || (*kind == OutcomeKind::Executed && event.kind == OutcomeKind::Partial) {
                counter.inc();
            }
        }
        if event.kind == OutcomeKind::QuotaExceeded {
            self.quota("block");
        }
    }

    fn rule_error(&self, rule: &str) {
        self.rule_errors.get_or_create(&RuleLabel { rule: rule.to_owned() }).inc();
    }

    fn unreadable(&self) {
        self.unreadable.inc();
    }

    fn breaker(&self, provider: &ProviderName, state: &'static str) {
        self.breakers.get_or_create(&BreakerLabels { provider: provider.to_string(), state }).inc();
    }

    fn quota(&self, overage: &'static str) {
        for (_, counter) in self.quotas.iter().filter(|(word, _)| *word == overage) {
            counter.inc();
        }
    }

    fn retention(&self, deleted: usize, behind: Duration) {
        self.pruned.inc_by(deleted as u64);
        self.retention_behind.set(behind.as_secs());
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
