//! What callers are answered, on a gateway with the store in memory.

use std::time::Duration;

use acteon_core::{SystemClock, SystemEntropy};
use acteon_store::MemoryStore;

use super::*;
use crate::testing::{Obedient, Unobserved, action, provider, rules};
use crate::{GatewayOptions, OpenLimits, Parts, Registry, RetryPolicy};

const RULES: &str = r#"
rules:
  - {name: no, condition: 'action.payload.kind == "denied"', action: {type: deny}}
  - {name: once, condition: 'action.payload.kind == "once"', action: {type: deduplicate, ttl_seconds: 60}}
  - {name: few, condition: 'action.payload.kind == "few"', action: {type: throttle, max_count: 1, window_seconds: 60}}
"#;

async fn gateway(open: OpenLimits) -> Gateway {
    let mut registry = Registry::default();
    registry
        .add(provider("log"), Arc::new(Obedient))
        .expect("added");
    let parts = Parts {
        store: Arc::new(MemoryStore::default()),
        clock: Arc::new(SystemClock::new()),
        entropy: Arc::new(SystemEntropy::default()),
        observer: Arc::new(Unobserved),
        registry,
        rules: rules(RULES),
        options: GatewayOptions {
            open,
            retry: RetryPolicy {
                durable: false,
                ..RetryPolicy::default()
            },
            ..GatewayOptions::default()
        },
    };
    Gateway::start(parts).await.expect("a gateway")
}

/// The answer to a dispatch in one line: the outcome's name, or the error.
async fn answered(gateway: &Gateway, id: &str, kind: &str, wait: Wait) -> String {
    let fields = r#""provider":"log","dedup_key":"k""#;
    let action = action(id, &format!(r#"{{"kind":"{kind}"}}"#), fields);
    let answer = gateway
        .dispatch(action, Origin::Api, Caller::anonymous(), wait)
        .await;
    match answer {
        Ok(answer) => {
            let outcome: acteon_core::Outcome =
                serde_json::from_str(&answer.outcome).expect("an outcome");
            assert_eq!(
                answer.pending,
                outcome.as_str() == "scheduled",
                "{outcome:?}"
            );
            outcome.as_str().to_owned()
        }
        Err(error) => format!("refused: {error}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_dispatch_has_its_answer() {
    let gateway = gateway(OpenLimits::default()).await;
    let wait = Wait::ForOutcome(Duration::from_mins(1));
    // One after the other: what came before decides about repeats.
    let table = [
        ("a", "free", "executed"),
        ("a", "free", "executed"),
        (
            "a",
            "other",
            "refused: the id \"a\" was used before for a different request in this namespace and tenant, with another payload; a new request needs a new id",
        ),
        ("b", "denied", "suppressed"),
        ("c", "nonsense", "failed"),
        ("d", "fail", "failed"),
        ("d", "fail", "failed"),
        ("e", "once", "executed"),
        ("f", "once", "deduplicated"),
        ("g", "few", "executed"),
        ("h", "few", "throttled"),
    ];
    for (id, kind, expected) in table {
        assert_eq!(
            answered(&gateway, id, kind, wait).await,
            expected,
            "{id} {kind}"
        );
    }
    assert_eq!(
        answered(&gateway, "i", "free", Wait::ForCommit).await,
        "scheduled"
    );
    gateway.stop(Duration::from_mins(1)).await;
    assert_eq!(
        answered(&gateway, "j", "free", wait).await,
        "refused: the gateway is stopping; try again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_room_a_known_id_has_its_answer_and_a_new_one_is_refused() {
    let full = gateway(OpenLimits {
        total: 0,
        ..OpenLimits::default()
    })
    .await;
    let wait = Wait::ForOutcome(Duration::from_mins(1));
    assert_eq!(answered(&full, "a", "denied", wait).await, "suppressed");
    assert_eq!(answered(&full, "a", "denied", wait).await, "suppressed");
    assert!(
        answered(&full, "b", "free", wait)
            .await
            .starts_with("refused: ")
    );
}
