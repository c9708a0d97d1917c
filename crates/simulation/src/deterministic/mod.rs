//! Whole runs out of a seed: three gateways on one store in one thread, with time that jumps from event to event.
//!
//! [`run`] posts actions, silences and replays to gateways that crash and come back, whose store fails, stalls and forgets to answer, whose
//! clocks jump, and whose providers refuse, hang, need repair, and deliver without saying so. Actions have priorities, and time intervals postpone
//! some. Clients lose answers and leave. When all is over one gateway has a queue of many (`queue`). Then it checks what must hold whatever
//! happened. A seed decides everything, down to the trace's hash.

mod check;
mod clock;
mod posted;
mod provider_names;
mod queue;
mod replays;
mod rules;
mod service;
mod silences;
mod store_faults;
mod trace;

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Caller, Entropy as _, Origin, ProviderName, Scope, Timestamp};
use acteon_gateway::{
    BreakerPolicy, Breakers, DispatchError, Gateway, GatewayOptions, LeaseTimes, OnRepairable,
    Parts, Redaction, Registry, RetryPolicy, Wait,
};
use acteon_store::{
    ActionState, Engine as _, History as _, HistoryFilter, Layered, MemoryStore, PageRequest,
    Record, Store,
};

use crate::harness::node_store::{NodeLayer, NodeStore};
use crate::harness::{Failure, SeededEntropy};
use clock::{SimulatedClock, WorldTime};
use posted::Posted;
use provider_names::{HELD, ORDERED, PLAIN};
use service::{NodeProvider, Service};
use store_faults::SeededFaults;
use trace::Trace;

pub use check::Broken;

/// Gateways.
const NODES: usize = 3;
/// How long their leases last.
const LEASE: Duration = Duration::from_secs(15);
/// During which actions are posted and things go wrong.
const TROUBLE: Duration = Duration::from_secs(40);
/// Within which everything must be over after that: retries, pauses, leases.
const CALM: Duration = Duration::from_mins(20);
/// In every payload, and nowhere to be seen.
const CANARY: &str = "canary-5f3a";

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Of everything that happened, in order.
    pub hash: u64,
    /// Actions that were answered.
    pub answered: usize,
    /// Sends that reached the service.
    pub sends: usize,
    /// Gateways that crashed.
    pub crashes: usize,
    /// Actions that were taken over.
    pub takeovers: usize,
}

/// Runs a seed from beginning to end.
pub fn run(seed: u64) -> Result<Run, Broken> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = runtime.map_err(|error| Broken::new(seed, error.to_string()))?;
    // Within the runtime from the beginning: outside it, time is the real one.
    runtime.block_on(async { World::new(seed).run().await })
}

/// One gateway of the run.
struct Node {
    gateway: Gateway,
    store: Arc<NodeStore>,
}

/// What a client was told.
struct Answer {
    id: String,
    /// The outcome as JSON.
    outcome: Arc<str>,
}

struct World {
    seed: u64,
    entropy: Arc<SeededEntropy>,
    time: Arc<WorldTime>,
    trace: Arc<Trace>,
    memory: Arc<MemoryStore>,
    service: Arc<Service>,
    nodes: Vec<Option<Node>>,
    crashes: usize,
}

