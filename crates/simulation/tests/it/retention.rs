//! How long things are kept, whatever the clock says.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{
    Action, BoxFuture, Caller, Clock, Entropy, Origin, ProviderName, Scope, Tenant, Timestamp,
};
use acteon_gateway::{
    AnyApproval, ApprovalPart, AttemptEvent, ChainFilter, Gateway, GatewayOptions, Observer,
    OutcomeEvent, Parts, Registry, RetentionPolicy, Wait,
};
use acteon_rules::{Context, RuleFile, RuleSet};
use acteon_simulation::harness::{
    Fails, FaultSwitch, RecordingProvider, SeededEntropy, VirtualClock,
};
use acteon_store::{History as _, HistoryFilter, MemoryStore, PageRequest, Store, StoreCall};
use serde_json::json;

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

fn action(id: &str) -> Action {
    let action = json!({ "id": id, "namespace": "n", "tenant": "t", "provider": "p", "action_type": "x", "payload": {},
        "created_at": "2026-01-01T00:00:00Z" });
    serde_json::from_value(action).expect("an action")
}

/// A clock whose wall time is ahead of the time that passes.
struct Ahead {
    clock: Arc<VirtualClock>,
    by: Duration,
}

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        self.clock.now() + self.by
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration)
    }
}

struct Machine {
    store: Arc<MemoryStore>,
    clock: Arc<VirtualClock>,
    provider: Arc<RecordingProvider>,
    retention: RetentionPolicy,
    switch: FaultSwitch,
}

impl Machine {
    fn new() -> Self {
        Self {
            store: Arc::default(),
            clock: Arc::default(),
            provider: Arc::new(RecordingProvider::new("p")),
            retention: RetentionPolicy::default(),
            switch: FaultSwitch::default(),
        }
    }

    async fn start(&self, ahead: Duration) -> Gateway {
        let mut registry = Registry::default();
        registry
            .add(
                ProviderName::parse("p").expect("a name"),
                Arc::clone(&self.provider) as _,
            )
            .expect("a provider");
        let parts = Parts {
            store: self
                .switch
                .around(Arc::clone(&self.store) as Arc<dyn Store>),
            clock: Arc::new(Ahead {
                clock: Arc::clone(&self.clock),
                by: ahead,
            }),
            entropy: Arc::new(SeededEntropy::new(7)) as Arc<dyn Entropy>,
            observer: Arc::new(Silent),
            registry,
            rules: RuleSet::default(),
            options: GatewayOptions {
                retention: self.retention.clone(),
                ..GatewayOptions::default()
            },
        };
        Gateway::start(parts).await.expect("a gateway")
    }

    async fn dispatch(&self, gateway: &Gateway, id: &str) {
        self.dispatch_as(gateway, id, &Tenant::parse("t").expect("a name"))
            .await;
    }

    async fn dispatch_as(&self, gateway: &Gateway, id: &str, tenant: &Tenant) {
        let action = Action {
            tenant: tenant.clone(),
            ..action(id)
        };
        let wait = Wait::ForOutcome(Duration::from_secs(5));
        gateway
            .dispatch(action, Origin::Api, Caller::anonymous(), wait)
            .await
            .expect("an answer");
    }

    /// Lets time pass, stopping wherever somebody waits for it.
    async fn pass(&self, duration: Duration) {
        let end = self.clock.monotonic() + duration;
        loop {
            for _ in 0..200 {
                tokio::task::yield_now().await;
            }
            match self.clock.next_wake().filter(|next| *next <= end) {
                Some(next) => self.clock.move_to(next),
                None => break,
            }
        }
        self.clock.move_to(end);
    }

    /// The ids of what is in the journal.
    async fn rows(&self) -> Vec<String> {
        let page = PageRequest {
            after: None,
            offset: 0,
            limit: 1000,
            count: false,
        };
        let page = self
            .store
            .history(HistoryFilter::of(Scope::everything()), page)
            .await
            .expect("a page");
        page.records
            .iter()
            .map(|record| record.action.id.to_string())
            .collect()
    }
}

struct Silent;

