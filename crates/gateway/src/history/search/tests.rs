//! Searches on the store in memory, and what they compare.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{
    Action, BoxFuture, Caller, Health, Lane, LaneLimits, Origin, Prepared, Provider, ProviderError,
    ProviderName, Response, Scope, SystemClock, SystemEntropy,
};
use acteon_rules::RuleSet;
use acteon_store::MemoryStore;
use serde_json::value::RawValue;

use super::*;
use crate::{
    AttemptEvent, GatewayOptions, Observer, OutcomeEvent, Parts, Redaction, Registry, Wait,
};

/// Sends each action to a member of its own, and answers with an id of its own.
struct Service;

impl Provider for Service {
    fn prepare(&self, action: &Action) -> Result<Prepared, ProviderError> {
        Ok(Prepared {
            bytes: action.id.as_str().into(),
            recipients: vec![format!("app/to-{}", action.id)],
            ..Prepared::default()
        })
    }

    fn send<'a>(
        &'a self,
        prepared: &'a Prepared,
    ) -> BoxFuture<'a, Result<Response, ProviderError>> {
        let body = format!(
            r#"{{"msgid":"m-{}"}}"#,
            String::from_utf8_lossy(&prepared.bytes)
        );
        Box::pin(async move {
            Ok(Response::success(
                RawValue::from_string(body).expect("JSON"),
            ))
        })
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, ProviderError>> {
        Box::pin(async { Ok(Health::default()) })
    }

    fn lane(&self) -> Lane {
        Lane {
            name: "service".into(),
            limits: LaneLimits {
                max_concurrency: 4,
                max_per_second: None,
            },
            budget: None,
        }
    }
}

struct Nobody;

impl Observer for Nobody {
    fn outcome(&self, _event: &OutcomeEvent<'_>) {}
    fn attempt(&self, _event: &AttemptEvent<'_>) {}
    fn rule_error(&self, _rule: &str) {}
    fn quota(&self, _overage: &'static str) {}
    fn breaker(&self, _provider: &ProviderName, _state: &'static str) {}
    fn unreadable(&self) {}
}

async fn gateway() -> Gateway {
    let mut registry = Registry::default();
    registry
        .add(
            ProviderName::parse("service").expect("a name"),
            Arc::new(Service),
        )
        .expect("added");
    let redaction = Redaction::new(&["payload.pin".to_owned()]).expect("a path");
    let parts = Parts {
        store: Arc::new(MemoryStore::default()),
        clock: Arc::new(SystemClock::new()),
        entropy: Arc::new(SystemEntropy::default()),
        observer: Arc::new(Nobody),
        registry,
        rules: RuleSet::default(),
        options: GatewayOptions {
            redaction,
            ..GatewayOptions::default()
        },
    };
    Gateway::start(parts).await.expect("a gateway")
}

/// The ids that are found, page by page.
async fn found(gateway: &Gateway, search: &Search, limit: usize) -> Vec<String> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let filter = HistoryFilter::of(Scope::everything());
        let page = gateway
            .search(filter, search.clone(), after, limit)
            .await
            .expect("a page");
        assert!(page.views.len() <= limit && !page.cut, "{page:?}");
        found.extend(page.views.iter().map(|view| view.action.id.to_string()));
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_remember_leads_to_an_action() {
    let gateway = gateway().await;
    for number in 0..450 {
        let text = format!(
            r#"{{"id":"a{number}","namespace":"n","tenant":"t","provider":"service","action_type":"x",
                "payload":{{"text":"Order {number} of {}","pin":"pin-{number}"}},"created_at":"2026-01-01T00:00:00Z"}}"#,
            number % 100
        );
        let action = serde_json::from_str(&text).expect("an action");
        let wait = Wait::ForOutcome(Duration::from_mins(1));
        gateway
            .dispatch(action, Origin::Api, Caller::anonymous(), wait)
            .await
            .expect("an answer");
    }
    let search = Search::default();
    let of = |text: &str| Some(text.to_owned());
    let text = Search {
        text: of("OF 7"),
        ..search.clone()
    };
    for limit in [1, 3, 1000] {
        let expected: Vec<String> = (0..450)
            .rev()
            .filter(|number| (number % 100).to_string().starts_with('7'))
            .map(|number| format!("a{number}"))
            .collect();
        assert_eq!(
            found(&gateway, &text, limit).await,
            expected,
            "pages of {limit}"
        );
    }
    assert_eq!(
        found(
            &gateway,
            &Search {
                recipient: of("TO-A17"),
                ..search.clone()
            },
            10
        )
        .await,
        ["a17"]
    );
    assert_eq!(
        found(
            &gateway,
            &Search {
                message_id: of("m-a301"),
                ..search.clone()
            },
            10
        )
        .await,
        ["a301"]
    );
    assert_eq!(
        found(
            &gateway,
            &Search {
                message_id: of("m-a301"),
                ..text
            },
            10
        )
        .await,
        [""; 0]
    );
    assert_eq!(
        found(
            &gateway,
            &Search {
                text: of("pin-7"),
                ..search
            },
            10
        )
        .await,
        [""; 0],
        "it is hidden"
    );
    gateway.stop(Duration::from_secs(5)).await;
}

#[test]
fn texts_and_numbers_are_found_in_parts_and_names_are_not() {
    let json = r#" {"content": "Order 4711 \u5f00 FAILED", "n": [1, {"amount": 1.10}], "flag": true, "none": null} "#;
    for (wanted, found) in [
        ("order 47", true),
        ("开", true),
        ("failed", true),
        ("1.10", true),
        ("content", false),
        ("true", false),
        ("null", false),
    ] {
        assert_eq!(has_text(json.trim(), wanted), found, "{wanted}");
    }
    assert!(
        has_text("1e400", "1E400".to_lowercase().as_str()),
        "also what nobody can count"
    );
}

#[test]
fn ids_are_found_whole() {
    let executed = |body: &str| {
        Outcome::Executed(Response::success(
            RawValue::from_string(body.into()).expect("JSON"),
        ))
    };
    assert!(has_id(&executed(r#"{"errcode":0,"msgid":"m1"}"#), "m1"));
    assert!(has_id(
        &executed(r#"{"id":18446744073709551617}"#),
        "18446744073709551617"
    ));
    for (body, wanted) in [
        (r#"{"msgid":"m12"}"#, "m1"),
        (r#"{"errcode":0}"#, "0"),
        (r#"["m1"]"#, "m1"),
    ] {
        assert!(!has_id(&executed(body), wanted), "{body}");
    }
}

#[test]
fn departments_and_tags_are_found_with_and_without_their_kind() {
    for (recipient, wanted, found) in [
        ("ZhangSan", "zhangsan", true),
        ("party/12", "12", true),
        ("party/12", "party/12", true),
        ("tag/12", "party/12", false),
    ] {
        assert_eq!(
            is_recipient(recipient, wanted),
            found,
            "{recipient} {wanted}"
        );
    }
}
