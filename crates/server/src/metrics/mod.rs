//! Metrics in Prometheus' terms.
//!
//! Events are counted as they happen, on handles that are found by name and made once (`by_name`).
//! What can be looked up is looked up at each scrape (`scraped`).

mod by_name;
mod exposition;
mod flows;
mod handles;
mod labels;
mod outcomes;
mod scraped;
mod streams;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use acteon_core::limits::MAX_METRIC_NAMES;
use acteon_core::{ProviderError, ProviderName};
use acteon_gateway::{AttemptEvent, Observer, OutcomeEvent, OutcomeKind, Told};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use serde_json::{Value, json};

use crate::logging::dropped_lines;
use by_name::{ByName, room};
pub(crate) use exposition::Format;
use handles::Providers;
use labels::{BreakerLabels, PauseLabels, RuleLabel, Text};
use outcomes::OUTCOMES;
use scraped::Scraped;
pub(crate) use scraped::Sources;
pub(crate) use streams::StreamCount;
use streams::Streams;

/// Overage words of quotas, each with its counter's name and help.
const QUOTAS: [(&str, &str, &str); 4] = [
    ("block", "quota_exceeded", "Actions that a quota held back"),
    (
        "warn",
        "quota_warned",
        "Actions that went over a quota that only warns",
    ),
    (
        "degrade",
        "quota_degraded",
        "Actions that went through another provider because of a quota",
    ),
    (
        "notify",
        "quota_notified",
        "Actions that went over a quota that tells somebody",
    ),
];

