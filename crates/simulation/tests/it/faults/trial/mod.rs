//! A trial: two gateways on a store of which one call fails.

mod check;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use acteon_core::{Caller, Clock, Origin, Outcome, Provider, ProviderName, Timestamp};
use acteon_gateway::{Gateway, GatewayOptions, OverageSpec, Parts, Quota, Registry, Wait};
use acteon_simulation::harness::{Fails, FaultSwitch, SeededEntropy};
use acteon_store::{Layered, MemoryStore, Overage, Store, StoreCall, StoreError};
use serde_json::json;

use super::cut::Cut;
use super::{PausedClock, Service, Silent, action, rules};
use crate::silence::silence;

/// How long a call fails the second time.
const HALF_A_MINUTE: u64 = 30;

/// From the end of a fault until everything works again.
const RECOVERY: Duration = Duration::from_secs(5);

/// How many the quota of one tenant lets through.
const CAP: u64 = 3;

/// Longest that is waited for a call to be made.
const PATIENCE: u64 = 1200;

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
pub(super) struct Trial {
    store: Arc<dyn Store>,
    clock: Arc<PausedClock>,
    nodes: Vec<Gateway>,
    pub(super) switch: FaultSwitch,
    service: Arc<Service>,
    call: StoreCall,
    accepted: Vec<String>,
    round: u64,
    /// Whether a gateway said that its store fails, or did not start.
    was_red: bool,
}

impl Trial {
    pub(super) async fn begin(call: StoreCall) -> Self {
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

    /// Lets the call fail, and works on until it has; then for as long as it fails.
    pub(super) async fn fail(&mut self, fails: Fails) {
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
}
