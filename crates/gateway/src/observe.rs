//! Events, one for every outcome and every attempt: the log line and the metrics come from here.

use std::time::Duration;

use acteon_core::{Action, Outcome, ProviderError, ProviderName, ResponseStatus};
use acteon_rules::RuleError;

/// Observer of attempts, outcomes and other events, for logs and metrics.
pub trait Observer: Send + Sync {
    /// An outcome was committed.
    fn outcome(&self, event: &OutcomeEvent<'_>);
    /// A provider was called.
    fn attempt(&self, event: &AttemptEvent<'_>);
    /// A rule failed, and so did not match.
    fn rule_error(&self, rule: &str);
    /// Something plain goes in place of what a profile was to render.
    fn template_error(&self) {}
    /// A provider's breaker is now `closed`, `open` or `half_open`.
    fn breaker(&self, provider: &ProviderName, state: &'static str);
    /// A lane paused because a call failed with this.
    fn lane_paused(&self, lane: &str, error: &ProviderError) {
        let _ = (lane, error);
    }
    /// A quota was used up, and did this.
    fn quota(&self, overage: &'static str);
    /// An action ended because its row in the store cannot be read.
    fn unreadable(&self);
    /// An event could not be told as it is.
    fn event_unreadable(&self) {}
    /// The oldest event that others may still come before waits for so long; zero where none does.
    fn stream_waits(&self, waits: Duration) {
        let _ = waits;
    }
    /// Retention deleted so many actions. Its clock is `behind` the machine's.
    fn retention(&self, deleted: usize, behind: Duration) {
        let _ = (deleted, behind);
    }
}

/// Kind of an outcome, under which it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutcomeKind {
    /// The provider took it, for every recipient.
    Executed,
    /// The provider took it, but not for all recipients.
    Partial,
    /// It will not be sent any more, and is a dead letter.
    Failed,
    /// It goes on by itself.
    Scheduled,
    /// Another provider took it.
    Rerouted,
    /// A rule said no.
    Suppressed,
    /// Another action holds its dedup key.
    Deduplicated,
    /// Too many went within a rule's window.
    Throttled,
    /// A quota is used up.
    QuotaExceeded,
    /// A silence holds it back.
    Silenced,
    /// A time interval holds it back.
    Muted,
    /// It started a chain.
    ChainStarted,
    /// People decide whether it goes.
    PendingApproval,
    /// Somebody called it off.
    Cancelled,
    /// The provider's breaker is open.
    CircuitOpen,
}

impl OutcomeKind {
    /// Label of the kind in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Executed => "executed",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Scheduled => "scheduled",
            Self::Rerouted => "rerouted",
            Self::Suppressed => "suppressed",
            Self::Deduplicated => "deduplicated",
            Self::Throttled => "throttled",
            Self::QuotaExceeded => "quota_exceeded",
            Self::Silenced => "silenced",
            Self::Muted => "muted",
            Self::ChainStarted => "chain_started",
            Self::PendingApproval => "pending_approval",
            Self::Cancelled => "cancelled",
            Self::CircuitOpen => "circuit_open",
        }
    }
}

impl From<&Outcome> for OutcomeKind {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Executed(response) if response.status == ResponseStatus::Partial => {
                Self::Partial
            }
            Outcome::Executed(_) | Outcome::DryRun(_) => Self::Executed,
            Outcome::Failed { .. } => Self::Failed,
            Outcome::Scheduled { .. } => Self::Scheduled,
            Outcome::Rerouted { .. } => Self::Rerouted,
            Outcome::Suppressed { .. } => Self::Suppressed,
            Outcome::Deduplicated { .. } => Self::Deduplicated,
            Outcome::Throttled { .. } => Self::Throttled,
            Outcome::QuotaExceeded { .. } => Self::QuotaExceeded,
            Outcome::Silenced { .. } => Self::Silenced,
            Outcome::Muted { .. } => Self::Muted,
            Outcome::ChainStarted { .. } => Self::ChainStarted,
            Outcome::PendingApproval { .. } => Self::PendingApproval,
            Outcome::Cancelled { .. } => Self::Cancelled,
            Outcome::CircuitOpen { .. } => Self::CircuitOpen,
        }
    }
}

