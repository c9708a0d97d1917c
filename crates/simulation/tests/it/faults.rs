//! Every call of the store, made to fail once, and then for half a minute.
//!
//! Beside it the gateways do something of everything. What they accepted must end, nothing may arrive twice unmarked, who asks for readiness
//! must hear of the fault, and soon after it everything must work again. A call that was never made cannot have been tried: that fails too.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use acteon_core::{
    Action, ActionId, BoxFuture, Budget, Caller, Clock, ErrorKind, Health, Lane, LaneLimits,
    Origin, Outcome, Prepared, Provider, ProviderError, ProviderName, Response, Scope, Timestamp,
};
use acteon_gateway::{
    AttemptEvent, Gateway, GatewayOptions, Observer, OutcomeEvent, OverageSpec, Parts, Quota,
    Registry, ReplayRequest, Wait,
};
use acteon_rules::{RuleFile, RuleSet};
use acteon_simulation::harness::{Fails, FaultSwitch, SeededEntropy};
use acteon_store::{
    ActionState, DocumentKind, HistoryFilter, Later, Layer, Layered, MemoryStore, NoteSwap,
    Overage, PageRequest, Store, StoreCall, StoreError,
};
use serde_json::json;

use crate::silence::silence;
use crate::strangers::{nobodys_row, nothing_to_hasten};

/// How long a call fails the second time.
const HALF_A_MINUTE: u64 = 30;
/// From the end of a fault until everything works again.
const RECOVERY: Duration = Duration::from_secs(5);
/// How many the quota of one tenant lets through.
const CAP: u64 = 3;
/// Longest that is waited for a call to be made.
const PATIENCE: u64 = 1200;

/// Counts what arrives. Its answer is late for ids that say so, and for some there is a failure first, or always.
#[derive(Default)]
pub(crate) struct Service {
    pub(crate) arrived: Mutex<BTreeMap<String, usize>>,
    asked: Mutex<BTreeMap<String, usize>>,
}

impl Service {
    fn count(map: &Mutex<BTreeMap<String, usize>>, id: &str) -> usize {
        let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
        let count = map.entry(id.to_owned()).or_default();
        *count += 1;
        *count
    }
}

impl Provider for Service {
    fn prepare(&self, action: &Action) -> Result<Prepared, ProviderError> {
        Ok(Prepared {
            bytes: action.id.as_str().into(),
            recipients: vec!["everybody".into()],
            ..Prepared::default()
        })
    }

    fn send<'a>(
        &'a self,
        prepared: &'a Prepared,
    ) -> BoxFuture<'a, Result<Response, ProviderError>> {
        Box::pin(async move {
            let id = String::from_utf8_lossy(&prepared.bytes);
            let asked = Self::count(&self.asked, &id);
            if id.starts_with("hangs") && asked == 1 {
                return std::future::pending().await;
            }
            if id.starts_with("retried") && asked == 1 {
                return Err(ProviderError::new(ErrorKind::Connection, "no connection"));
            }
            if id.starts_with("refused") {
                return Err(ProviderError::new(ErrorKind::ExecutionFailed, "refused"));
            }
            Self::count(&self.arrived, &id);
            serde_json::value::to_raw_value(&"taken")
                .map(Response::success)
                .map_err(|error| ProviderError::new(ErrorKind::Serialization, error.to_string()))
        })
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, ProviderError>> {
        Box::pin(async { Ok(Health::default()) })
    }

    fn lane(&self) -> Lane {
        let limits = LaneLimits {
            max_concurrency: 64,
            max_per_second: None,
        };
        Lane {
            name: "service".into(),
            limits,
            budget: Some(Budget {
                per_minute: 10_000,
                per_hour: 100_000,
            }),
        }
    }
}

/// A gateway's way to the store, which can be cut: then every call waits for ever.
struct Cut {
    store: Arc<dyn Store>,
    is_cut: Arc<AtomicBool>,
}

impl Layer for Cut {
    fn store(&self) -> &dyn Store {
        &*self.store
    }

    fn around<'a, T: Send + 'a>(
        &'a self,
        _: StoreCall,
        work: impl FnOnce(&'a dyn Store) -> Later<'a, T> + Send + 'a,
    ) -> Later<'a, T> {
        if self.is_cut.load(Ordering::SeqCst) {
            Box::pin(std::future::pending())
        } else {
            work(&*self.store)
        }
    }
}