impl Observer for Silent {
    fn outcome(&self, _: &OutcomeEvent<'_>) {}
    fn attempt(&self, _: &AttemptEvent<'_>) {}
    fn rule_error(&self, _: &str) {}
    fn breaker(&self, _: &ProviderName, _: &'static str) {}
    fn quota(&self, _: &'static str) {}
    fn unreadable(&self) {}
}

#[tokio::test]
async fn a_start_far_ahead_of_time_deletes_nothing_and_sends_nothing_again() {
    let machine = Machine::new();
    let gateway = machine.start(Duration::ZERO).await;
    for number in 0..10 {
        machine.dispatch(&gateway, &format!("a{number}")).await;
    }
    machine.pass(Duration::from_hours(1)).await;
    assert!(gateway.stop(Duration::from_secs(5)).await);
    for _ in 0..3 {
        let ahead = machine.start(DAY * 40).await;
        machine.dispatch(&ahead, "a0").await;
        machine.pass(Duration::from_hours(2)).await;
        // What it writes itself is that far ahead, and must not be what the next start goes by.
        machine.dispatch(&ahead, "new").await;
        assert!(ahead.stop(Duration::from_secs(5)).await);
    }
    assert_eq!(
        machine.rows().await.len(),
        11,
        "of ten and the new one none is gone"
    );
    let again = machine.start(Duration::ZERO).await;
    machine.dispatch(&again, "a3").await;
    machine.pass(Duration::from_mins(1)).await;
    machine.provider.assert_called(11);
}

#[tokio::test]
async fn what_is_too_old_goes_also_after_a_long_stop() {
    let retention = RetentionPolicy {
        default: DAY,
        tenants: Vec::new(),
    };
    let machine = Machine {
        retention,
        ..Machine::new()
    };
    let gateway = machine.start(Duration::ZERO).await;
    machine.dispatch(&gateway, "old").await;
    machine.pass(Duration::from_mins(1)).await;
    assert!(gateway.stop(Duration::from_secs(5)).await);
    machine.clock.move_to(DAY * 9);
    let later = machine.start(Duration::ZERO).await;
    machine.dispatch(&later, "new").await;
    machine.pass(HOUR * 11).await;
    assert_eq!(machine.rows().await.len(), 2, "not at once");
    machine.pass(HOUR * 2).await;
    assert_eq!(
        machine.rows().await.len(),
        1,
        "a day was caught up in twelve hours"
    );
}

/// Executions go like the rows of the actions that started them; one that goes on stays.
#[tokio::test]
async fn executions_that_are_over_go_with_the_journal() {
    let machine = Machine {
        retention: RetentionPolicy {
            default: DAY,
            tenants: Vec::new(),
        },
        ..Machine::new()
    };
    let gateway = machine.start(Duration::ZERO).await;
    let file = RuleFile {
        name: "rules.yaml".into(),
        text: "
chains:
  - {name: short, steps: [{name: only, provider: p, action_type: y, payload_template: {}}]}
  - {name: long, timeout_seconds: 3000000, steps: [{name: only, wait_for_signal: {signal_name: go}}]}
rules:
  - {name: waits, condition: {field: action.id, eq: waits}, action: {type: chain, chain: long}}
  - {name: sends, condition: {field: action.action_type, eq: x}, action: {type: chain, chain: short}}
"
        .into(),
    };
    let rules = RuleSet::compile(&[file], &Context::default()).expect("rules");
    gateway.set_rules(rules).await.expect("in force");
    let listed = async || {
        let filter = ChainFilter {
            limit: 10,
            ..ChainFilter::default()
        };
        let page = gateway.chains(&Scope::everything(), filter).await;
        let chains = page.expect("a page").chains.into_iter();
        let names = chains.map(|row| (row.summary.chain_name, row.summary.status));
        names.collect::<Vec<_>>()
    };
    machine.dispatch(&gateway, "sends").await;
    machine.dispatch(&gateway, "waits").await;
    machine.pass(Duration::from_mins(1)).await;
    let (short, long) = (
        ("short".to_owned(), "completed".to_owned()),
        ("long".to_owned(), "waiting_signal".to_owned()),
    );
    assert_eq!(listed().await, [long.clone(), short.clone()]);
    machine.pass(HOUR * 23).await;
    assert_eq!(listed().await, [long.clone(), short], "not yet");
    machine.pass(HOUR * 2).await;
    assert_eq!(listed().await, [long]);
}

/// Approvals that are over go too, whoever asked; one that waits stays.
#[tokio::test]
async fn approvals_that_are_over_go_with_the_journal() {
    let machine = Machine {
        retention: RetentionPolicy {
            default: DAY,
            tenants: Vec::new(),
        },
        ..Machine::new()
    };
    let gateway = machine.start(Duration::ZERO).await;
    let file = RuleFile {
        name: "rules.yaml".into(),
        text: "
chains:
  - {name: gate, timeout_seconds: 3000000, steps: [{name: ask, approval: {timeout_seconds: 3600}}]}
rules:
  - {name: long, condition: {field: action.id, eq: long}, action: {type: request_approval, notify_provider: p, timeout_seconds: 3000000}}
  - {name: gate, condition: {field: action.id, eq: gate}, action: {type: chain, chain: gate}}
  - {name: short, condition: {field: action.id, eq: short}, action: {type: request_approval, notify_provider: p, timeout_seconds: 3600}}
"
        .into(),
    };
    let rules = RuleSet::compile(&[file], &Context::default()).expect("rules");
    gateway.set_rules(rules).await.expect("in force");
    let listed = async || {
        let part = ApprovalPart {
            limit: 10,
            ..ApprovalPart::default()
        };
        let list = gateway.approvals(&Scope::everything(), None, part).await;
        let approvals = list.expect("a list").approvals.into_iter();
        let words = approvals.map(|row| {
            let AnyApproval::Read(row) = row else {
                panic!("{} cannot be read", row.id())
            };
            let approval = row.approval;
            (approval.origin.id.to_string(), approval.status.as_str())
        });
        words.collect::<Vec<_>>()
    };
    for id in ["short", "gate", "long"] {
        machine.dispatch(&gateway, id).await;
    }
    machine.pass(HOUR * 2).await;
    let long = ("long".to_owned(), "pending");
    let all = [
        ("gate".to_owned(), "expired"),
        long.clone(),
        ("short".to_owned(), "expired"),
    ];
    assert_eq!(listed().await, all);
    machine.pass(HOUR * 22).await;
    assert_eq!(listed().await, all, "not yet");
    machine.pass(HOUR * 2).await;
    assert_eq!(listed().await, [long]);
}

#[tokio::test]
async fn rows_of_each_tenant_go_at_their_own_time() {
    let tenants = vec![("long".into(), HOUR * 4), ("short".into(), HOUR)];
    let machine = Machine {
        retention: RetentionPolicy {
            default: HOUR * 2,
            tenants,
        },
        ..Machine::new()
    };
    let gateway = machine.start(Duration::ZERO).await;
    for tenant in ["long", "short", "t"] {
        let tenant = Tenant::parse(tenant).expect("a name");
        machine
            .dispatch_as(&gateway, tenant.as_str(), &tenant)
            .await;
    }
    for (hour, expected) in [(0, 3), (1, 2), (2, 1), (3, 1), (4, 0)] {
        let ids = machine.rows().await;
        assert_eq!(
            ids.iter().filter(|id| !id.starts_with("last")).count(),
            expected,
            "after {hour} h: {ids:?}"
        );
        // The newest row is never deleted.
        machine.dispatch(&gateway, &format!("last-{hour}")).await;
        machine.pass(HOUR + Duration::from_mins(11)).await;
    }
}

#[tokio::test]
async fn a_step_that_fails_keeps_no_row_from_going_at_its_time() {
    for call in [StoreCall::Sweep, StoreCall::PruneEvents] {
        let machine = Machine {
            retention: RetentionPolicy {
                default: HOUR,
                tenants: Vec::new(),
            },
            ..Machine::new()
        };
        let gateway = machine.start(Duration::ZERO).await;
        machine.dispatch(&gateway, "old").await;
        machine.switch.fail(call, Fails::UntilLifted);
        machine.pass(HOUR + Duration::from_mins(11)).await;
        machine.dispatch(&gateway, "new").await;
        machine.pass(Duration::from_mins(11)).await;
        assert!(machine.switch.failed(call) > 0);
        assert_eq!(machine.rows().await, ["new"], "{call:?}");
    }
}
