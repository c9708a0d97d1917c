//! Bodies of the HTTP API, shared by the server and its clients, with the schemas of its `OpenAPI` document.
//!
//! Field names are those of the wire format that the published clients read.

mod actions;
mod approvals;
mod chains;
mod error;
mod examples;
mod health;
mod operations;
mod outcomes;
mod people;
mod policies;
mod recurring;
mod replays;
mod schemas;
mod templates;

pub use actions::{
    AcceptedAction, ActionBody, AttachmentBody, AuditPage, AuditRecord, DeadLetterCount,
    DeadLetters, DrainedLetter, DrainedLetters, ScheduledActionBody, ScheduledActions,
};
pub use approvals::{
    ApprovalBody, ApprovalDecided, ApprovalDecision, ApprovalDelegation, ApprovalsBody,
};
pub use chains::{
    ChainAttempt, ChainBranch, ChainDag, ChainDefinition, ChainDefinitionSummary, ChainDefinitions,
    ChainDetail, ChainEdge, ChainFailure, ChainHistory, ChainNode, ChainOnCancel, ChainRetry,
    ChainStep, ChainStepDefinition, ChainStepHistory, ChainSummary, ChainTimer, ChainWait, Chains,
    ExecutionBody, ExecutionEvent, ExecutionHistory, Executions, SignalSent,
};
pub use error::{BatchError, ErrorBody, FieldError, NOTHING_DONE};
pub use examples::example;
pub use health::{LaneBody, ProviderHealthBody, ProvidersHealthBody, ReadyBody};
pub use operations::{
    BreakerBody, BreakerMoved, Breakers, Coverage, CoverageEntry, Evaluated, HealthBody, Lanes,
    Reloaded, RuleBody, RuleSwitched, RulesReloaded,
};
pub use outcomes::{
    AttemptBody, Cancelled, ChainStarted, CircuitOpen, Deduplicated, DryRun, Failed, LastError,
    Muted, Outcome, PendingApproval, ProviderResponse, QuotaExceeded, Rerouted, Scheduled,
    Silenced, Span, Suppressed, Throttled,
};
pub use people::{People, PeopleGroupBody, PeopleGroups, PersonBody};
pub use policies::{
    MatcherBody, QuotaBody, QuotaUsage, QuotaUsed, Quotas, SilenceBody, SilencePreview, Silences,
    TimeIntervalBody, TimeIntervals,
};
pub use recurring::{
    Backfilled, BackfilledOccurrence, OccurrenceBody, RecurringActions, RecurringBody,
    RecurringCreated, RecurringPreview, UpcomingAction, UpcomingActions,
};
pub use replays::{Replayed, ReplayedMany};
pub use schemas::schemas;
pub use templates::{
    ProfileBody, Profiles, RenderedProfile, TemplateBody, Templates, TemplatesReloaded,
};
