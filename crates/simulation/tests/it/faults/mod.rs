//! Every call of the store, made to fail once, and then for half a minute.
//!
//! Beside it the gateways do something of everything. What they accepted must end, nothing may arrive twice unmarked, who asks for readiness
//! must hear of the fault, and soon after it everything must work again. A call that was never made cannot have been tried: that fails too.

mod cut;
mod service;
mod trial;

use std::time::Duration;

use acteon_core::{Action, BoxFuture, Clock, ProviderName, Timestamp};
use acteon_gateway::{AttemptEvent, Observer, OutcomeEvent};
use acteon_rules::{RuleFile, RuleSet};
use acteon_simulation::harness::Fails;
use acteon_store::StoreCall;
use serde_json::json;

pub(crate) use service::Service;
use trial::Trial;

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
