//! Bodies about recurring actions: new ones, changes of them, and spans to be made up for.

use std::collections::BTreeMap;

use acteon_core::limits::{MAX_DOCUMENT_TEXT_BYTES, MAX_LABEL_BYTES, MAX_LABELS, MAX_NAME_BYTES};
use acteon_core::{ActionType, Namespace, Priority, ProviderName, Tenant, Timestamp};
use acteon_flows::{Definition, MissedRuns, OnDays, OverlapPolicy};
use acteon_gateway::MAX_BACKFILL;
use acteon_schedule::DayKind;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::http::error::{FieldErrors, Refusal};
use crate::http::extract::json_body::FromBody;
use crate::http::shape::{Field, FieldType, FieldValues, Shape};

/// Time zone of an expression whose body names none.
pub(in crate::http) const DEFAULT_ZONE: &str = "UTC";

/// Words for the days of a calendar.
pub(in crate::http) const DAYS: &[&str] = &[DayKind::Workday.as_str(), DayKind::Holiday.as_str()];

const NEW: Shape = Shape {
    what: "a recurring action",
    code: "INVALID_BODY",
    fields: &[
        &[
            Field::needed("namespace", FieldType::Name),
            Field::needed("tenant", FieldType::Tenant),
            Field::needed("provider", FieldType::Name),
            Field::needed("action_type", FieldType::Name),
            Field::needed("payload", FieldType::Json),
            Field::needed("cron_expression", FieldType::Cron),
        ],
        OPTIONAL,
    ],
};

