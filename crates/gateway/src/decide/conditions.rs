//! Conditions that the gate checks for an action because of its rule: its dedup key, or its
//! throttle.

use acteon_core::{Action, Timestamp};
use acteon_rules::{Rule, Verdict};
use acteon_store::{Conditions, DedupCheck, ThrottleCheck};

pub(crate) fn conditions(action: &Action, rule: Option<&Rule>, now: Timestamp) -> Conditions {
    let Some(rule) = rule else {
        return Conditions::default();
    };
    let scope = format!("{}\u{1f}{}", action.namespace, action.tenant);
    match rule.verdict() {
        Verdict::Deduplicate { ttl } => {
            let check = |key: &String| DedupCheck {
                key: format!("{scope}\u{1f}{key}"),
                until: now + *ttl,
            };
            Conditions {
                dedup: action.dedup_key.as_ref().map(check),
                throttle: None,
            }
        }
        Verdict::Throttle { max_count, window } => {
            let key = format!(
                "{scope}\u{1f}{}\u{1f}{max_count}\u{1f}{}",
                rule.name(),
                window.as_secs()
            );
            let throttle = ThrottleCheck {
                key,
                max_count: *max_count,
                window: *window,
                rule: rule.name().to_string(),
            };
            Conditions {
                dedup: None,
                throttle: Some(throttle),
            }
        }
        Verdict::Allow
        | Verdict::Deny
        | Verdict::Suppress
        | Verdict::Reroute { .. }
        | Verdict::Modify { .. }
        | Verdict::Schedule { .. }
        | Verdict::Chain { .. }
        | Verdict::RequestApproval { .. } => Conditions::default(),
    }
}
