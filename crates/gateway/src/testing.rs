//! A provider, an observer and actions for the tables of several modules.

use acteon_core::{
    Action, BoxFuture, ErrorKind, Health, Lane, LaneLimits, Prepared, Provider, ProviderError,
    ProviderName, Response,
};
use acteon_rules::{Context, RuleFile, RuleSet};
use serde_json::value::RawValue;

use crate::{AttemptEvent, Observer, OutcomeEvent};

/// Provider that does what the payload says: one with `fail` in it is refused by the service, and
/// of one with `nonsense` no request is made.
pub(crate) struct Obedient;

impl Provider for Obedient {
    fn prepare(&self, action: &Action) -> Result<Prepared, ProviderError> {
        let text = action.payload.get();
        if text.contains("nonsense") {
            let message = "no request can be made of this";
            return Err(ProviderError::new(ErrorKind::Serialization, message));
        }
        Ok(Prepared {
            bytes: text.into(),
            ..Prepared::default()
        })
    }

    fn send<'a>(
        &'a self,
        prepared: &'a Prepared,
    ) -> BoxFuture<'a, Result<Response, ProviderError>> {
        let fails = String::from_utf8_lossy(&prepared.bytes).contains("fail");
        Box::pin(async move {
            if fails {
                return Err(ProviderError::new(ErrorKind::ExecutionFailed, "refused"));
            }
            Ok(Response::success(
                RawValue::from_string("{}".to_owned()).expect("JSON"),
            ))
        })
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, ProviderError>> {
        Box::pin(async { Ok(Health::default()) })
    }

    fn lane(&self) -> Lane {
        Lane {
            name: "lane".into(),
            limits: LaneLimits {
                max_concurrency: 4,
                max_per_second: None,
            },
            budget: None,
        }
    }
}

/// Observer that counts nothing.
pub(crate) struct Unobserved;

impl Observer for Unobserved {
    fn outcome(&self, _event: &OutcomeEvent<'_>) {}
    fn attempt(&self, _event: &AttemptEvent<'_>) {}
    fn rule_error(&self, _rule: &str) {}
    fn quota(&self, _overage: &'static str) {}
    fn breaker(&self, _provider: &ProviderName, _state: &'static str) {}
    fn unreadable(&self) {}
}

/// Rules of a YAML text.
pub(crate) fn rules(text: &str) -> RuleSet {
    let file = RuleFile {
        name: "rules.yaml".to_owned(),
        text: text.to_owned(),
    };
    RuleSet::compile(&[file], &Context::default()).expect("rules")
}

/// Action of one namespace and tenant, with its payload and further fields as JSON.
pub(crate) fn action(id: &str, payload: &str, fields: &str) -> Action {
    let text = format!(
        r#"{{"id":"{id}","namespace":"n","tenant":"t","action_type":"x","payload":{payload},
            "created_at":"2026-01-01T00:00:00Z",{fields}}}"#
    );
    serde_json::from_str(&text).expect("an action")
}

/// Provider name that is known to be valid.
pub(crate) fn provider(name: &str) -> ProviderName {
    ProviderName::parse(name).expect("a name")
}
