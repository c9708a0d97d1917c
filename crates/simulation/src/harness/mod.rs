//! Gateways in one process, on one store, with time in one's hand.
//!
//! A [`SimulationHarness`] starts one or more *nodes*: real gateways over a real store that they share, each with a lease of its own.
//! Providers are [`RecordingProvider`]s and [`FailingProvider`]s. Time is virtual and moves only with [`SimulationHarness::advance`], which
//! stops at every instant that something waits for. A node can be killed: its store calls then never return, as if the process were gone.

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

/// Real time that one virtual step may take before it is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running simulation.
pub struct SimulationHarness {
    nodes: Vec<Node>,
    clock: Arc<VirtualClock>,
    store: Arc<dyn Store>,
    under_way: Arc<AtomicUsize>,
    providers: Vec<(String, Arc<RecordingProvider>)>,
    _database: Database,
}

/// One gateway of a simulation.
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
    /// Starts the nodes.
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

    /// Dispatches through the first node.
    pub async fn dispatch(&self, action: &Action) -> Result<Outcome, Failure> {
        self.dispatch_to(0, action).await
    }

    /// Dispatches through one node. Answers as soon as the outcome or `Scheduled` is committed.
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

    /// What a dispatch would come to.
    pub async fn dispatch_dry_run(&self, action: &Action) -> Result<Outcome, Failure> {
        let node = self.nodes.first().ok_or("there is no node")?;
        Ok(serde_json::from_str(
            &node
                .gateway
                .dry_run(action, &Caller::anonymous(), None)
                .await?,
        )?)
    }

    /// Dispatches one after the other.
    pub async fn dispatch_batch(&self, actions: &[Action]) -> Result<Vec<Outcome>, Failure> {
        let mut outcomes = Vec::new();
        for action in actions {
            outcomes.push(self.dispatch(action).await?);
        }
        Ok(outcomes)
    }

    /// A recording provider by its name.
    pub fn provider(&self, name: &str) -> Option<&Arc<RecordingProvider>> {
        self.providers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, provider)| provider)
    }

    /// A node.
    pub fn node(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index)
    }

    /// The shared store.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// The virtual clock.
    pub fn clock(&self) -> &VirtualClock {
        &self.clock
    }

    /// Lets virtual time pass, stopping at each instant that something waits for, until all that follows from it was done.
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

    /// Lets everything that is ready run until it waits for time: until no call to the store is under way for a while.
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

    /// Forgets what was recorded.
    pub fn reset_recordings(&self) {
        for (_, provider) in &self.providers {
            provider.clear();
        }
    }

    /// Stops the nodes in good order.
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

    /// The gateway.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Kills the node: nothing that it does reaches the store any more.
    pub fn kill(&self) {
        self.store.0.kill();
    }
}
