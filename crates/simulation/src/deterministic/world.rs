//! The gateways of a run, their shared store, clock and service, and the events that befall them.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Caller, Entropy as _, Origin, ProviderName, with_causes};
use acteon_gateway::{
    BreakerPolicy, Breakers, DispatchError, FlowKinds, Gateway, GatewayOptions, LeaseTimes,
    OnRepairable, Parts, Redaction, Registry, RetryPolicy, Wait,
};
use acteon_store::{Layered, MemoryStore, Store};

use super::answer::Answer;
use super::broken::Broken;
use super::clock::{SimulatedClock, WorldTime};
use super::counting_kind::Counting;
use super::ledger::Ledger;
use super::node_provider::NodeProvider;
use super::posted::Posted;
use super::provider_names::{HELD, ORDERED, PLAIN};
use super::rules;
use super::service::Service;
use super::store_faults::SeededFaults;
use super::trace::Trace;
use crate::harness::node_store::{NodeLayer, NodeStore};
use crate::harness::{Failure, SeededEntropy};

/// Number of gateways of a run.
pub(super) const NODES: usize = 3;
/// How long a gateway's lease lasts.
pub(super) const LEASE: Duration = Duration::from_secs(15);

/// Gateway of a run, with its own connection to the shared store.
pub(super) struct Node {
    pub(super) gateway: Gateway,
    pub(super) store: Arc<NodeStore>,
}

