//! Fields of bodies about recurring actions, and the namespace and tenant that they repeat.

use acteon_core::limits::{MAX_DOCUMENT_TEXT_BYTES, MAX_LABEL_BYTES, MAX_NAME_BYTES};
use acteon_core::{Namespace, Tenant, Timestamp};
use acteon_schedule::DayKind;
use serde_json::{Value, json};

use crate::http::error::Refusal;
use crate::http::extract::json_body::FromBody;
use crate::http::shape::{Field, FieldType, FieldValues, Shape};

/// Words for the days of a calendar.
pub(in crate::http) const DAYS: &[&str] = &[DayKind::Workday.as_str(), DayKind::Holiday.as_str()];

pub(super) const CHANGE: Shape = Shape {
    what: "what of a recurring action changes",
    code: "INVALID_BODY",
    fields: &[
        WHICH,
        &[
            Field::optional("provider", FieldType::Name),
            Field::optional("action_type", FieldType::Name),
            Field::optional("payload", FieldType::Json),
            Field::optional("cron_expression", FieldType::Cron),
        ],
        OPTIONAL,
    ],
};

/// Fields that may be left out of a new one too.
pub(super) const OPTIONAL: &[Field] = &[
    Field::optional("name", FieldType::Name),
    Field::optional("description", FieldType::Verbatim(MAX_DOCUMENT_TEXT_BYTES)),
    Field::optional("labels", FieldType::Texts),
    Field::optional("timezone", FieldType::TimeZone),
    Field::optional("end_date", FieldType::Time),
    Field::optional("max_executions", FieldType::Whole(1..=i64::MAX)),
    Field::optional(
        "overlap_policy",
        FieldType::Word(&["allow_all", "skip", "cancel_other"]),
    ),
    Field::optional(
        "missed_runs",
        FieldType::Word(&["skip", "run_once", "run_all"]),
    ),
    Field::optional("calendar", FieldType::Text(MAX_NAME_BYTES)),
    Field::optional("on", FieldType::Word(DAYS)),
    Field::optional("template", FieldType::Text(MAX_NAME_BYTES)),
    Field::optional("metadata", FieldType::Labels),
    Field::optional("dedup_key", FieldType::Text(MAX_LABEL_BYTES)),
    Field::optional("priority", FieldType::Word(&["high", "normal", "low"])),
];

/// Namespace and tenant that clients repeat of one that its path names.
pub(in crate::http) const WHICH: &[Field] = &[
    Field::optional("namespace", FieldType::Name),
    Field::optional("tenant", FieldType::Tenant),
];

const ONE: Shape = Shape {
    what: "the namespace and tenant of a recurring action",
    code: "INVALID_BODY",
    fields: &[WHICH],
};

/// Namespace and tenant that a body repeats; each may be left out.
#[derive(Default)]
pub(in crate::http) struct Which {
    pub(in crate::http) namespace: Option<Namespace>,
    pub(in crate::http) tenant: Option<Tenant>,
}

impl Which {
    pub(in crate::http) fn taken(values: &mut FieldValues<'_>) -> Self {
        Self {
            namespace: values.name("namespace", Namespace::parse),
            tenant: values.name("tenant", Tenant::parse),
        }
    }
}

impl FromBody for Which {
    const SHAPE: &'static Shape = &ONE;

    fn example() -> Value {
        json!({ "namespace": "team", "tenant": "acme" })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        Ok(Self::taken(&mut values))
    }
}
