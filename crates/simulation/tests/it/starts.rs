//! Starts of a gateway beside a store that fails at what a start would like to know.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{
    Action, BoxFuture, Budget, Caller, Health, Lane, LaneLimits, Origin, Prepared, Provider,
    ProviderError, ProviderName, Response,
};
use acteon_gateway::{Gateway, GatewayOptions, Parts, Registry, Wait};
use acteon_simulation::harness::{Fails, FaultSwitch, SeededEntropy};
use acteon_store::{MemoryStore, Store, StoreCall, StoreError};

use crate::faults::{PausedClock, Service, Silent, action, rules};

/// What the service lets through to one recipient within a minute.
const A_MINUTE: usize = 5;

/// A service that drops what is too much for one recipient, and so has a budget.
#[derive(Default)]
struct Budgeted(Service);

impl Budgeted {
    fn arrived(&self) -> usize {
        self.0.arrived.lock().expect("nobody panicked").len()
    }
}

impl Provider for Budgeted {
    fn prepare(&self, action: &Action) -> Result<Prepared, ProviderError> {
        self.0.prepare(action)
    }

    fn send<'a>(
        &'a self,
        prepared: &'a Prepared,
    ) -> BoxFuture<'a, Result<Response, ProviderError>> {
        self.0.send(prepared)
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, ProviderError>> {
        self.0.health()
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
                per_minute: A_MINUTE,
                per_hour: 1000,
            }),
        }
    }
}

struct Machine {
    store: Arc<dyn Store>,
    clock: Arc<PausedClock>,
    switch: FaultSwitch,
    service: Arc<Budgeted>,
}

impl Machine {
    fn new() -> Self {
        let switch = FaultSwitch::default();
        let store = switch.around(Arc::<MemoryStore>::default());
        Self {
            store,
            clock: Arc::new(PausedClock(tokio::time::Instant::now())),
            switch,
            service: Arc::default(),
        }
    }

    async fn start(&self) -> Result<Gateway, StoreError> {
        let mut registry = Registry::default();
        registry
            .add(
                ProviderName::parse("p").expect("a name"),
                Arc::clone(&self.service) as Arc<dyn Provider>,
            )
            .expect("a provider");
        let parts = Parts {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock) as Arc<dyn acteon_core::Clock>,
            entropy: Arc::new(SeededEntropy::new(7)),
            observer: Arc::new(Silent),
            registry,
            rules: rules(),
            options: GatewayOptions::default(),
        };
        tokio::time::timeout(Duration::from_secs(20), Gateway::start(parts))
            .await
            .expect("it starts, or says why not")
    }
}

async fn dispatch(gateway: &Gateway, id: &str) {
    gateway
        .dispatch(
            action(id),
            Origin::Api,
            Caller::anonymous(),
            Wait::ForCommit,
        )
        .await
        .expect("accepted");
}

/// Uses up the budget, and starts another gateway which cannot learn of it.
async fn started_beside(fails: Fails) -> (Machine, Gateway) {
    let machine = Machine::new();
    let first = machine.start().await.expect("a gateway");
    for number in 0..A_MINUTE {
        dispatch(&first, &format!("before-{number}")).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(machine.service.arrived(), A_MINUTE);
    first.stop(Duration::from_secs(5)).await;
    machine.switch.fail(StoreCall::RecentSends, fails);
    let second = machine.start().await.expect("it starts all the same");
    for number in 0..A_MINUTE {
        dispatch(&second, &format!("after-{number}")).await;
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(machine.switch.failed(StoreCall::RecentSends) > 0);
    assert_eq!(
        machine.service.arrived(),
        A_MINUTE,
        "nothing is sent that the service may drop"
    );
    (machine, second)
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_cannot_learn_of_recent_sends_starts_and_puts_off_what_has_a_budget() {
    let (machine, gateway) = started_beside(Fails::UntilLifted).await;
    tokio::time::sleep(Duration::from_mins(2)).await;
    assert_eq!(machine.service.arrived(), A_MINUTE, "it is not known yet");
    machine.switch.lift();
    tokio::time::sleep(Duration::from_mins(2)).await;
    assert_eq!(machine.service.arrived(), 2 * A_MINUTE);
    assert!(!gateway.store_is_failing());
}

#[tokio::test(start_paused = true)]
async fn a_gateway_whose_look_at_recent_sends_hangs_starts_and_sends_once_they_are_over() {
    let (machine, gateway) = started_beside(Fails::Hangs).await;
    tokio::time::sleep(Duration::from_mins(30)).await;
    assert_eq!(machine.service.arrived(), A_MINUTE);
    tokio::time::sleep(Duration::from_mins(32)).await;
    assert_eq!(
        machine.service.arrived(),
        2 * A_MINUTE,
        "what was sent before is over for everybody"
    );
    assert!(
        gateway.stop(Duration::from_secs(5)).await,
        "nothing keeps it from stopping"
    );
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_cannot_count_whose_the_waiting_actions_are_starts() {
    let machine = Machine::new();
    machine
        .switch
        .fail(StoreCall::OpenShares, Fails::UntilLifted);
    let gateway = machine.start().await.expect("it starts all the same");
    dispatch(&gateway, "plain-1").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(machine.service.arrived(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_says_nothing_of_the_store_leaves_readiness_as_it_is() {
    let machine = Machine::new();
    let gateway = machine.start().await.expect("a gateway");
    let admit = |id: &'static str| {
        gateway.dispatch(
            action(id),
            Origin::Api,
            Caller::anonymous(),
            Wait::ForCommit,
        )
    };
    for error in [
        StoreError::Busy,
        StoreError::Fenced,
        StoreError::Unstorable("simulated".into()),
    ] {
        machine
            .switch
            .fail_with(StoreCall::Admit, Fails::UntilLifted, error.clone());
        assert!(admit("plain-1").await.is_err());
        assert!(!gateway.store_is_failing(), "{error} does not make it fail");
        machine.switch.fail(StoreCall::Admit, Fails::UntilLifted);
        assert!(admit("plain-1").await.is_err());
        assert!(gateway.store_is_failing());
        machine
            .switch
            .fail_with(StoreCall::Admit, Fails::UntilLifted, error.clone());
        assert!(admit("plain-1").await.is_err());
        assert!(gateway.store_is_failing(), "{error} does not make it well");
        machine.switch.lift();
        assert!(admit("plain-1").await.is_ok());
        assert!(!gateway.store_is_failing());
    }
}
