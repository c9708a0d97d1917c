//! What is decided about an action, by rules, intervals, expiry and providers.

use std::time::Duration;

use acteon_core::SystemClock;
use acteon_crypto::LinkKeys;
use tokio::sync::Notify;

use super::*;
use crate::approvals::links::Links;
use crate::deliver::breaker::Breakers;
use crate::deliver::retry::RetryPolicy;
use crate::policies::Policies;
use crate::registry::{Providers, Registry};
use crate::testing::{Obedient, action, provider, rules};

const RULES: &str = r#"
time_intervals:
  - {name: nights, time_ranges: [{times: [{start: "00:00", end: "08:00"}]}]}
rules:
  - {name: no, condition: 'action.payload.kind == "denied"', action: {type: deny}}
  - {name: hush, condition: 'action.payload.kind == "suppressed"', action: {type: suppress}}
  - {name: quiet, condition: 'action.payload.kind == "muted"', mute_time_intervals: [nights], action: {type: allow}}
  - {name: later, condition: 'action.payload.kind == "postponed"', mute_time_intervals: [nights], on_mute: postpone, action: {type: allow}}
  - {name: muted-no, condition: 'action.payload.kind == "muted and denied"', mute_time_intervals: [nights], action: {type: deny}}
  - {name: other, condition: 'action.payload.kind == "rerouted"', action: {type: reroute, target_provider: other}}
  - {name: lost, condition: 'action.payload.kind == "lost"', action: {type: reroute, target_provider: othr}}
  - {name: once, condition: 'action.payload.kind == "once"', action: {type: deduplicate, ttl_seconds: 60}}
  - {name: few, condition: 'action.payload.kind == "few"', action: {type: throttle, max_count: 2, window_seconds: 60}}
  - {name: soon, condition: 'action.payload.kind == "soon"', action: {type: allow, priority: high}}
  - {name: deploys, condition: 'action.payload.deploy == true', action: {type: request_approval, notify_provider: log, approvers: [lena], priority: high}}
  - {name: freeze, condition: 'action.payload.frozen == true', action: {type: deny}}
  - {name: broken, condition: '1 / action.payload.zero == 1', on_error: hold, action: {type: deny}}
"#;

/// Three o'clock at night.
fn now() -> Timestamp {
    Timestamp::parse("2026-01-01T03:00:00Z").expect("a time")
}

fn providers() -> Providers {
    let mut registry = Registry::default();
    for name in ["log", "other"] {
        registry
            .add(provider(name), Arc::new(Obedient))
            .expect("added");
    }
    let clock: Arc<dyn acteon_core::Clock> = Arc::new(SystemClock::new());
    registry.wire(&clock, &Arc::new(Notify::new()), &Breakers::default())
}

/// A plan in one line: the verdict, its rule, the priority where it is not normal, and what is done.
fn line(plan: &Plan) -> String {
    let rule = plan.rule.as_deref().unwrap_or("-");
    let priority = match plan.priority {
        Priority::Normal => String::new(),
        other => format!(", {}", other.as_str()),
    };
    let step = match &plan.step {
        Step::End(Outcome::Failed { code, message, .. }) => format!("Failed {code}: {message}"),
        Step::End(outcome) => outcome.as_str().to_owned(),
        Step::StartChain(_) => "start a chain".to_owned(),
        Step::Send(conditions, routes, postponed) => {
            let names = routes.iter().map(|route| route.entry.name.to_string());
            let mut parts = vec![names.collect::<Vec<_>>().join(" or ")];
            parts.extend(conditions.dedup.as_ref().map(|_| "once".to_owned()));
            let throttle = conditions.throttle.as_ref();
            parts.extend(throttle.map(|throttle| format!("at most {}", throttle.max_count)));
            parts.extend(
                postponed
                    .as_ref()
                    .map(|later| format!("at {}", later.until)),
            );
            format!("send through {}", parts.join(", "))
        }
        Step::Ask(ask) => format!("ask {}", ask.policy.approvers.join(", ")),
    };
    format!("{} by {rule}{priority}: {step}", plan.verdict.as_str())
}

