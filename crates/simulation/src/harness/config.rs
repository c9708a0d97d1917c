//! What a simulation is made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use acteon_core::Provider;
use acteon_gateway::{BreakerPolicy, Breakers, RetentionPolicy, RetryPolicy};
use acteon_rules::RuleFile;

use super::recording::RecordingProvider;

/// What a simulation is made of.
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

/// Builds a [`SimulationConfig`].
pub struct ConfigBuilder(SimulationConfig);

impl SimulationConfig {
    /// One node, no providers, the default retries.
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
    /// How many gateways share the store.
    #[must_use]
    pub fn nodes(mut self, nodes: usize) -> Self {
        self.0.nodes = nodes;
        self
    }

    /// Adds a provider that records its calls.
    #[must_use]
    pub fn add_recording_provider(self, name: &str) -> Self {
        self.add_recording(name, RecordingProvider::new(name))
    }

    /// Adds several.
    #[must_use]
    pub fn add_recording_providers(self, names: &[&str]) -> Self {
        names
            .iter()
            .fold(self, |builder, name| builder.add_recording_provider(name))
    }

    /// Adds a recording provider that was set up before.
    #[must_use]
    pub fn add_recording(mut self, name: &str, provider: RecordingProvider) -> Self {
        self.0.recording.push((name.to_owned(), Arc::new(provider)));
        self
    }

    /// Adds any provider.
    #[must_use]
    pub fn add_provider(mut self, name: &str, provider: Arc<dyn Provider>) -> Self {
        self.0.other.push((name.to_owned(), provider));
        self
    }

    /// Adds a file of rules.
    #[must_use]
    pub fn add_rule_yaml(mut self, text: &str) -> Self {
        let name = format!("rules-{}.yaml", self.0.rules.len() + 1);
        self.0.rules.push(RuleFile {
            name,
            text: text.to_owned(),
        });
        self
    }

    /// Adds several files of rules.
    #[must_use]
    pub fn add_rules_yaml(self, texts: &[&str]) -> Self {
        texts
            .iter()
            .fold(self, |builder, text| builder.add_rule_yaml(text))
    }

    /// What rules read as `env.NAME`.
    #[must_use]
    pub fn env_var(mut self, name: &str, value: &str) -> Self {
        self.0.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// When to try again.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.0.retry = retry;
        self
    }

    /// How long the journal is kept.
    #[must_use]
    pub fn retention(mut self, retention: RetentionPolicy) -> Self {
        self.0.retention = retention;
        self
    }

    /// When to leave a failing provider alone.
    #[must_use]
    pub fn breaker(mut self, breaker: BreakerPolicy) -> Self {
        self.0.breakers.policy = Some(breaker);
        self
    }

    /// The seed of all randomness.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }

    /// The configuration.
    pub fn build(self) -> SimulationConfig {
        self.0
    }
}
