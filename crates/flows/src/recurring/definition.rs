//! Definition of a recurring action: what is sent, and when.

use std::collections::BTreeMap;

use acteon_core::{Action, ActionType, Namespace, Priority, ProviderName, Tenant, Timestamp};
use acteon_schedule::{Calendars, Cron, Recurrence, time_zone};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::dedup_key::{filled, unknown_placeholder};
use super::occurrence::occurrence_id;
use super::timetable::{OnDays, Timetable};
use crate::kind::InvalidBody;

/// Definition of a recurring action.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Definition {
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Description for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Labels of the recurring action itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Cron expression of five fields, or a nickname.
    pub cron_expression: String,
    /// IANA name of the time zone that the expression is read in.
    pub timezone: String,
    /// Instant after which there are no occurrences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date: Option<Timestamp>,
    /// Number of executions after which it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_executions: Option<u64>,
    /// What happens when an occurrence comes while the action of the one before is open.
    #[serde(default)]
    pub overlap_policy: OverlapPolicy,
    /// What happens to occurrences that passed while no gateway ran.
    #[serde(default)]
    pub missed_runs: MissedRuns,
    /// Calendar and kind of day on which it occurs, where not every day counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<OnDays>,
    /// Provider of its actions.
    pub provider: ProviderName,
    /// Type of its actions.
    pub action_type: ActionType,
    /// Payload of its actions.
    pub payload: Box<RawValue>,
    /// Name of the profile that renders fields of the payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Metadata of its actions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Dedup key of its actions, in which `{{recurring_id}}` and `{{execution_time}}` stand for what they say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedup_key: Option<String>,
    /// Priority of its actions.
    #[serde(default, skip_serializing_if = "Priority::is_normal")]
    pub priority: Priority,
}

/// Policy for an occurrence that comes while the action of the one before is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverlapPolicy {
    /// It is sent all the same.
    #[default]
    AllowAll,
    /// It is not sent, and counted as skipped.
    Skip,
    /// It is sent, and the one before is called off if nobody has begun to send it.
    CancelOther,
}

/// Policy for occurrences that passed while no gateway ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissedRuns {
    /// They are not sent, and counted as skipped.
    Skip,
    /// The newest is sent, for all of them.
    #[default]
    RunOnce,
    /// Each is sent, the newest hundred at most.
    RunAll,
}

impl Definition {
    /// Occurrences of the expression in its zone, whatever the calendar and the end.
    pub fn recurrence(&self) -> Result<Recurrence, InvalidBody> {
        let cron = Cron::parse(&self.cron_expression)
            .map_err(|error| InvalidBody(format!("cron_expression: {error}")))?;
        let zone =
            time_zone(&self.timezone).map_err(|error| InvalidBody(format!("timezone: {error}")))?;
        Ok(cron.in_zone(zone))
    }

    /// Name of the calendar that it goes by, where it is none of these.
    pub fn missing_calendar(&self, calendars: &Calendars) -> Option<&str> {
        let name = self.calendar.as_ref()?.name.as_str();
        calendars.get(name).is_none().then_some(name)
    }

    /// Whether another definition has the same occurrences.
    pub fn has_times_of(&self, other: &Self) -> bool {
        self.cron_expression == other.cron_expression
            && self.timezone == other.timezone
            && self.calendar == other.calendar
            && self.end_date == other.end_date
    }

    /// Its occurrences, on the days of its calendar and up to its end. The expression is read once for all of them.
    pub fn timetable<'c>(&self, calendars: &'c Calendars) -> Result<Timetable<'c>, InvalidBody> {
        let timetable = Timetable::new(self.recurrence()?, self.calendar.as_ref(), calendars)?;
        Ok(timetable.until(self.end_date))
    }

    /// Message about what stands in braces in the dedup key and is no placeholder: each occurrence would have the same key.
    pub fn check_dedup_key(&self) -> Result<(), String> {
        let unknown = self.dedup_key.as_deref().and_then(unknown_placeholder);
        unknown.map_or(Ok(()), Err)
    }

    /// Action for an occurrence of the flow with this id, made at `now`.
    pub fn action(
        &self,
        (id, namespace, tenant): (&str, &Namespace, &Tenant),
        occurrence: Timestamp,
        now: Timestamp,
    ) -> Result<Action, InvalidBody> {
        let fill = |key: &String| filled(key, id, occurrence);
        Ok(Action {
            id: occurrence_id(id, occurrence)?,
            namespace: namespace.clone(),
            tenant: tenant.clone(),
            provider: self.provider.clone(),
            action_type: self.action_type.clone(),
            payload: self.payload.clone(),
            template: self.template.clone(),
            metadata: self.metadata.clone(),
            dedup_key: self.dedup_key.as_ref().map(fill),
            status: None,
            fingerprint: None,
            starts_at: None,
            ends_at: None,
            created_at: now,
            expires_at: None,
            priority: self.priority,
            scheduled_at: None,
            delay_seconds: None,
            attachments: Vec::new(),
            signature: None,
            signer_id: None,
            kid: None,
        })
    }
}