#[test]
fn people_are_asked_once_and_the_rules_behind_decide_about_what_they_approved() {
    let payload = r#"{"deploy":true}"#;
    let at = |payload: &str, origin| planned(payload, r#""provider":"log""#, origin);
    assert_eq!(
        at(payload, Origin::Api),
        "request_approval by deploys, high: ask lena"
    );
    assert_eq!(
        at(payload, Origin::Approval),
        "allow by -: send through log"
    );
    let frozen = r#"{"deploy":true,"frozen":true}"#;
    assert_eq!(
        at(frozen, Origin::Api),
        "request_approval by deploys, high: ask lena"
    );
    assert_eq!(at(frozen, Origin::Approval), "deny by freeze: suppressed");
}

#[test]
#[rustfmt::skip]
fn each_action_has_its_verdict_and_its_step() {
    const TO_LOG: &str = r#""provider":"log""#;
    let table = [
        ("free", TO_LOG, "allow by -: send through log"),
        ("denied", TO_LOG, "deny by no: suppressed"),
        ("suppressed", TO_LOG, "suppress by hush: suppressed"),
        ("muted", TO_LOG, "allow by quiet: muted"),
        // What holds an action back for good is told before what its rule says.
        ("muted and denied", TO_LOG, "deny by muted-no: muted"),
        ("postponed", TO_LOG, "allow by later: send through log, at 2026-01-01T08:00:00.000Z"),
        ("rerouted", TO_LOG, "reroute by other: send through other"),
        ("lost", TO_LOG, r#"reroute by lost: Failed PROVIDER_NOT_FOUND: there is no provider named "othr"; did you mean "other"?"#),
        ("once", r#""provider":"log","dedup_key":"k""#, "deduplicate by once: send through log, once"),
        ("few", TO_LOG, "throttle by few: send through log, at most 2"),
        ("soon", TO_LOG, "allow by soon, high: send through log"),
        ("free", r#""provider":"log","priority":"low""#, "allow by -, low: send through log"),
        ("free", r#""provider":"nowhere""#, r#"allow by -: Failed PROVIDER_NOT_FOUND: there is no provider named "nowhere""#),
        ("nonsense", TO_LOG, "allow by -: Failed SERIALIZATION: no request can be made of this"),
        ("free", r#""provider":"log","expires_at":"2026-01-01T03:00:00Z""#, "allow by -: Failed EXPIRED: not sent: it expired at 2026-01-01T03:00:00.000Z"),
        ("free", r#""provider":"log","expires_at":"2026-01-01T03:00:01Z""#, "allow by -: send through log"),
        // A verdict that refuses is told before an expiry.
        ("denied", r#""provider":"log","expires_at":"2026-01-01T02:00:00Z""#, "deny by no: suppressed"),
    ];
    for (kind, fields, expected) in table {
        let payload = format!(r#"{{"kind":"{kind}"}}"#);
        assert_eq!(planned(&payload, fields, Origin::Api), expected, "{kind}");
    }
}

#[test]
fn a_rule_that_fails_holds_where_it_says_so_and_never_the_gateways_own_notices() {
    let payload = r#"{"kind":"free","zero":0}"#;
    let held = planned(payload, r#""provider":"log""#, Origin::Api);
    assert!(
        held.starts_with(r#"deny by broken: Failed HELD: held back: the rule "broken" failed ("#)
            && held.ends_with(") and says on_error: hold"),
        "{held}"
    );
    assert_eq!(
        planned(payload, r#""provider":"log""#, Origin::Notice),
        "allow by -: send through log"
    );
}

fn planned(payload: &str, fields: &str, origin: Origin) -> String {
    let mut policies = Policies::default();
    policies.rules = rules(RULES);
    let (providers, retry) = (providers(), RetryPolicy::default());
    let links = Links::new("http://localhost", LinkKeys::default());
    let context = PlanContext {
        links: &links,
        policies: &policies,
        providers: &providers,
        retry: &retry,
        now: now(),
        due: now(),
        due_of: &|wall| wall,
        monotonic: Duration::ZERO,
    };
    let action = action("a", payload, fields);
    line(&plan(&action, origin, &Caller::anonymous(), &context))
}
