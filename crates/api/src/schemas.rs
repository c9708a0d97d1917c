//! Schemas of the bodies, by name, for the `OpenAPI` document.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::PartialSchema;

use crate::{
    AcceptedAction, ActionBody, AttachmentBody, AttemptBody, AuditPage, AuditRecord, BatchError,
    BreakerBody, BreakerMoved, Breakers, Coverage, CoverageEntry, DeadLetterCount, DeadLetters,
    DrainedLetter, DrainedLetters, ErrorBody, Evaluated, FieldError, HealthBody, LaneBody, Lanes,
    LastError, MatcherBody, ProviderHealthBody, ProviderResponse, ProvidersHealthBody, QuotaBody,
    QuotaUsage, QuotaUsed, Quotas, ReadyBody, Reloaded, Replayed, ReplayedMany, RuleBody,
    RuleSwitched, RulesReloaded, ScheduledActionBody, ScheduledActions, SilenceBody,
    SilencePreview, Silences, Span, TimeIntervalBody, TimeIntervals,
};

/// JSON Schema of each body of an answer.
pub fn schemas() -> BTreeMap<&'static str, Value> {
    let mut schemas = BTreeMap::from([
        ("Object", json!({ "type": "object" })),
        (
            "Rules",
            json!({ "type": "array", "items": { "$ref": "#/components/schemas/RuleBody" } }),
        ),
    ]);
    schemas.extend(crate::chains::schemas());
    schemas.extend(crate::approvals::schemas());
    schemas.extend(crate::outcomes::schemas());
    schemas.extend(crate::people::schemas());
    schemas.extend(crate::policies::schemas());
    schemas.extend(crate::recurring::schemas());
    schemas.extend(crate::templates::schemas());
    macro_rules! of {
        ($($body:ident),* $(,)?) => {
            $(schemas.insert(stringify!($body), json!($body::schema()));)*
        };
    }
    of!(
        AcceptedAction,
        AttachmentBody,
        ActionBody,
        AttemptBody,
        AuditPage,
        AuditRecord,
        BatchError,
        BreakerBody,
        BreakerMoved,
        Breakers,
        Coverage,
        CoverageEntry,
        DeadLetterCount,
        DeadLetters,
        DrainedLetter,
        DrainedLetters,
        ErrorBody,
        Evaluated,
        FieldError,
        HealthBody,
        LaneBody,
        LastError,
        Lanes,
        MatcherBody,
        ProviderHealthBody,
        ProviderResponse,
        ProvidersHealthBody,
        QuotaBody,
        QuotaUsage,
        QuotaUsed,
        Quotas,
        ReadyBody,
        Reloaded,
        Replayed,
        ReplayedMany,
        RuleBody,
        RuleSwitched,
        RulesReloaded,
        ScheduledActionBody,
        ScheduledActions,
        SilenceBody,
        SilencePreview,
        Silences,
        Span,
        TimeIntervalBody,
        TimeIntervals
    );
    schemas
}