/// The runtime's time, which stands still until everybody waits for it.
pub(crate) struct PausedClock(pub(crate) tokio::time::Instant);

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_767_225_600_000) + self.0.elapsed()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

pub(crate) struct Silent;

impl Observer for Silent {
    fn outcome(&self, _: &OutcomeEvent<'_>) {}
    fn attempt(&self, _: &AttemptEvent<'_>) {}
    fn rule_error(&self, _: &str) {}
    fn breaker(&self, _: &ProviderName, _: &'static str) {}
    fn quota(&self, _: &'static str) {}
    fn unreadable(&self) {}
}

/// An action whose id says what is to become of it, before the first dash.
pub(crate) fn action(id: &str) -> Action {
    let kind = id.split('-').next().unwrap_or(id);
    let action = json!({ "id": id, "namespace": "n", "tenant": if kind == "capped" { "capped" } else { "t" }, "provider": "p",
        "action_type": "x", "payload": {}, "metadata": { "kind": kind }, "dedup_key": (kind == "once").then_some("k"),
        "created_at": "2026-01-01T00:00:00Z" });
    serde_json::from_value(action).expect("an action")
}

/// The rule that lets one of those with a key through.
pub(crate) fn rules() -> RuleSet {
    let text = "rules: [{name: once, condition: 'has(action.dedup_key)', action: {type: deduplicate, ttl_seconds: 2592000}}]".into();
    RuleSet::compile(
        &[RuleFile {
            name: "rules.yaml".into(),
            text,
        }],
        &acteon_rules::Context::default(),
    )
    .expect("rules")
}

fn quota(now: Timestamp, tenant: &str, max_actions: u64) -> Quota {
    Quota {
        id: String::new(),
        namespace: "n".into(),
        tenant: tenant.into(),
        provider: None,
        principal: None,
        per_principal: false,
        max_actions,
        window: serde_json::from_value(json!("monthly")).expect("a window"),
        overage_behavior: OverageSpec(Overage::Block),
        enabled: true,
        description: None,
        labels: BTreeMap::new(),
        created_at: now,
        updated_at: now,
    }
}

/// Two gateways on a store of which one call fails, and what they have accepted.
struct Trial {
    store: Arc<dyn Store>,
    clock: Arc<PausedClock>,
    nodes: Vec<Gateway>,
    switch: FaultSwitch,
    service: Arc<Service>,
    call: StoreCall,
    accepted: Vec<String>,
    round: u64,
    /// Whether a gateway said that its store fails, or did not start.
    was_red: bool,
}

impl Trial {
    async fn begin(call: StoreCall) -> Self {
        let switch = FaultSwitch::default();
        let mut trial = Self {
            store: switch.around(Arc::<MemoryStore>::default()),
            clock: Arc::new(PausedClock(tokio::time::Instant::now())),
            nodes: Vec::new(),
            switch,
            service: Arc::default(),
            call,
            accepted: Vec::new(),
            round: 0,
            was_red: false,
        };
        for number in 0..2 {
            let (node, _) = trial.start(number).await.expect("a gateway");
            trial.nodes.push(node);
        }
        let now = trial.clock.now();
        trial
            .node()
            .create_silence(silence(
                now,
                ("kind", "silenced"),
                Duration::from_hours(24 * 30),
            ))
            .await
            .expect("a silence");
        trial
            .node()
            .create_quota(quota(now, "capped", CAP))
            .await
            .expect("a quota");
        trial.pass(2).await;
        trial
    }

    /// A gateway, and what cuts it off.
    async fn start(&self, number: u64) -> Result<(Gateway, Arc<AtomicBool>), StoreError> {
        let mut registry = Registry::default();
        registry
            .add(
                ProviderName::parse("p").expect("a name"),
                Arc::clone(&self.service) as Arc<dyn Provider>,
            )
            .expect("a provider");
        let is_cut = Arc::<AtomicBool>::default();
        let parts = Parts {
            store: Arc::new(Layered(Cut {
                store: Arc::clone(&self.store),
                is_cut: Arc::clone(&is_cut),
            })),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            entropy: Arc::new(SeededEntropy::new(number)),
            observer: Arc::new(Silent),
            registry,
            rules: rules(),
            options: GatewayOptions::default(),
        };
        Ok((Gateway::start(parts).await?, is_cut))
    }

    fn node(&self) -> &Gateway {
        &self.nodes[0]
    }

    async fn dispatch(&mut self, gateway: &Gateway, id: String) -> Option<Outcome> {
        let answer = gateway
            .dispatch(
                action(&id),
                Origin::Api,
                Caller::anonymous(),
                Wait::ForCommit,
            )
            .await
            .ok()?;
        self.accepted.push(id);
        serde_json::from_str(&answer.outcome).ok()
    }

    fn look(&mut self) {
        self.was_red |= self.nodes.iter().any(Gateway::store_is_failing);
    }

    async fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.look();
        }
    }

    /// Something of everything, whatever comes of it.
    async fn work(&mut self) {
        self.round += 1;
        let round = self.round;
        for (number, kind) in ["plain", "retried", "refused", "silenced", "capped", "once"]
            .into_iter()
            .enumerate()
        {
            let node = self.nodes[number % 2].clone();
            self.dispatch(&node, format!("{kind}-{round}")).await;
            self.look();
        }
        self.change_policies().await;
        self.look();
        let gateway = self.node();
        let (everything, caller) = (Scope::everything(), Caller::anonymous());
        drop(gateway.dry_run(&action("dry"), &caller, None).await);
        let page = PageRequest {
            after: None,
            offset: 0,
            limit: 5,
            count: false,
        };
        drop(
            gateway
                .history(HistoryFilter::of(everything.clone()), page)
                .await,
        );
        drop(
            gateway
                .coverage(HistoryFilter::of(everything.clone()), 5)
                .await,
        );
        drop(gateway.count_dead_letters(&everything).await);
        let dead = HistoryFilter {
            state: Some(ActionState::Dead),
            ..HistoryFilter::of(everything.clone())
        };
        let request = ReplayRequest {
            filter: dead.clone(),
            after: None,
            limit: 1,
            max_replays: Some(1),
        };
        drop(gateway.replay_page(request, &caller).await);
        if let Ok(letters) = gateway.history(dead, page).await {
            drop(
                gateway
                    .discard(letters.views.iter().map(|view| view.seq).collect())
                    .await,
            );
        }
        drop(
            gateway
                .find(&everything, &ActionId::parse("plain-1").expect("an id"))
                .await,
        );
        // What servers do beside their gateway, and what gateways do when something has slipped, which they do not here.
        let now = self.clock.now();
        let results = [
            (
                StoreCall::SwapNote,
                self.store
                    .swap_note(NoteSwap {
                        name: "token".into(),
                        expected: None,
                        text: "t".into(),
                        now,
                        until: now + Duration::from_secs(1),
                    })
                    .await
                    .map(drop),
            ),
            (
                StoreCall::Documents,
                self.store.documents(DocumentKind::Silence).await.map(drop),
            ),
            (
                StoreCall::Document,
                self.store
                    .document(DocumentKind::Silence, "s")
                    .await
                    .map(drop),
            ),
            (
                StoreCall::DeadShares,
                self.store.dead_shares(5).await.map(drop),
            ),
            (
                StoreCall::OutcomesOf,
                self.store.outcomes_of(Vec::new()).await.map(drop),
            ),
            (
                StoreCall::Free,
                self.store.free(Vec::new(), now).await.map(drop),
            ),
            (
                StoreCall::Hasten,
                self.store.hasten(nothing_to_hasten(now)).await.map(drop),
            ),
            (
                StoreCall::Reroute,
                self.store.reroute(nobodys_row()).await.map(drop),
            ),
        ];
        self.was_red |= results
            .iter()
            .any(|(call, result)| *call == self.call && result.is_err());
        self.look();
        if round % 10 == 1 {
            self.start_and_stop_another().await;
        }
    }

    async fn change_policies(&self) {
        let (gateway, now) = (self.node(), self.clock.now());
        drop(
            gateway
                .create_silence(silence(now, ("kind", "nobody"), Duration::from_mins(1)))
                .await,
        );
        drop(gateway.create_quota(quota(now, "t", 1_000_000)).await);
        for quota in gateway.quotas(&Scope::everything()) {
            drop(gateway.quota_usage(&quota, "").await);
            if quota.tenant == "capped" {
                continue;
            }
            drop(gateway.delete_quota(&Scope::everything(), &quota.id).await);
        }
    }

    /// One that dies with an action in hand, and one that ends in good order.
    async fn start_and_stop_another(&mut self) {
        for dies in [true, false] {
            let Ok((other, is_cut)) = self.start(100 + self.round).await else {
                // Whoever starts a gateway hears it.
                self.was_red = true;
                continue;
            };
            if dies {
                self.dispatch(&other, format!("hangs-{}", self.round)).await;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
            if dies {
                is_cut.store(true, Ordering::SeqCst);
            } else {
                other.stop(Duration::from_secs(5)).await;
            }
            self.was_red |= other.store_is_failing();
        }
    }

    /// Lets the call fail, and works on until it has; then for as long as it fails.
    async fn fail(&mut self, fails: Fails) {
        let before = self.switch.failed(self.call);
        self.was_red = false;
        self.switch.fail(self.call, fails);
        let mut waited = 0;
        while self.switch.failed(self.call) == before {
            assert!(waited < PATIENCE, "{} was never called", self.call.as_str());
            self.work().await;
            self.pass(30).await;
            waited += 30;
        }
        if fails == Fails::UntilLifted {
            for _ in 0..HALF_A_MINUTE / 5 {
                self.work().await;
                self.pass(5).await;
            }
            assert!(
                self.was_red,
                "nobody heard that {} fails",
                self.call.as_str()
            );
            self.switch.lift();
        }
        tokio::time::sleep(RECOVERY).await;
        for (number, node) in self.nodes.clone().iter().enumerate() {
            assert!(
                !node.store_is_failing(),
                "{} fails no more",
                self.call.as_str()
            );
            let id = format!("after-{fails:?}-{number}");
            assert!(
                self.dispatch(node, id).await.is_some(),
                "{} fails no more",
                self.call.as_str()
            );
        }
    }

    /// What was accepted has ended, and arrived once, or is marked.
    async fn check(&self) {
        let call = self.call.as_str();
        tokio::time::sleep(Duration::from_mins(10)).await;
        let arrived = self
            .service
            .arrived
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for id in &self.accepted {
            let found = self
                .node()
                .find(&Scope::everything(), &ActionId::parse(id).expect("an id"))
                .await
                .expect("found");
            let [view] = found.as_slice() else {
                panic!(
                    "{call}: {id} was accepted, and is there {} times",
                    found.len()
                )
            };
            assert_ne!(view.state, "open", "{call}: {id} has not ended: {view:?}");
            let times = arrived.get(id).copied().unwrap_or(0);
            let ends_well = matches!(view.outcome, Outcome::Executed(_));
            assert!(!ends_well || times >= 1, "{call}: {id} did not arrive");
            assert!(
                times <= 1 || view.possible_duplicate,
                "{call}: {id} arrived {times} times, unmarked"
            );
        }
        let of = |kind: &str| {
            arrived
                .keys()
                .filter(|id| id.split('-').next() == Some(kind))
                .count()
        };
        assert_eq!(
            (of("silenced"), of("once")),
            (0, 1),
            "{call}: a silence and a key hold"
        );
        let cap = usize::try_from(CAP).expect("a number");
        let accepted = self
            .accepted
            .iter()
            .filter(|id| id.starts_with("capped"))
            .count();
        assert!(
            (accepted.min(cap)..=cap).contains(&of("capped")),
            "{call}: {} of {accepted} left under a quota of {cap}",
            of("capped")
        );
        for (id, times) in arrived {
            let found = self
                .node()
                .find(&Scope::everything(), &ActionId::parse(&id).expect("an id"))
                .await
                .expect("found");
            assert!(
                !found.is_empty(),
                "{call}: {id} arrived {times} times, and is not in the journal"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_call_of_the_store_may_fail_and_nothing_is_lost() {
    for call in StoreCall::ALL {
        let mut trial = Trial::begin(*call).await;
        trial.work().await;
        trial.fail(Fails::Once).await;
        trial.fail(Fails::UntilLifted).await;
        trial.check().await;
        assert!(trial.switch.failed(*call) >= 2, "{}", call.as_str());
    }
}