const CHANGE: Shape = Shape {
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
const OPTIONAL: &[Field] = &[
    Field::optional("name", FieldType::Text(MAX_NAME_BYTES)),
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
    Field::optional("metadata", FieldType::Labels),
    Field::optional("dedup_key", FieldType::Text(MAX_LABEL_BYTES)),
    Field::optional("priority", FieldType::Word(&["high", "normal", "low"])),
];

/// Namespace and tenant that clients repeat of one that its path names.
const WHICH: &[Field] = &[
    Field::optional("namespace", FieldType::Name),
    Field::optional("tenant", FieldType::Tenant),
];

const ONE: Shape = Shape {
    what: "the namespace and tenant of a recurring action",
    code: "INVALID_BODY",
    fields: &[WHICH],
};

const SPAN: Shape = Shape {
    what: "a span to make up for",
    code: "INVALID_BODY",
    fields: &[
        WHICH,
        &[
            Field::needed("start", FieldType::Time),
            Field::needed("end", FieldType::Time),
            Field::optional("limit", FieldType::Whole(1..=MAX_BACKFILL as i64)),
        ],
    ],
};

/// New recurring action.
pub(in crate::http) struct NewRecurring {
    pub(in crate::http) namespace: Namespace,
    pub(in crate::http) tenant: Tenant,
    pub(in crate::http) definition: Definition,
}

impl FromBody for NewRecurring {
    const SHAPE: &'static Shape = &NEW;

    fn example() -> Value {
        json!({
            "name": "standup", "namespace": "team", "tenant": "acme", "provider": "wechat-ops", "action_type": "reminder",
            "payload": { "content": "standup in ten minutes" }, "cron_expression": "50 8 * * MON-FRI", "timezone": "Asia/Shanghai",
            "calendar": "cn-holidays", "on": "workday",
        })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        let missing = |name: &'static str| move || Refusal::field(name, "is missing");
        let (namespace, tenant) = (
            values
                .name("namespace", Namespace::parse)
                .ok_or_else(missing("namespace"))?,
            values
                .name("tenant", Tenant::parse)
                .ok_or_else(missing("tenant"))?,
        );
        let change = Changes::taken(&mut values)?;
        let definition = Definition {
            name: change.name,
            description: change.description,
            labels: change.labels.unwrap_or_default(),
            cron_expression: change
                .cron_expression
                .ok_or_else(missing("cron_expression"))?,
            timezone: change.timezone.unwrap_or_else(|| DEFAULT_ZONE.to_owned()),
            end_date: change.end_date,
            max_executions: change.max_executions,
            overlap_policy: change.overlap_policy.unwrap_or_default(),
            missed_runs: change.missed_runs.unwrap_or_default(),
            calendar: on_days(change.calendar, change.on)?,
            provider: change.provider.ok_or_else(missing("provider"))?,
            action_type: change.action_type.ok_or_else(missing("action_type"))?,
            payload: change.payload.ok_or_else(missing("payload"))?,
            metadata: change.metadata.unwrap_or_default(),
            dedup_key: change.dedup_key,
            priority: change.priority.unwrap_or_default(),
        };
        Ok(Self {
            namespace,
            tenant,
            definition,
        })
    }
}

/// Change of a recurring action, and the namespace and tenant that the body repeats.
pub(in crate::http) struct RecurringUpdate {
    pub(in crate::http) which: Which,
    changes: Changes,
}

impl FromBody for RecurringUpdate {
    const SHAPE: &'static Shape = &CHANGE;

    fn example() -> Value {
        json!({ "namespace": "team", "tenant": "acme", "cron_expression": "20 9 * * MON-FRI" })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        Ok(Self {
            which: Which::taken(&mut values),
            changes: Changes::taken(&mut values)?,
        })
    }
}

impl RecurringUpdate {
    /// Definition with what changes in it.
    pub(in crate::http) fn apply(&self, before: &Definition) -> Result<Definition, Refusal> {
        let changes = &self.changes;
        let calendar = match (&before.calendar, &changes.calendar, changes.on) {
            (before, None, None) => before.clone(),
            (Some(before), calendar, on) => Some(OnDays {
                name: calendar.clone().unwrap_or_else(|| before.name.clone()),
                workdays: on.map_or(before.workdays, |on| on == DayKind::Workday),
            }),
            (None, calendar, on) => on_days(calendar.clone(), on)?,
        };
        let before = before.clone();
        let text = |new: &Option<String>, old: Option<String>| new.clone().or(old);
        Ok(Definition {
            name: text(&changes.name, before.name),
            description: text(&changes.description, before.description),
            labels: changes.labels.clone().unwrap_or(before.labels),
            cron_expression: changes
                .cron_expression
                .clone()
                .unwrap_or(before.cron_expression),
            timezone: changes.timezone.clone().unwrap_or(before.timezone),
            end_date: changes.end_date.or(before.end_date),
            max_executions: changes.max_executions.or(before.max_executions),
            overlap_policy: changes.overlap_policy.unwrap_or(before.overlap_policy),
            missed_runs: changes.missed_runs.unwrap_or(before.missed_runs),
            calendar,
            provider: changes.provider.clone().unwrap_or(before.provider),
            action_type: changes.action_type.clone().unwrap_or(before.action_type),
            payload: changes.payload.clone().unwrap_or(before.payload),
            metadata: changes.metadata.clone().unwrap_or(before.metadata),
            dedup_key: text(&changes.dedup_key, before.dedup_key),
            priority: changes.priority.unwrap_or(before.priority),
        })
    }
}

/// Fields of a definition that a body has.
struct Changes {
    name: Option<String>,
    description: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    cron_expression: Option<String>,
    timezone: Option<String>,
    end_date: Option<Timestamp>,
    max_executions: Option<u64>,
    overlap_policy: Option<OverlapPolicy>,
    missed_runs: Option<MissedRuns>,
    calendar: Option<String>,
    on: Option<DayKind>,
    provider: Option<ProviderName>,
    action_type: Option<ActionType>,
    payload: Option<Box<RawValue>>,
    metadata: Option<BTreeMap<String, String>>,
    dedup_key: Option<String>,
    priority: Option<Priority>,
}

impl Changes {
    fn taken(values: &mut FieldValues<'_>) -> Result<Self, Refusal> {
        let labels = values.texts("labels");
        let count = labels.as_ref().map_or(0, BTreeMap::len);
        if count > MAX_LABELS {
            let message = format!("has {count} labels, at most {MAX_LABELS} are allowed");
            return Err(Refusal::field("labels", message));
        }
        let on = values.text("on");
        let priority = values.text("priority");
        Ok(Self {
            name: values.owned("name"),
            description: values.owned("description"),
            labels,
            cron_expression: values.owned("cron_expression"),
            timezone: values.owned("timezone"),
            end_date: values.time("end_date"),
            max_executions: values.whole("max_executions"),
            overlap_policy: values.text("overlap_policy").map(|word| overlap(&word)),
            missed_runs: values.text("missed_runs").map(|word| missed(&word)),
            calendar: values.owned("calendar"),
            on: on.and_then(|word| DayKind::parse(&word)),
            provider: values.name("provider", ProviderName::parse),
            action_type: values.name("action_type", ActionType::parse),
            payload: values.json("payload").map(ToOwned::to_owned),
            metadata: values.texts("metadata"),
            dedup_key: values.owned("dedup_key"),
            priority: priority.and_then(|word| Priority::parse(&word)),
        })
    }
}

/// Policy of a word, which the table has checked.
fn overlap(word: &str) -> OverlapPolicy {
    match word {
        "skip" => OverlapPolicy::Skip,
        "cancel_other" => OverlapPolicy::CancelOther,
        _ => OverlapPolicy::AllowAll,
    }
}

/// Policy of a word, which the table has checked.
fn missed(word: &str) -> MissedRuns {
    match word {
        "skip" => MissedRuns::Skip,
        "run_all" => MissedRuns::RunAll,
        _ => MissedRuns::RunOnce,
    }
}

/// Days of a calendar; neither part says anything without the other.
fn on_days(calendar: Option<String>, on: Option<DayKind>) -> Result<Option<OnDays>, Refusal> {
    match (calendar, on) {
        (None, None) => Ok(None),
        (Some(name), Some(on)) => Ok(Some(OnDays {
            name,
            workdays: on == DayKind::Workday,
        })),
        (Some(_), None) => Err(Refusal::field(
            "on",
            "is missing beside calendar: workday or holiday",
        )),
        (None, Some(_)) => Err(Refusal::field(
            "calendar",
            "is missing beside on: the name of one, such as cn-holidays",
        )),
    }
}

/// Namespace and tenant that a body repeats; each may be left out.
#[derive(Default)]
pub(in crate::http) struct Which {
    pub(in crate::http) namespace: Option<Namespace>,
    pub(in crate::http) tenant: Option<Tenant>,
}

impl Which {
    fn taken(values: &mut FieldValues<'_>) -> Self {
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

/// Span whose occurrences are to be sent now.
pub(in crate::http) struct BackfillSpan {
    pub(in crate::http) which: Which,
    pub(in crate::http) start: Timestamp,
    pub(in crate::http) end: Timestamp,
    pub(in crate::http) limit: usize,
}

impl FromBody for BackfillSpan {
    const SHAPE: &'static Shape = &SPAN;

    fn example() -> Value {
        json!({ "namespace": "team", "tenant": "acme", "start": "2026-11-26T00:00:00Z", "end": "2026-11-27T00:00:00Z", "limit": 10 })
    }

    fn from_fields(mut values: FieldValues<'_>, now: Timestamp) -> Result<Self, Refusal> {
        let missing = |name: &'static str| move || Refusal::field(name, "is missing");
        let (start, end) = (
            values.time("start").ok_or_else(missing("start"))?,
            values.time("end").ok_or_else(missing("end"))?,
        );
        let mut faults = FieldErrors::default();
        if start > end {
            faults.add("start", || {
                format!("is after end, so nothing lies between: end is {end}")
            });
        }
        if end > now {
            faults.add("end", || {
                format!("must not be in the future, which goes by itself; it is {now} now")
            });
        }
        if !faults.is_empty() {
            return Err(Refusal::invalid_fields(SPAN.code, faults));
        }
        let limit = values.whole("limit");
        Ok(Self {
            which: Which::taken(&mut values),
            start,
            end,
            limit: limit
                .and_then(|limit| usize::try_from(limit).ok())
                .unwrap_or(MAX_BACKFILL),
        })
    }
}
