//! Configuration of a simulation, and its builder.

use std::collections::BTreeMap;
use std::sync::Arc;

use acteon_core::Provider;
use acteon_gateway::{BreakerPolicy, Breakers, RetentionPolicy, RetryPolicy};
use acteon_rules::RuleFile;

use super::recording::RecordingProvider;

/// Configuration of a simulation: the number of nodes, their providers, rules and policies, and the seed.
pub struct SimulationConfig {
    pub(super) nodes: usize,
    pub(super) recording: Vec<(String, Arc<RecordingProvider>)>,
    pub(super) other: Vec<(String, Arc<dyn Provider>)>,
    pub(super) retry: RetryPolicy,
    pub(super) seed: u64,
    pub(super) rules: Vec<RuleFile>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) retention: RetentionPolicy,
    pub(super) breakers: Breakers,
}

/// Builder of a [`SimulationConfig`].
pub struct ConfigBuilder(SimulationConfig);

impl SimulationConfig {
    /// Creates a builder for one node without providers or rules, with the default policies.
    pub fn builder() -> ConfigBuilder {
        ConfigBuilder(Self {
            nodes: 1,
            recording: Vec::new(),
            other: Vec::new(),
            retry: RetryPolicy::default(),
            seed: 1,
            rules: Vec::new(),
            env: BTreeMap::new(),
            retention: RetentionPolicy::default(),
            breakers: Breakers::default(),
        })
    }
}

impl ConfigBuilder {
    /// Sets the number of gateways that share the store.
    #[must_use]
    pub fn nodes(mut self, nodes: usize) -> Self {
        self.0.nodes = nodes;
        self
    }

    /// Adds a [`RecordingProvider`] that answers every call with success.
    #[must_use]
    pub fn add_recording_provider(self, name: &str) -> Self {
        self.add_recording(name, RecordingProvider::new(name))
    }

    /// Adds one such provider for each name.
    #[must_use]
    pub fn add_recording_providers(self, names: &[&str]) -> Self {
        names
            .iter()
            .fold(self, |builder, name| builder.add_recording_provider(name))
    }

    /// Adds a [`RecordingProvider`] with settings of its own.
    #[must_use]
    pub fn add_recording(mut self, name: &str, provider: RecordingProvider) -> Self {
        self.0.recording.push((name.to_owned(), Arc::new(provider)));
        self
    }

    /// Adds a provider of any type.
    #[must_use]
    pub fn add_provider(mut self, name: &str, provider: Arc<dyn Provider>) -> Self {
        self.0.other.push((name.to_owned(), provider));
        self
    }

    /// Adds a file of rules in YAML.
    #[must_use]
    pub fn add_rule_yaml(mut self, text: &str) -> Self {
        let name = format!("rules-{}.yaml", self.0.rules.len() + 1);
        self.0.rules.push(RuleFile {
            name,
            text: text.to_owned(),
        });
        self
    }

    /// Adds files of rules in YAML, in this order.
    #[must_use]
    pub fn add_rules_yaml(self, texts: &[&str]) -> Self {
        texts
            .iter()
            .fold(self, |builder, text| builder.add_rule_yaml(text))
    }

    /// Sets what rules read as `env.NAME`.
    #[must_use]
    pub fn env_var(mut self, name: &str, value: &str) -> Self {
        self.0.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets when failed sends are retried.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.0.retry = retry;
        self
    }

    /// Sets how long the journal is kept.
    #[must_use]
    pub fn retention(mut self, retention: RetentionPolicy) -> Self {
        self.0.retention = retention;
        self
    }

    /// Sets the circuit breaker of all providers; without it there is none.
    #[must_use]
    pub fn breaker(mut self, breaker: BreakerPolicy) -> Self {
        self.0.breakers.policy = Some(breaker);
        self
    }

    /// Sets the seed of all random numbers and ids.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }

    /// Returns the finished configuration.
    pub fn build(self) -> SimulationConfig {
        self.0
    }
}
