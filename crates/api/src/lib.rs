//! Bodies of the HTTP API, shared by the server and its clients, with the schemas of its `OpenAPI` document.
//!
//! Field names are those of the wire format that the published clients read. Outcomes are `acteon_core::Outcome`.

#![deny(missing_docs)]

mod actions;
mod error;
mod health;
mod operations;
mod policies;
mod schemas;

pub use actions::{
    ActionBody, AuditPage, AuditRecord, DeadLetterCount, DeadLetters, DrainedLetter,
    DrainedLetters, Replayed, ReplayedMany,
};
pub use error::{BatchError, ErrorBody, FieldError};
pub use health::{LaneBody, ProviderHealthBody, ProvidersHealthBody, ReadyBody};
pub use operations::{
    BreakerBody, BreakerMoved, Breakers, Coverage, CoverageEntry, Evaluated, HealthBody, Lanes,
    Reloaded, RuleBody, RuleSwitched, RulesReloaded,
};
pub use policies::{
    MatcherBody, QuotaBody, QuotaUsage, QuotaUsed, Quotas, SilenceBody, SilencePreview, Silences,
    TimeIntervalBody, TimeIntervals,
};
pub use schemas::schemas;
