//! Hold-back of an action: for good, or until a time interval ends.

use acteon_core::{Action, LastError, Outcome, Timestamp};
use acteon_rules::{Muting, Rule};

/// Hold-back of an action.
pub(crate) enum HoldBack {
    /// The action does not go, and has this outcome.
    ForGood(Outcome),
    /// The action goes later.
    Postponed(Postponed),
}

/// Code of what waits for a time interval.
pub(crate) const MUTED: &str = "MUTED";

/// Postponement of an action by a time interval.
#[derive(Clone, Debug)]
pub(crate) struct Postponed {
    /// Instant of the wall clock from which on its rule no longer mutes.
    pub(crate) until: Timestamp,
    interval: String,
    rule: String,
}

impl HoldBack {
    /// Hold-back by a rule's muting. One whose end is not in sight is for good.
    pub(super) fn of_muting(muting: &Muting, until: Option<Timestamp>, rule: &Rule) -> Self {
        let (interval, rule) = (muting.interval.to_string(), rule.name().to_string());
        match until {
            Some(until) => Self::Postponed(Postponed {
                until,
                interval,
                rule,
            }),
            None => Self::ForGood(Outcome::Muted {
                interval,
                reason: muting.reason.into(),
                matched_rule: Some(rule),
            }),
        }
    }

    /// Outcome, where it is for good.
    pub(crate) fn for_good(self) -> Option<Outcome> {
        match self {
            Self::ForGood(outcome) => Some(outcome),
            Self::Postponed(_) => None,
        }
    }
}

impl Postponed {
    /// Outcome of the action until then, as its caller is answered.
    pub(crate) fn outcome(&self, action: &Action) -> Outcome {
        Outcome::Scheduled {
            action_id: action.id.clone(),
            scheduled_for: self.until,
            attempts: 0,
            last_error: Some(self.why()),
        }
    }

    /// Reason why the action waits, as its caller hears it.
    pub(crate) fn why(&self) -> LastError {
        let Self {
            until,
            interval,
            rule,
        } = self;
        let message = format!(
            "the rule {rule:?} postpones it until {until}, by the time interval {interval:?}"
        );
        LastError {
            code: MUTED.into(),
            message,
            retryable: true,
        }
    }

    /// Reason why the action is not sent any more, if it expires before it may go.
    pub(crate) fn expiry(&self, action: &Action) -> Option<String> {
        let Self {
            until, interval, ..
        } = self;
        let expires = action.expires_at.filter(|expires| expires <= until)?;
        Some(format!(
            "not sent: the time interval {interval:?} postpones it until {until}, and it expires at {expires}"
        ))
    }
}
