//! Metrics of each provider.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use acteon_core::limits::{MAX_METRIC_NAMES, MAX_METRIC_RULES};
use acteon_core::{ProviderError, ProviderName};
use acteon_gateway::OutcomeKind;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::by_name::{ByName, Room, room};
use super::labels::{FailureLabels, OutcomeLabels, ProviderLabel, Text};
use super::outcomes::OUTCOMES;

/// Buckets of the duration of a provider's call, in seconds: from a millisecond to its limit.
const SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

pub(super) struct Providers {
    families: Arc<Families>,
    by_name: ByName<Handles>,
    /// Room for pairs of a provider and a rule.
    rules: Room,
}

struct Families {
    requests: Family<ProviderLabel, Counter>,
    successes: Family<ProviderLabel, Counter>,
    failures: Family<FailureLabels, Counter>,
    durations: Family<ProviderLabel, Histogram>,
    outcomes: Family<OutcomeLabels, Counter>,
}

impl Default for Providers {
    fn default() -> Self {
        let families = Families {
            requests: Family::default(),
            successes: Family::default(),
            failures: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            outcomes: Family::default(),
        };
        Self {
            families: Arc::new(families),
            by_name: ByName::new(room(MAX_METRIC_NAMES)),
            rules: room(MAX_METRIC_RULES),
        }
    }
}

impl Providers {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Families {
            requests,
            successes,
            failures,
            durations,
            outcomes,
        } = &*self.families;
        registry.register("provider_requests", "Calls of providers", requests.clone());
        registry.register(
            "provider_successes",
            "Calls that the provider took",
            successes.clone(),
        );
        let help = "Calls that failed, by error class and, where the service tells, its own kind of trouble";
        registry.register("provider_failures", help, failures.clone());
        let help = "How long calls of providers take";
        registry.register_with_unit(
            "provider_request_duration",
            help,
            Unit::Seconds,
            durations.clone(),
        );
        let help = "Outcomes by the provider that the action went through or was to go through, and by the rule that decided; none where it is empty";
        registry.register("outcomes", help, outcomes.clone());
    }

    /// Makes the handles of the providers that are configured. Callers may name any other: those share one.
    pub(super) fn know(&self, providers: &[ProviderName]) {
        for provider in providers {
            self.of(provider.as_str());
        }
        self.by_name.close();
    }

    /// Handles of a provider; those of [`super::by_name::OTHER`] where it is not configured.
    pub(super) fn of(&self, provider: &str) -> Arc<Handles> {
        self.by_name.of(provider, |provider| {
            let label = ProviderLabel {
                provider: Text::clone(&provider),
            };
            Handles {
                requests: self.families.requests.get_or_create_owned(&label),
                successes: self.families.successes.get_or_create_owned(&label),
                duration: self.families.durations.get_or_create_owned(&label),
                provider,
                families: Arc::clone(&self.families),
                by_rule: ByName::new(Arc::clone(&self.rules)),
            }
        })
    }
}

/// Metrics of one provider.
pub(super) struct Handles {
    provider: Text,
    families: Arc<Families>,
    requests: Counter,
    successes: Counter,
    duration: Histogram,
    by_rule: ByName<ByOutcome>,
}

/// Counters of a rule's outcomes, in the order of [`OUTCOMES`], each made when it is first needed.
#[derive(Default)]
struct ByOutcome {
    rule: Option<Text>,
    counters: [OnceLock<Counter>; OUTCOMES.len()],
}

impl Handles {
    /// Name of the provider in labels.
    pub(super) const fn name(&self) -> &Text {
        &self.provider
    }

    pub(super) fn attempt(&self, took: Duration, error: Option<&ProviderError>) {
        self.requests.inc();
        self.duration.observe(took.as_secs_f64());
        let Some(error) = error else {
            self.successes.inc();
            return;
        };
        let labels = FailureLabels {
            provider: Text::clone(&self.provider),
            code: error.kind().code(),
            reason: error.reason_label(),
        };
        self.families.failures.get_or_create(&labels).inc();
    }

    pub(super) fn outcome(&self, rule: Option<&str>, kind: OutcomeKind) {
        let of_rule = self.by_rule.of(rule.unwrap_or_default(), |rule| ByOutcome {
            rule: Some(rule),
            ..ByOutcome::default()
        });
        let place = OUTCOMES
            .iter()
            .zip(&of_rule.counters)
            .find(|((listed, _), _)| *listed == kind);
        let Some((_, counter)) = place else { return };
        let made = counter.get_or_init(|| {
            let (provider, rule) = (
                Text::clone(&self.provider),
                of_rule.rule.clone().unwrap_or_default(),
            );
            self.families.outcomes.get_or_create_owned(&OutcomeLabels {
                provider,
                rule,
                outcome: kind.as_str(),
            })
        });
        made.inc();
    }
}
