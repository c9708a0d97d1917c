//! Recurring actions, their occurrences, and what goes soon.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{PartialSchema as _, ToSchema};

/// Answer to a recurring action that was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecurringCreated {
    /// Id.
    pub id: String,
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it occurs first.
    #[schema(format = "date-time")]
    pub next_execution_at: Option<String>,
    /// `active`.
    pub status: String,
    /// What should be known of it, such as that its calendar ends soon.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Recurring action. Lists leave out payload, labels and policies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecurringBody {
    /// Id.
    pub id: String,
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Description for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Namespace.
    pub namespace: String,
    /// Tenant.
    pub tenant: String,
    /// Cron expression.
    pub cron_expr: String,
    /// Time zone of the expression.
    pub timezone: String,
    /// Whether it goes on by itself: its status is `active`.
    pub enabled: bool,
    /// `active`, `paused`, `completed`, or `stuck`, which the log tells more of.
    pub status: String,
    /// Provider of its actions.
    pub provider: String,
    /// Type of its actions.
    pub action_type: String,
    /// When it occurs next; `null` where it does not go on.
    #[schema(format = "date-time")]
    pub next_execution_at: Option<String>,
    /// When the latest occurrence was that was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub last_executed_at: Option<String>,
    /// Number of occurrences that were sent.
    pub execution_count: u64,
    /// Number of occurrences that a policy skipped.
    pub skipped_count: u64,
    /// When it was made.
    #[schema(format = "date-time")]
    pub created_at: String,
    /// When it changed last, by a person or an occurrence.
    #[schema(format = "date-time")]
    pub updated_at: String,
    /// Last instant at which it may occur.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub ends_at: Option<String>,
    /// Number of executions after which it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_executions: Option<u64>,
    /// Calendar that it goes by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
    /// Days of the calendar on which it occurs: `workday` or `holiday`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// What it waits for, where nothing of it is sent meanwhile: its calendar, which is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// Profile that renders fields of the payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Payload of its actions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
    /// Labels of its actions, a text by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
    /// Dedup key of its actions, with `{{recurring_id}}` and `{{execution_time}}` as they were written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedup_key: Option<String>,
    /// Priority of its actions: `high`, `normal` or `low`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
    /// Labels of the recurring action itself, a text by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// `allow_all`, `skip` or `cancel_other`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap_policy: Option<String>,
    /// `skip`, `run_once` or `run_all`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed_runs: Option<String>,
    /// Its next occurrences, where `next` asks for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Vec<OccurrenceBody>>,
}

/// Answer of `GET /v1/recurring`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecurringActions {
    /// How many are on this page.
    pub count: usize,
    /// Recurring actions of this page, in the order of their ids.
    pub recurring_actions: Vec<RecurringBody>,
    /// Where the list goes on, as the `cursor` of the next page; absent at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Occurrence of an expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OccurrenceBody {
    /// Instant, in UTC.
    #[schema(format = "date-time")]
    pub at: String,
    /// The same on the clock of the time zone, such as `2026-11-30T09:00:00+08:00`.
    #[schema(format = "date-time")]
    pub local: String,
}

/// Answer of `GET /v1/recurring/preview`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecurringPreview {
    /// Cron expression.
    pub cron_expression: String,
    /// Time zone of the expression.
    pub timezone: String,
    /// Number of occurrences found; fewer than were asked for where there are no more.
    pub count: usize,
    /// Occurrences, the soonest first.
    pub occurrences: Vec<OccurrenceBody>,
    /// What should be known of it, such as that its calendar ends soon.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Answer of `POST /v1/recurring/{id}/backfill`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Backfilled {
    /// Id of the recurring action.
    pub id: String,
    /// Number of occurrences in the span, as far as they were looked at.
    pub occurrences: usize,
    /// Number of those that were accepted now or before.
    pub dispatched: usize,
    /// Each occurrence, oldest first.
    pub results: Vec<BackfilledOccurrence>,
}

/// Occurrence of a backfill, with what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BackfilledOccurrence {
    /// When it was.
    #[schema(format = "date-time")]
    pub occurrence: String,
    /// Id of its action.
    pub action_id: String,
    /// Tag of the outcome, such as `scheduled`; `error` where it was not accepted.
    pub outcome: String,
    /// Code of the refusal, such as `STORE_FULL`, where it was not accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why it was not accepted, or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Answer of `GET /v1/upcoming`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UpcomingActions {
    /// How many are listed.
    pub count: usize,
    /// Actions that will go, the soonest first.
    pub upcoming: Vec<UpcomingAction>,
    /// Whether the span has more.
    pub more: bool,
    /// Calendars that are not there, for which recurring actions wait that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<String>,
}

/// Action that will go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UpcomingAction {
    /// When it goes.
    #[schema(format = "date-time")]
    pub at: String,
    /// `scheduled`, which is accepted and waits, or `recurring`, an occurrence that lies ahead.
    pub kind: String,
    /// Id of the action.
    pub action_id: String,
    /// Namespace.
    pub namespace: String,
    /// Tenant.
    pub tenant: String,
    /// Provider that it goes through.
    pub provider: String,
    /// Type of the action.
    pub action_type: String,
    /// Id of the recurring action, of an occurrence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurring_id: Option<String>,
    /// Name of the recurring action, of an occurrence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Schemas of these bodies, by name.
pub(crate) fn schemas() -> [(&'static str, Value); 9] {
    macro_rules! of {
        ($($body:ident),* $(,)?) => {
            [$((stringify!($body), json!($body::schema()))),*]
        };
    }
    of!(
        Backfilled,
        BackfilledOccurrence,
        OccurrenceBody,
        RecurringActions,
        RecurringBody,
        RecurringCreated,
        RecurringPreview,
        UpcomingAction,
        UpcomingActions,
    )
}
