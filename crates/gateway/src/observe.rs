//! One event for every outcome and every attempt: the log line and the metrics come from here.

use std::time::Duration;

use acteon_core::{Action, ProviderError, ProviderName};

/// Whoever counts.
pub trait Observer: Send + Sync {
    /// An outcome was committed.
    fn outcome(&self, event: &OutcomeEvent<'_>);
    /// A provider was called.
    fn attempt(&self, event: &AttemptEvent<'_>);
}

/// What kind of outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutcomeKind {
    /// Everybody was reached.
    Executed,
    /// Some recipients were left out.
    Partial,
    /// A dead letter.
    Failed,
    /// Goes on by itself.
    Scheduled,
}

impl OutcomeKind {
    /// The label in metrics and logs.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Executed => "executed",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Scheduled => "scheduled",
        }
    }
}

/// An outcome that was committed.
pub struct OutcomeEvent<'a> {
    /// The action.
    pub action: &'a Action,
    /// What kind.
    pub kind: OutcomeKind,
    /// For failures and retries: code and message.
    pub error: Option<(&'a str, &'a str)>,
    /// Provider calls made.
    pub attempts: u32,
    /// Since the action was accepted.
    pub took: Duration,
    /// Whether a send may have happened that is not recorded.
    pub possible_duplicate: bool,
}

/// A call of a provider that ended.
pub struct AttemptEvent<'a> {
    /// The provider.
    pub provider: &'a ProviderName,
    /// How long it took.
    pub took: Duration,
    /// What it failed with.
    pub error: Option<&'a ProviderError>,
}

/// Logs an outcome and counts it.
pub(crate) fn emit(observer: &dyn Observer, event: &OutcomeEvent<'_>) {
    let OutcomeEvent { action, kind, error, attempts, took, possible_duplicate } = event;
    let outcome = kind.label();
    let millis = took.as_millis() as u64;
    let (code, message) = error.unwrap_or_default();
    macro_rules! line {
        ($level:ident, $text:literal) => {
            tracing::$level!(
                action = %action.id, namespace = %action.namespace, tenant = %action.tenant, provider = %action.provider,
                outcome, code, error = message, attempts, millis, possible_duplicate, $text
            )
        };
    }
    match kind {
        OutcomeKind::Executed => line!(debug, "action delivered"),
        OutcomeKind::Partial => line!(warn, "action delivered, but not to everybody"),
        OutcomeKind::Failed => line!(warn, "action failed for good; it is kept as a dead letter"),
        OutcomeKind::Scheduled => line!(info, "action goes on later"),
    }
    observer.outcome(event);
}