/// Event of an outcome that was committed.
pub struct OutcomeEvent<'a> {
    /// Action that has this outcome.
    pub action: &'a Action,
    /// Provider that it went through, or was to go through.
    pub provider: &'a ProviderName,
    /// Kind of the outcome.
    pub kind: OutcomeKind,
    /// Name of the rule that decided.
    pub rule: Option<&'a str>,
    /// Code and message of a failure or a retry.
    pub error: Option<(&'a str, &'a str)>,
    /// Number of calls of a provider.
    pub attempts: u32,
    /// Time since the action was accepted.
    pub took: Duration,
    /// Whether a send may have happened that is not recorded.
    pub possible_duplicate: bool,
}

impl<'a> OutcomeEvent<'a> {
    /// Event of an action that was over before it could be sent.
    pub(crate) fn at_the_gate(
        action: &'a Action,
        outcome: &'a Outcome,
        rule: Option<&'a str>,
    ) -> Self {
        let error = match outcome {
            Outcome::Failed { code, message, .. } => Some((code.as_str(), message.as_str())),
            _ => None,
        };
        let provider = &action.provider;
        Self {
            action,
            provider,
            kind: outcome.into(),
            rule,
            error,
            attempts: 0,
            took: Duration::ZERO,
            possible_duplicate: false,
        }
    }
}

/// Event of a call of a provider that ended.
pub struct AttemptEvent<'a> {
    /// Provider that was called.
    pub provider: &'a ProviderName,
    /// Time that the call took.
    pub took: Duration,
    /// Error that it failed with.
    pub error: Option<&'a ProviderError>,
}

/// Logs an outcome and counts it.
pub(crate) fn emit(observer: &dyn Observer, event: &OutcomeEvent<'_>) {
    let OutcomeEvent {
        action,
        kind,
        rule,
        error,
        attempts,
        took,
        possible_duplicate,
        ..
    } = event;
    let outcome = kind.as_str();
    let millis = took.as_millis() as u64;
    let (code, message) = error.unwrap_or_default();
    macro_rules! line {
        ($level:ident, $text:literal) => {
            tracing::$level!(
                action = %action.id, namespace = %action.namespace, tenant = %action.tenant, provider = %action.provider,
                outcome, rule, code, error = message, attempts, millis, possible_duplicate, $text
            )
        };
    }
    match kind {
        OutcomeKind::Executed => line!(debug, "action delivered"),
        OutcomeKind::Rerouted => line!(debug, "action delivered through another provider"),
        OutcomeKind::Suppressed
        | OutcomeKind::Deduplicated
        | OutcomeKind::Throttled
        | OutcomeKind::QuotaExceeded
        | OutcomeKind::Silenced
        | OutcomeKind::Muted
        | OutcomeKind::CircuitOpen => line!(info, "action held back"),
        OutcomeKind::Partial => line!(warn, "action delivered, but not to everybody"),
        OutcomeKind::ChainStarted => line!(debug, "action started a chain"),
        OutcomeKind::PendingApproval => line!(info, "action waits for approval"),
        OutcomeKind::Cancelled => line!(info, "action cancelled"),
        OutcomeKind::Failed => line!(warn, "action failed for good; it is kept as a dead letter"),
        OutcomeKind::Scheduled => line!(info, "action goes on later"),
    }
    observer.outcome(event);
}

/// Tells that something plain goes in place of what a profile was to render, where that is so.
pub(crate) fn emit_template_error(observer: &dyn Observer, action: &Action, error: Option<&str>) {
    let Some(error) = error else { return };
    tracing::warn!(action = %action.id, namespace = %action.namespace, tenant = %action.tenant, error, "a payload could not be rendered, so something plain goes in its place");
    observer.template_error();
}

/// Logs and counts the rules that failed over an action, and so did not match.
pub(crate) fn emit_rule_errors(
    observer: &dyn Observer,
    action: &Action,
    rule_errors: &[RuleError],
) {
    for RuleError { rule, message } in rule_errors {
        tracing::error!(action = %action.id, rule = %rule, error = message, "a rule failed; it did not match");
        observer.rule_error(rule);
    }
}
