//! Effects of policies on an action at an instant.

use acteon_core::{Action, Outcome, Timestamp};

use crate::policies::hold_back::HoldBack;
use crate::shared::Gateway;

impl Gateway {
    /// Hold-back of an action at an instant by silences, and by the time intervals of the rule that
    /// decides. To be called beside what serves others.
    pub fn would_hold_back(
        &self,
        action: &Action,
        rule: Option<&str>,
        at: Timestamp,
    ) -> Option<Outcome> {
        let policies = self.inner.policies.load().as_of(at, action);
        let rule = rule.and_then(|name| policies.rules.rule(name));
        let provider = rule
            .and_then(|rule| rule.verdict().target())
            .unwrap_or(&action.provider);
        match policies.hold_back(action, provider, rule, at, &mut None)? {
            HoldBack::ForGood(outcome) | HoldBack::Silenced(outcome, _) => Some(outcome),
            // What is not to go at all does not wait.
            HoldBack::Postponed(_) if rule.is_some_and(|rule| rule.verdict().kind().refuses()) => {
                None
            }
            HoldBack::Postponed(postponed) => Some(postponed.outcome(action)),
        }
    }
}