pub(crate) struct Metrics {
    registry: Registry,
    dispatched: Counter,
    sign_in_failures: Counter,
    /// Counters by outcome; partial ones count as executed too.
    outcomes: [(OutcomeKind, Counter); OUTCOMES.len()],
    quotas: [(&'static str, Counter); 4],
    rule_errors: ByName<Counter>,
    rule_errors_family: Family<RuleLabel, Counter>,
    template_errors: Counter,
    unreadable: Counter,
    breakers: Family<BreakerLabels, Counter>,
    providers: Providers,
    pauses: Family<PauseLabels, Counter>,
    lanes: ByName<Text>,
    pruned: Counter,
    retention_behind: Gauge<u64, AtomicU64>,
    log_dropped: Counter,
    streams: Streams,
    scraped: Scraped,
}

impl Metrics {
    pub(crate) fn new(providers: &[ProviderName]) -> Arc<Self> {
        let mut metrics = Self {
            registry: Registry::with_prefix("acteon"),
            dispatched: Counter::default(),
            sign_in_failures: Counter::default(),
            outcomes: OUTCOMES.map(|(kind, _)| (kind, Counter::default())),
            quotas: QUOTAS.map(|(overage, ..)| (overage, Counter::default())),
            rule_errors: ByName::new(room(MAX_METRIC_NAMES)),
            rule_errors_family: Family::default(),
            template_errors: Counter::default(),
            unreadable: Counter::default(),
            breakers: Family::default(),
            providers: Providers::default(),
            pauses: Family::default(),
            lanes: ByName::new(room(MAX_METRIC_NAMES)),
            pruned: Counter::default(),
            retention_behind: Gauge::default(),
            log_dropped: Counter::default(),
            streams: Streams::default(),
            scraped: Scraped::default(),
        };
        metrics.register();
        metrics.providers.know(providers);
        Arc::new(metrics)
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "actions_dispatched",
            "Actions that were posted and well-formed",
            self.dispatched.clone(),
        );
        registry.register(
            "sign_in_failures",
            "Requests without an API key or with one that is not known",
            self.sign_in_failures.clone(),
        );
        for ((_, help), (kind, counter)) in OUTCOMES.iter().zip(&self.outcomes) {
            registry.register(format!("actions_{}", kind.as_str()), *help, counter.clone());
        }
        for ((_, name, help), (_, counter)) in QUOTAS.iter().zip(&self.quotas) {
            registry.register(*name, *help, counter.clone());
        }
        registry.register(
            "rule_errors",
            "Times that a rule failed, and so did not match",
            self.rule_errors_family.clone(),
        );
        registry.register(
            "template_errors",
            "Actions of which something plain went in place of what a profile was to render",
            self.template_errors.clone(),
        );
        registry.register(
            "unreadable_rows",
            "Actions that ended because their rows in the store cannot be read",
            self.unreadable.clone(),
        );
        registry.register(
            "circuit_transitions",
            "Times that a provider's breaker got into a state",
            self.breakers.clone(),
        );
        self.providers.register(registry);
        let help = "Times that a lane paused, by what the service answered: the error class, and its own kind of trouble";
        registry.register("lane_pauses", help, self.pauses.clone());
        registry.register(
            "retention_deleted",
            "Actions that were kept no longer",
            self.pruned.clone(),
        );
        registry.register(
            "log_lines_dropped",
            "Lines of the log that were not written because nobody read them",
            self.log_dropped.clone(),
        );
        let behind = self.retention_behind.clone();
        registry.register_with_unit(
            "retention_clock_behind",
            "How far retention is behind the machine's clock",
            Unit::Seconds,
            behind,
        );
        self.streams.register(registry);
        self.scraped.register(registry);
    }

    pub(crate) fn dispatched(&self) {
        self.dispatched.inc();
    }

    pub(crate) fn sign_in_failed(&self) {
        self.sign_in_failures.inc();
    }

    /// Counts a reader of the stream, until what is returned is dropped.
    pub(crate) fn stream(&self) -> StreamCount {
        self.streams.count()
    }

    /// Counts what a reader of the stream is told.
    pub(crate) fn told(&self, told: &Told) {
        self.streams.told(told);
    }

    /// Text of all metrics, for a scraper.
    pub(crate) async fn text(&self, sources: &Sources<'_>, format: Format) -> String {
        self.log_dropped
            .inner()
            .store(dropped_lines(), Ordering::Relaxed);
        let backlog = sources.gateway.backlog().await;
        let mut text = String::new();
        let encoded = self
            .scraped
            .while_set(sources, &backlog, || encode(&mut text, &self.registry));
        if encoded.is_err() {
            tracing::error!("the metrics could not be written");
        }
        format.of(text)
    }

    /// Counters for `GET /health`.
    pub(crate) fn counters(&self) -> Value {
        let mut counters = json!({ "dispatched": self.dispatched.get() });
        for (kind, counter) in &self.outcomes {
            counters[kind.as_str()] = json!(counter.get());
        }
        counters
    }
}

impl Observer for Metrics {
    fn outcome(&self, event: &OutcomeEvent<'_>) {
        for (kind, counter) in &self.outcomes {
            if *kind == event.kind
                || (*kind == OutcomeKind::Executed && event.kind == OutcomeKind::Partial)
            {
                counter.inc();
            }
        }
        if event.kind == OutcomeKind::QuotaExceeded {
            self.quota("block");
        }
        self.providers
            .of(event.provider.as_str())
            .outcome(event.rule, event.kind);
    }

    fn rule_error(&self, rule: &str) {
        let make = |rule| {
            self.rule_errors_family
                .get_or_create_owned(&RuleLabel { rule })
        };
        self.rule_errors.of(rule, make).inc();
    }

    fn template_error(&self) {
        self.template_errors.inc();
    }

    fn unreadable(&self) {
        self.unreadable.inc();
    }

    fn event_unreadable(&self) {
        self.streams.event_unreadable();
    }

    fn stream_waits(&self, waits: Duration) {
        self.streams.waits(waits);
    }

    fn breaker(&self, provider: &ProviderName, state: &'static str) {
        let provider = Text::clone(self.providers.of(provider.as_str()).name());
        self.breakers
            .get_or_create(&BreakerLabels { provider, state })
            .inc();
    }

    fn lane_paused(&self, lane: &str, error: &ProviderError) {
        let lane = Text::clone(&self.lanes.of(lane, |lane| lane));
        self.pauses
            .get_or_create(&PauseLabels {
                lane,
                code: error.kind().code(),
                reason: error.reason_label(),
            })
            .inc();
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
        self.providers
            .of(event.provider.as_str())
            .attempt(event.took, event.error);
    }
}
