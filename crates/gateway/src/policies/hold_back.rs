//! What holds an action back: for good, or until an instant.

use std::time::Duration;

use acteon_core::{Action, LastError, Origin, Outcome, Timestamp};
use acteon_rules::{Muting, Rule, Verdict};

/// Hold-back of an action.
pub(crate) enum HoldBack {
    /// The action does not go, and has this outcome.
    ForGood(Outcome),
    /// A silence covers it until an instant. It does not go, and has this outcome; but for what waits for the end of silences.
    Silenced(Outcome, Timestamp),
    /// The action goes later.
    Postponed(Postponed),
}

/// Code of what waits for a time interval.
pub(crate) const MUTED: &str = "MUTED";

/// Code of what waits for the end of a silence.
pub(crate) const SILENCED: &str = "SILENCED";

/// Longest pause before what waits for the end of a silence is looked at again: somebody may end that early.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// An action that is written now and sent later.
#[derive(Clone, Debug)]
pub(crate) struct Postponed {
    /// From when on it may go, by the wall clock.
    pub(crate) until: Timestamp,
    pub(crate) cause: Cause,
}

/// The cause of a postponement.
#[derive(Clone, Debug)]
pub(crate) enum Cause {
    /// A time interval of its rule mutes it until then.
    Interval { interval: String, rule: String },
    /// This silence covers it, and it is one of those that wait for the end of silences.
    Silence(String),
    /// Its caller, or a rule with the verdict `schedule`, named the instant.
    Schedule,
}

impl HoldBack {
    /// Hold-back by a rule's muting. One whose end is not in sight is for good.
    pub(super) fn of_muting(muting: &Muting, until: Option<Timestamp>, rule: &Rule) -> Self {
        let (interval, rule) = (muting.interval.to_string(), rule.name().to_string());
        match until {
            Some(until) => Self::Postponed(Postponed {
                until,
                cause: Cause::Interval { interval, rule },
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
            Self::ForGood(outcome) | Self::Silenced(outcome, _) => Some(outcome),
            Self::Postponed(_) => None,
        }
    }

    /// Postponement, or else the outcome of what does not go. `waits` is whether the action waits for the end of silences: a message to one who decides
    /// does, as its approval waits.
    pub(crate) fn postpones(self, waits: bool, now: Timestamp) -> Result<Postponed, Outcome> {
        match self {
            Self::Postponed(postponed) => Ok(postponed),
            Self::Silenced(Outcome::Silenced { silence_id, .. }, ends_at) if waits => {
                Ok(Postponed {
                    until: ends_at.min(now + LOOK_AGAIN),
                    cause: Cause::Silence(silence_id),
                })
            }
            Self::ForGood(outcome) | Self::Silenced(outcome, _) => Err(outcome),
        }
    }
}

/// Whether a caller or a rule may name the instant at which an action of this origin goes: what is decided about one at its acceptance is made up
/// for when it goes. A replay goes now, since it waited before.
pub(crate) fn may_be_scheduled(origin: Origin) -> bool {
    match origin {
        Origin::Api | Origin::Recurring | Origin::Chain | Origin::Approval => true,
        Origin::Replay | Origin::Notice => false,
    }
}

impl Postponed {
    /// The instant that an action's caller or rule schedules it for: the later one, where both do. `None` where it may go at `now`.
    pub(crate) fn by_schedule(
        action: &Action,
        rule: Option<&Rule>,
        now: Timestamp,
    ) -> Option<Self> {
        let by_rule = match rule.map(Rule::verdict) {
            Some(Verdict::Schedule { delay }) => Some(now + *delay),
            _ => None,
        };
        let until = action.scheduled_for(now).max(by_rule)?;
        (until > now).then_some(Self {
            until,
            cause: Cause::Schedule,
        })
    }

    /// Whether its caller or a rule named the instant.
    pub(crate) fn is_scheduled(&self) -> bool {
        matches!(self.cause, Cause::Schedule)
    }

    /// The answer for the action.
    pub(crate) fn outcome(&self, action: &Action) -> Outcome {
        Outcome::Scheduled {
            action_id: action.id.clone(),
            scheduled_for: self.until,
            attempts: 0,
            last_error: self.why(),
        }
    }

    /// Why the action waits, as its caller hears it; `None` where that is what was asked for.
    pub(crate) fn why(&self) -> Option<LastError> {
        let until = self.until;
        match &self.cause {
            Cause::Schedule => None,
            Cause::Interval { interval, rule } => Some(LastError {
                code: MUTED.into(),
                message: format!(
                    "the rule {rule:?} postpones it until {until}, by the time interval {interval:?}"
                ),
                retryable: true,
            }),
            Cause::Silence(silence) => Some(LastError {
                code: SILENCED.into(),
                message: format!(
                    "the silence {silence:?} covers it, and it waits for its end; it is looked at again at {until}"
                ),
                retryable: true,
            }),
        }
    }

    /// Reason why the action is not sent any more, if it expires before it may go.
    pub(crate) fn expiry(&self, action: &Action) -> Option<String> {
        let until = self.until;
        let expires = action.expires_at.filter(|expires| *expires <= until)?;
        Some(match &self.cause {
            Cause::Interval { interval, .. } => format!(
                "not sent: the time interval {interval:?} postpones it until {until}, and it expires at {expires}"
            ),
            Cause::Silence(silence) => format!(
                "not sent: the silence {silence:?} covers it until after it expires, at {expires}"
            ),
            Cause::Schedule => {
                format!("not sent: it is scheduled for {until}, and it expires at {expires}")
            }
        })
    }
}
