//! Outcomes that have counters.

use acteon_gateway::OutcomeKind;

/// Outcomes that have counters, each with its counter's help.
pub(super) const OUTCOMES: [(OutcomeKind, &str); 15] = [
    (
        OutcomeKind::Executed,
        "Actions that the provider asked for took, partial ones among them",
    ),
    (
        OutcomeKind::Partial,
        "Actions that a provider took, but not for all recipients",
    ),
    (
        OutcomeKind::Rerouted,
        "Actions that another provider took than the one asked for",
    ),
    (OutcomeKind::Failed, "Actions that became dead letters"),
    (
        OutcomeKind::Scheduled,
        "Times that an action was put off to a later attempt",
    ),
    (OutcomeKind::Suppressed, "Actions that a rule said no to"),
    (
        OutcomeKind::Deduplicated,
        "Actions whose dedup key another action held",
    ),
    (
        OutcomeKind::Throttled,
        "Actions that were too many within a rule's window",
    ),
    (OutcomeKind::QuotaExceeded, "Actions that a quota held back"),
    (OutcomeKind::Silenced, "Actions that a silence held back"),
    (OutcomeKind::Muted, "Actions that a time interval held back"),
    (OutcomeKind::ChainStarted, "Actions that started a chain"),
    (
        OutcomeKind::PendingApproval,
        "Actions that people decide about",
    ),
    (
        OutcomeKind::Cancelled,
        "Scheduled actions that somebody called off",
    ),
    (
        OutcomeKind::CircuitOpen,
        "Actions that met an open breaker, where nothing goes on by itself",
    ),
];
