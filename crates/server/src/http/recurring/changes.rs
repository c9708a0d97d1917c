//! Changes of recurring actions, and the fields that new ones share with them.

use std::collections::BTreeMap;

use acteon_core::limits::MAX_LABELS;
use acteon_core::{ActionType, Priority, ProviderName, Timestamp};
use acteon_flows::{Definition, MissedRuns, OnDays, OverlapPolicy};
use acteon_gateway::REDACTED;
use acteon_schedule::DayKind;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::fields::{CHANGE, Which};
use crate::http::error::Refusal;
use crate::http::extract::json_body::FromBody;
use crate::http::shape::{FieldValues, Shape};

/// Fields that `null` removes.
const REMOVABLE: &[&str] = &[
    "name",
    "description",
    "end_date",
    "max_executions",
    "calendar",
    "template",
    "dedup_key",
];

/// Change of a recurring action, and the namespace and tenant that the body repeats.
pub(in crate::http) struct RecurringUpdate {
    pub(in crate::http) which: Which,
    changes: Changes,
    removed: Vec<&'static str>,
}

impl FromBody for RecurringUpdate {
    const SHAPE: &'static Shape = &CHANGE;

    fn example() -> Value {
        json!({ "namespace": "team", "tenant": "acme", "cron_expression": "20 9 * * MON-FRI" })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        let is_null = |name: &&&'static str| values.is_null(name);
        let removed = REMOVABLE.iter().filter(is_null).copied().collect();
        let which = Which::taken(&mut values);
        let changes = Changes::taken(&mut values)?;
        changes.are_unredacted("send what it is to say, or leave the field out to keep it")?;
        Ok(Self {
            which,
            changes,
            removed,
        })
    }
}

impl RecurringUpdate {
    /// Definition with what changes in it.
    pub(in crate::http) fn apply(&self, before: &Definition) -> Result<Definition, Refusal> {
        let changes = &self.changes;
        let has_calendar = before
            .calendar
            .as_ref()
            .filter(|_| !self.removes("calendar"));
        let calendar = match (has_calendar, &changes.calendar, changes.on) {
            (None, None, Some(_)) if self.removes("calendar") => {
                let message = "says nothing without calendar, which is null; leave it out";
                return Err(Refusal::field("on", message));
            }
            (before, None, None) => before.cloned(),
            (Some(before), calendar, on) => Some(OnDays {
                name: calendar.clone().unwrap_or_else(|| before.name.clone()),
                workdays: on.map_or(before.workdays, |on| on == DayKind::Workday),
            }),
            (None, calendar, on) => on_days(calendar.clone(), on)?,
        };
        let before = before.clone();
        Ok(Definition {
            name: self.kept("name", changes.name.as_ref(), before.name),
            description: self.kept(
                "description",
                changes.description.as_ref(),
                before.description,
            ),
            labels: changes.labels.clone().unwrap_or(before.labels),
            cron_expression: changes
                .cron_expression
                .clone()
                .unwrap_or(before.cron_expression),
            timezone: changes.timezone.clone().unwrap_or(before.timezone),
            end_date: self.kept("end_date", changes.end_date.as_ref(), before.end_date),
            max_executions: self.kept(
                "max_executions",
                changes.max_executions.as_ref(),
                before.max_executions,
            ),
            overlap_policy: changes.overlap_policy.unwrap_or(before.overlap_policy),
            missed_runs: changes.missed_runs.unwrap_or(before.missed_runs),
            calendar,
            provider: changes.provider.clone().unwrap_or(before.provider),
            action_type: changes.action_type.clone().unwrap_or(before.action_type),
            payload: changes.payload.clone().unwrap_or(before.payload),
            template: self.kept("template", changes.template.as_ref(), before.template),
            metadata: changes.metadata.clone().unwrap_or(before.metadata),
            dedup_key: self.kept("dedup_key", changes.dedup_key.as_ref(), before.dedup_key),
            priority: changes.priority.unwrap_or(before.priority),
        })
    }

    fn removes(&self, name: &str) -> bool {
        self.removed.contains(&name)
    }

    /// Value of a field that may be removed.
    fn kept<T: Clone>(&self, name: &str, new: Option<&T>, before: Option<T>) -> Option<T> {
        new.cloned().or(before.filter(|_| !self.removes(name)))
    }
}

/// Fields of a definition that a body has.
pub(super) struct Changes {
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) labels: Option<BTreeMap<String, String>>,
    pub(super) cron_expression: Option<String>,
    pub(super) timezone: Option<String>,
    pub(super) end_date: Option<Timestamp>,
    pub(super) max_executions: Option<u64>,
    pub(super) overlap_policy: Option<OverlapPolicy>,
    pub(super) missed_runs: Option<MissedRuns>,
    pub(super) calendar: Option<String>,
    pub(super) on: Option<DayKind>,
    pub(super) provider: Option<ProviderName>,
    pub(super) action_type: Option<ActionType>,
    pub(super) payload: Option<Box<RawValue>>,
    pub(super) template: Option<String>,
    pub(super) metadata: Option<BTreeMap<String, String>>,
    pub(super) dedup_key: Option<String>,
    pub(super) priority: Option<Priority>,
}

impl Changes {
    /// Refuses what stands for something hidden, and says what to do instead: whoever sends back what was shown would have it sent in its place.
    pub(super) fn are_unredacted(&self, instead: &str) -> Result<(), Refusal> {
        let refused = |field: &str| {
            let message = format!("holds {REDACTED:?}, which stands for what is hidden; {instead}");
            Err(Refusal::field(field, message))
        };
        let mark = format!("\"{REDACTED}\"");
        let payload = self.payload.as_ref();
        if payload.is_some_and(|payload| payload.get().contains(&mark)) {
            return refused("payload");
        }
        let mut labels = self.metadata.iter().flatten();
        if labels.any(|(_, value)| value == REDACTED) {
            return refused("metadata");
        }
        if self.dedup_key.as_deref() == Some(REDACTED) {
            return refused("dedup_key");
        }
        Ok(())
    }

    pub(super) fn taken(values: &mut FieldValues<'_>) -> Result<Self, Refusal> {
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
            template: values.owned("template"),
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
pub(super) fn on_days(
    calendar: Option<String>,
    on: Option<DayKind>,
) -> Result<Option<OnDays>, Refusal> {
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
