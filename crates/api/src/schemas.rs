//! Schemas of the bodies, by name, for the `OpenAPI` document.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::PartialSchema;

use crate::{
    ActionBody, AuditPage, AuditRecord, BatchError, BreakerBody, BreakerMoved, Breakers, Coverage,
    CoverageEntry, DeadLetterCount, DeadLetters, DrainedLetter, DrainedLetters, ErrorBody,
    Evaluated, FieldError, HealthBody, LaneBody, Lanes, MatcherBody, ProviderHealthBody,
    ProvidersHealthBody, QuotaBody, QuotaUsage, QuotaUsed, Quotas, ReadyBody, Reloaded, Replayed,
    ReplayedMany, RuleBody, RuleSwitched, RulesReloaded, SilenceBody, SilencePreview, Silences,
    TimeIntervalBody, TimeIntervals,
};

/// Outcomes, tagged from outside.
const OUTCOMES: [&str; 12] = [
    "Executed",
    "Failed",
    "Scheduled",
    "Rerouted",
    "Suppressed",
    "Deduplicated",
    "Throttled",
    "QuotaExceeded",
    "CircuitOpen",
    "Silenced",
    "Muted",
    "DryRun",
];

/// JSON Schema of each body of an answer.
pub fn schemas() -> BTreeMap<&'static str, Value> {
    let mut schemas = BTreeMap::from([
        ("Object", json!({ "type": "object" })),
        ("Outcome", outcome()),
        ("Outcomes", outcomes()),
        (
            "Rules",
            json!({ "type": "array", "items": { "$ref": "#/components/schemas/RuleBody" } }),
        ),
    ]);
    macro_rules! of {
        ($($body:ident),* $(,)?) => {
            $(schemas.insert(stringify!($body), json!($body::schema()));)*
        };
    }
    of!(
        ActionBody,
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
        Lanes,
        MatcherBody,
        ProviderHealthBody,
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
        SilenceBody,
        SilencePreview,
        Silences,
        TimeIntervalBody,
        TimeIntervals
    );
    schemas
}

fn outcome() -> Value {
    let variants: serde_json::Map<String, Value> = OUTCOMES
        .iter()
        .map(|tag| ((*tag).to_owned(), json!({ "type": "object" })))
        .collect();
    json!({ "oneOf": [
        { "const": "Deduplicated" },
        { "type": "object", "properties": variants, "minProperties": 1, "maxProperties": 1, "additionalProperties": false },
    ] })
}

/// What a batch is answered with. `Deduplicated` is `null` there.
fn outcomes() -> Value {
    json!({ "type": "array", "items": { "anyOf": [
        { "$ref": "#/components/schemas/Outcome" },
        { "$ref": "#/components/schemas/BatchError" },
        { "type": "object", "properties": { "Deduplicated": { "type": "null" } }, "required": ["Deduplicated"] },
    ] } })
}
