//! A test harness: several gateways in one process, on one store, with time that the test controls.
//!
//! A [`SimulationHarness`] starts one or more *nodes*: real gateways over a real store that they share, each with a lease of its own.
//! Providers are [`RecordingProvider`]s and [`FailingProvider`]s. Time is virtual and moves only with [`SimulationHarness::advance`], which
//! stops at every instant at which a sleep ends. A node can be killed: its store calls then never return, as if its process had died.

mod clock;
mod config;
mod database;
mod entropy;
mod failing;
mod failure;
mod faulty;
pub(crate) mod node_store;
mod outcome;
mod recording;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use acteon_core::{Action, Caller, Clock, Origin, Outcome, Provider, ProviderName};
use acteon_gateway::{
    AttemptEvent, Gateway, GatewayOptions, Observer, OutcomeEvent, Parts, Registry, Wait,
};
use acteon_rules::{Context, RuleSet};
use acteon_store::{Layered, Store};

pub use clock::VirtualClock;
pub use config::{ConfigBuilder, SimulationConfig};
use database::Database;
pub use entropy::SeededEntropy;
pub use failing::FailingProvider;
pub use failure::Failure;
pub use faulty::{Fails, FaultSwitch};
use node_store::{NodeLayer, NodeStore};
pub use outcome::ActionOutcomeExt;
pub use recording::{FailureMode, RecordedCall, RecordingProvider};

/// Longest that a dispatch waits for its outcome, in real time. An action that is due later than this is answered `Scheduled` at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// Running simulation: its nodes, their shared store, the clock and the recording providers.
pub struct SimulationHarness {
    nodes: Vec<Node>,
    clock: Arc<VirtualClock>,
    store: Arc<dyn Store>,
    under_way: Arc<AtomicUsize>,
    providers: Vec<(String, Arc<RecordingProvider>)>,
    _database: Database,
}

/// Gateway of a simulation, with its own connection to the shared store.
pub struct Node {
    gateway: Gateway,
    store: Arc<NodeStore>,
}

struct NoObserver;