impl World {
    fn new(seed: u64) -> Self {
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
            nodes: (0..NODES).map(|_| None).collect(),
            crashes: 0,
        }
    }

    async fn run(mut self) -> Result<Run, Broken> {
        for place in 0..NODES {
            self.start(place).await?;
        }
        let faults_end = self.time.monotonic() + TROUBLE;
        let mut posts = Vec::new();
        let mut number = 0;
        while self.time.monotonic() < faults_end {
            self.time
                .sleep(Duration::from_millis(self.below(2500)))
                .await;
            match self.below(100) {
                0..66 => {
                    for _ in 0..=self.below(3) {
                        posts.extend(self.post(number));
                        number += 1;
                    }
                }
                66..70 => self.service.break_or_mend(),
                70..80 => self.crash(),
                80..88 => drop(self.revive().await?),
                88..91 => self.step_clock(),
                91..94 => self.make_silence(number),
                94..97 => self.replay().await?,
                _ => self.service.change_weather(),
            }
        }
        self.time.set_trouble(false);
        self.service.calm();
        while self.revive().await? {}
        let mut answers = Vec::new();
        for post in posts {
            answers.extend(post.await.map_err(|error| self.broken(error.to_string()))?);
        }
        self.until_nothing_is_open().await?;
        self.check_silences().await?;
        answers.extend(self.check_queue().await?);
        self.check(&answers).await
    }

    /// A gateway in a place that is empty.
    async fn start(&mut self, place: usize) -> Result<(), Broken> {
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
                .map_err(|error| self.broken(error.to_string()))?;
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
                ..GatewayOptions::default()
            },
        })
    }

    fn has_breakers(&self) -> bool {
        self.seed.is_multiple_of(2)
    }

    fn crash(&mut self) {
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

    /// Starts a gateway where one is missing; says whether there was such a place.
    async fn revive(&mut self) -> Result<bool, Broken> {
        let Some(place) = self.nodes.iter().position(Option::is_none) else {
            return Ok(false);
        };
        self.start(place).await.map(|()| true)
    }

    /// An hour or a day, forwards or backwards. The clock that all share is set right again later.
    fn step_clock(&self) {
        let step = [3600, 86_400][self.below(2) as usize] * if self.below(2) == 0 { 1 } else { -1 };
        let step = if self.time.is_stepped() {
            -self.time.step()
        } else {
            step * 1000
        };
        self.time.set_step(self.time.step() + step);
        self.trace.note("clock", step.unsigned_abs(), "");
    }

    /// A gateway that is there.
    fn some_gateway(&self) -> Option<Gateway> {
        let there: Vec<&Node> = self.nodes.iter().flatten().collect();
        Some(
            there
                .get(self.below(there.len() as u64) as usize)?
                .gateway
                .clone(),
        )
    }

    /// Posts an action, or the same as before, to a gateway that is there.
    fn post(&self, number: u64) -> Option<tokio::task::JoinHandle<Option<Answer>>> {
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
                        &error.to_string(),
                    );
                    None
                }
            }
        }))
    }

    /// Lets time pass until every action is over.
    async fn until_nothing_is_open(&self) -> Result<(), Broken> {
        let give_up = self.time.monotonic() + CALM;
        while self.memory.open_count() > 0 {
            if self.time.monotonic() > give_up {
                return Err(self.stuck().await);
            }
            self.time.sleep(Duration::from_secs(1)).await;
        }
        Ok(())
    }

    async fn stuck(&self) -> Broken {
        let page = PageRequest {
            after: None,
            offset: 0,
            limit: 10_000,
            count: false,
        };
        let open = HistoryFilter {
            state: Some(ActionState::Open),
            ..HistoryFilter::of(Scope::everything())
        };
        let records = self
            .memory
            .history(open, page)
            .await
            .map(|page| page.records)
            .unwrap_or_default();
        let now = epoch() + self.time.monotonic();
        let shown = |record: &Record| {
            let due_in = (record.due_at.as_millis() - now.as_millis()) / 1000;
            format!(
                "{} owned: {}, due in {due_in} s, {} attempts",
                record.action.id, record.owned, record.attempts
            )
        };
        self.broken(format!(
            "stuck: {:?}",
            records.iter().map(shown).collect::<Vec<_>>()
        ))
    }

    async fn check(&self, answers: &[Answer]) -> Result<Run, Broken> {
        let node = self
            .nodes
            .iter()
            .flatten()
            .next()
            .ok_or_else(|| self.broken("no gateway is left".to_owned()))?;
        let after = check::After {
            seed: self.seed,
            answers,
            crashes: self.crashes,
            service: &self.service,
            trace: &self.trace,
        };
        let checked = check::everything(&after, &*self.memory, &node.gateway).await?;
        Ok(Run {
            hash: self.trace.hash(),
            answered: checked.answered,
            sends: checked.sends,
            crashes: self.crashes,
            takeovers: checked.takeovers,
        })
    }

    fn below(&self, limit: u64) -> u64 {
        self.entropy.bits() % limit.max(1)
    }

    fn broken(&self, why: String) -> Broken {
        Broken::new(self.seed, why)
    }
}

/// Where the simulated wall clock begins.
fn epoch() -> Timestamp {
    Timestamp::from_millis(1_767_225_600_000)
}