/// State of a run: the gateways, `None` in the place of one that crashed, and all that they share.
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) entropy: Arc<SeededEntropy>,
    pub(super) time: Arc<WorldTime>,
    pub(super) trace: Arc<Trace>,
    pub(super) memory: Arc<MemoryStore>,
    pub(super) service: Arc<Service>,
    pub(super) people: Arc<Ledger>,
    pub(super) nodes: Vec<Option<Node>>,
    pub(super) crashes: usize,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let entropy = Arc::new(SeededEntropy::new(seed));
        let trace = Arc::new(Trace::default());
        let time = Arc::new(WorldTime::new());
        let memory = Arc::new(MemoryStore::default());
        let service = Arc::new(Service::new(
            Arc::clone(&entropy),
            Arc::clone(&trace),
            Arc::clone(&memory),
            Arc::clone(&time),
        ));
        Self {
            seed,
            entropy,
            time,
            trace,
            memory,
            service,
            people: Arc::default(),
            nodes: (0..NODES).map(|_| None).collect(),
            crashes: 0,
        }
    }

    /// Starts a gateway in an empty place. The store may fail meanwhile: up to a hundred tries.
    pub(super) async fn start(&mut self, place: usize) -> Result<(), Broken> {
        let faults = Arc::new(SeededFaults::new(
            Arc::clone(&self.entropy),
            Arc::clone(&self.time),
        ));
        let store = Arc::new(Layered(NodeLayer::with_faults(
            Arc::clone(&self.memory) as Arc<dyn Store>,
            faults,
        )));
        for _ in 0..100 {
            // The store may be away; whoever starts a gateway tries again.
            let parts = self
                .parts(&store)
                .map_err(|error| self.broken(with_causes(&*error).to_string()))?;
            if let Ok(gateway) = Gateway::start(parts).await {
                self.trace.note("start", place as u64, "");
                self.nodes[place] = Some(Node { gateway, store });
                return Ok(());
            }
            self.time.sleep(Duration::from_secs(1)).await;
        }
        Err(self.broken("a gateway does not start".to_owned()))
    }

    fn parts(&self, store: &Arc<NodeStore>) -> Result<Parts, Failure> {
        let mut registry = Registry::default();
        for name in [PLAIN, HELD, ORDERED] {
            let provider = NodeProvider::new(name, Arc::clone(&self.service), Arc::clone(store));
            registry.add(ProviderName::parse(name)?, Arc::new(provider))?;
        }
        let hold = [HELD, ORDERED].map(|name| Ok((ProviderName::parse(name)?, OnRepairable::Hold)));
        let on_repairable_of = hold.into_iter().collect::<Result<_, Failure>>()?;
        // In half of the runs nobody is left alone.
        let policy = self.has_breakers().then(BreakerPolicy::default);
        Ok(Parts {
            store: Arc::clone(store) as Arc<dyn Store>,
            clock: Arc::new(SimulatedClock {
                time: Arc::clone(&self.time),
            }),
            entropy: Arc::new(SeededEntropy::new(self.entropy.bits())),
            observer: Arc::clone(&self.trace) as Arc<_>,
            registry,
            rules: rules::rules()?,
            options: GatewayOptions {
                retry: RetryPolicy {
                    on_repairable_of,
                    ..RetryPolicy::default()
                },
                breakers: Breakers {
                    policy,
                    ..Breakers::default()
                },
                lease: LeaseTimes::lasting(LEASE),
                redaction: Redaction::new(&["payload.secret".to_owned()])?,
                flows: FlowKinds::with(Arc::new(Counting)),
                ..GatewayOptions::default()
            },
        })
    }

    pub(super) fn has_breakers(&self) -> bool {
        self.seed.is_multiple_of(2)
    }

    pub(super) fn crash(&mut self) {
        let place = self.below(NODES as u64) as usize;
        // Somebody must be there to be posted to.
        if self.nodes.iter().flatten().count() > 1
            && let Some(node) = self.nodes[place].take()
        {
            node.store.0.kill();
            self.crashes += 1;
            self.trace.note("crash", place as u64, "");
        }
    }

    /// Starts a gateway in the first empty place. Returns whether there was one.
    pub(super) async fn revive(&mut self) -> Result<bool, Broken> {
        let Some(place) = self.nodes.iter().position(Option::is_none) else {
            return Ok(false);
        };
        self.start(place).await.map(|()| true)
    }

    /// Steps the wall clock of all gateways by an hour or a day, in either direction; one that was stepped is set right.
    pub(super) fn step_clock(&self) {
        let step = [3600, 86_400][self.below(2) as usize] * if self.below(2) == 0 { 1 } else { -1 };
        let step = if self.time.is_stepped() {
            -self.time.step()
        } else {
            step * 1000
        };
        self.time.set_step(self.time.step() + step);
        self.trace.note("clock", step.unsigned_abs(), "");
    }

    /// Random gateway of those that run; `None` if none does.
    pub(super) fn some_gateway(&self) -> Option<Gateway> {
        let there: Vec<&Node> = self.nodes.iter().flatten().collect();
        Some(
            there
                .get(self.below(there.len() as u64) as usize)?
                .gateway
                .clone(),
        )
    }

    /// Posts the action with this number, or now and then an earlier one once more, to a random gateway. The task returns the answer, or `None` for a
    /// client that left or was refused.
    pub(super) fn post(&self, number: u64) -> Option<tokio::task::JoinHandle<Option<Answer>>> {
        let gateway = self.some_gateway()?;
        // Now and then a client asks again.
        let number = if number > 0 && self.below(8) == 0 {
            self.below(number)
        } else {
            number
        };
        let wait = if self.below(3) == 0 {
            Wait::ForCommit
        } else {
            Wait::ForOutcome(Duration::from_secs(5))
        };
        let posted = Posted::of(self.seed, number);
        let action = posted.action()?;
        self.service.expect(&posted);
        let id = posted.id;
        // Some clients leave before they are answered.
        let patience = if self.below(6) == 0 {
            Duration::from_millis(self.below(2000))
        } else {
            Duration::from_mins(10)
        };
        let trace = Arc::clone(&self.trace);
        Some(tokio::spawn(async move {
            match tokio::time::timeout(
                patience,
                gateway.dispatch(action, Origin::Api, Caller::anonymous(), wait),
            )
            .await
            .ok()?
            {
                Ok(answer) => {
                    trace.note("answer", answer.outcome.len() as u64, &id);
                    Some(Answer {
                        id,
                        outcome: answer.outcome,
                    })
                }
                Err(error) => {
                    trace.note(
                        "refused",
                        u64::from(matches!(error, DispatchError::StoreSlow)),
                        &with_causes(&error).to_string(),
                    );
                    None
                }
            }
        }))
    }

    pub(super) fn below(&self, limit: u64) -> u64 {
        self.entropy.bits() % limit.max(1)
    }

    pub(super) fn broken(&self, why: String) -> Broken {
        Broken::new(self.seed, why)
    }
}
