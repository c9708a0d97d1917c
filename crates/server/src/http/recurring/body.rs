//! Bodies about recurring actions: new ones, and spans to be made up for.

use acteon_core::{Namespace, Tenant, Timestamp};
use acteon_flows::Definition;
use acteon_gateway::MAX_BACKFILL;
use serde_json::{Value, json};

use crate::http::error::{FieldErrors, Refusal};
use crate::http::extract::json_body::FromBody;
use crate::http::recurring::changes::{Changes, on_days};
use crate::http::recurring::fields::{OPTIONAL, WHICH, Which};
use crate::http::shape::{Field, FieldType, FieldValues, Shape};

/// Time zone of an expression whose body names none.
pub(in crate::http) const DEFAULT_ZONE: &str = "UTC";

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
        change.are_unredacted("send what it is to say")?;
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
            template: change.template,
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