impl Observer for NoObserver {
    fn outcome(&self, _event: &OutcomeEvent<'_>) {}
    fn attempt(&self, _event: &AttemptEvent<'_>) {}
    fn rule_error(&self, _rule: &str) {}
    fn quota(&self, _overage: &'static str) {}
    fn breaker(&self, _provider: &ProviderName, _state: &'static str) {}
    fn unreadable(&self) {}
}

impl SimulationHarness {
    /// Opens the store and starts the nodes. Fails if the store, the rules or a gateway cannot be started.
    pub async fn start(config: SimulationConfig) -> Result<Self, Failure> {
        let (store, database) = database::open().await?;
        let under_way = Arc::new(AtomicUsize::new(0));
        let clock = Arc::new(VirtualClock::default());
        let mut nodes = Vec::new();
        for index in 0..config.nodes {
            let entropy = SeededEntropy::new(config.seed.wrapping_add(index as u64));
            nodes.push(
                Node::start(
                    &config,
                    Layered(NodeLayer::new(Arc::clone(&store), Arc::clone(&under_way))),
                    &clock,
                    entropy,
                )
                .await?,
            );
        }
        Ok(Self {
            nodes,
            clock,
            store,
            under_way,
            providers: config.recording,
            _database: database,
        })
    }

    /// Dispatches an action through the first node; see [`Self::dispatch_to`].
    pub async fn dispatch(&self, action: &Action) -> Result<Outcome, Failure> {
        self.dispatch_to(0, action).await
    }

    /// Dispatches an action through the node with this index, from 0. Returns its outcome once that is committed; for an action that goes on it is
    /// `Scheduled`.
    pub async fn dispatch_to(&self, node: usize, action: &Action) -> Result<Outcome, Failure> {
        let node = self.nodes.get(node).ok_or("there is no such node")?;
        let answer = node
            .gateway
            .dispatch(
                action.clone(),
                Origin::Api,
                Caller::anonymous(),
                Wait::ForOutcome(PATIENCE),
            )
            .await?;
        Ok(serde_json::from_str(&answer.outcome)?)
    }

    /// Outcome that a dispatch would have; nothing is written or sent.
    pub async fn dispatch_dry_run(&self, action: &Action) -> Result<Outcome, Failure> {
        let node = self.nodes.first().ok_or("there is no node")?;
        Ok(serde_json::from_str(
            &node
                .gateway
                .dry_run(action, &Caller::anonymous(), None)
                .await?,
        )?)
    }

    /// Dispatches actions one after the other through the first node; outcomes in the same order.
    pub async fn dispatch_batch(&self, actions: &[Action]) -> Result<Vec<Outcome>, Failure> {
        let mut outcomes = Vec::new();
        for action in actions {
            outcomes.push(self.dispatch(action).await?);
        }
        Ok(outcomes)
    }

    /// Recording provider with this name; `None` if the configuration has none.
    pub fn provider(&self, name: &str) -> Option<&Arc<RecordingProvider>> {
        self.providers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, provider)| provider)
    }

    /// Node with this index, from 0.
    pub fn node(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index)
    }

    /// Store that the nodes share, without the layer that lets a killed node's calls hang.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Clock that all nodes go by.
    pub fn clock(&self) -> &VirtualClock {
        &self.clock
    }

    /// Advances the clock by `duration`. Stops at each instant at which a sleep ends, until the work that this starts is done.
    pub async fn advance(&self, duration: Duration) -> Result<(), Failure> {
        let end = self.clock.monotonic() + duration;
        self.settle().await?;
        while let Some(next) = self.clock.next_wake().filter(|next| *next <= end) {
            self.clock.move_to(next);
            self.settle().await?;
        }
        self.clock.move_to(end);
        self.settle().await
    }

    /// Runs all tasks until each waits for time, which is taken to be so once no call to the store was under way in twelve looks in a row.
    async fn settle(&self) -> Result<(), Failure> {
        let mut quiet = 0;
        while quiet < 12 {
            for _ in 0..32 {
                tokio::task::yield_now().await;
            }
            self.store.note("simulation", self.clock.now()).await?;
            quiet = if self.under_way.load(Ordering::SeqCst) == 0 {
                quiet + 1
            } else {
                0
            };
        }
        Ok(())
    }

    /// Deletes the recorded calls of all recording providers.
    pub fn reset_recordings(&self) {
        for (_, provider) in &self.providers {
            provider.clear();
        }
    }

    /// Stops all nodes that were not killed, and waits for at most five seconds for each.
    pub async fn teardown(self) {
        for node in &self.nodes {
            if !node.store.0.is_dead() {
                node.gateway.stop(Duration::from_secs(5)).await;
            }
        }
    }
}

impl Node {
    async fn start(
        config: &SimulationConfig,
        store: NodeStore,
        clock: &Arc<VirtualClock>,
        entropy: SeededEntropy,
    ) -> Result<Self, Failure> {
        let store = Arc::new(store);
        let mut registry = Registry::default();
        for (name, provider) in &config.recording {
            registry.add(
                ProviderName::parse(name)?,
                Arc::clone(provider) as Arc<dyn Provider>,
            )?;
        }
        for (name, provider) in &config.other {
            registry.add(ProviderName::parse(name)?, Arc::clone(provider))?;
        }
        let providers = registry.names().cloned().collect();
        let context = Context {
            providers: Some(providers),
            env: config.env.clone(),
            ..Context::default()
        };
        let parts = Parts {
            store: Arc::clone(&store) as Arc<dyn Store>,
            clock: Arc::clone(clock) as Arc<dyn Clock>,
            entropy: Arc::new(entropy),
            observer: Arc::new(NoObserver),
            registry,
            rules: RuleSet::compile(&config.rules, &context)?,
            options: GatewayOptions {
                retry: config.retry.clone(),
                retention: config.retention.clone(),
                breakers: config.breakers.clone(),
                ..GatewayOptions::default()
            },
        };
        Ok(Self {
            gateway: Gateway::start(parts).await?,
            store,
        })
    }

    /// Gateway that runs on this node.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Kills the node: none of its calls reaches the store any more, and none returns.
    pub fn kill(&self) {
        self.store.0.kill();
    }
}
