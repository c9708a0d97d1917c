//! Recurring actions as the API shows them. Payloads are written as they came, and not read.

use acteon_api::{BackfilledOccurrence, OccurrenceBody, RecurringBody};
use acteon_core::Outcome;
use acteon_flows::{Definition, MissedRuns, OverlapPolicy};
use acteon_gateway::{Backfilled, RecurringAction};
use acteon_schedule::DayKind;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::http::error::Refusal;
use crate::http::state::AppState;

/// Tag of an occurrence that was not accepted.
const ERROR: &str = "error";

/// Recurring action with its payload.
#[derive(Serialize)]
pub(in crate::http) struct Shown {
    #[serde(flatten)]
    body: RecurringBody,
    payload: Box<RawValue>,
}

/// Recurring action with all that may be seen of it.
pub(in crate::http) fn shown(
    state: &AppState,
    found: &RecurringAction,
    next: Option<Vec<OccurrenceBody>>,
) -> Result<Shown, Refusal> {
    let Definition {
        labels,
        overlap_policy,
        missed_runs,
        payload,
        metadata,
        dedup_key,
        priority,
        ..
    } = state.gateway.seen_definition(found)?;
    let body = RecurringBody {
        metadata: Some(metadata),
        dedup_key,
        priority: Some(priority.as_str().to_owned()),
        labels: Some(labels),
        overlap_policy: Some(overlap(overlap_policy).to_owned()),
        missed_runs: Some(missed(missed_runs).to_owned()),
        next,
        ..listed(state, found)
    };
    Ok(Shown { body, payload })
}

/// Recurring action as a list has it.
pub(in crate::http) fn listed(state: &AppState, found: &RecurringAction) -> RecurringBody {
    let waits_for = state.gateway.waits_for(found);
    let next = found.recurring.next.filter(|_| waits_for.is_none());
    let recurring = &found.recurring;
    let definition = &recurring.definition;
    let (status, calendar) = (found.status(), definition.calendar.as_ref());
    let on = calendar.map(|on| {
        if on.workdays {
            DayKind::Workday
        } else {
            DayKind::Holiday
        }
    });
    RecurringBody {
        id: found.id.clone(),
        name: definition.name.clone(),
        description: definition.description.clone(),
        namespace: found.namespace.to_string(),
        tenant: found.tenant.to_string(),
        cron_expr: definition.cron_expression.clone(),
        timezone: definition.timezone.clone(),
        enabled: status == "active",
        status: status.to_owned(),
        provider: definition.provider.to_string(),
        action_type: definition.action_type.to_string(),
        next_execution_at: next.map(|next| next.to_string()),
        last_executed_at: recurring.last_executed_at.map(|last| last.to_string()),
        execution_count: recurring.executions,
        skipped_count: recurring.skipped,
        created_at: found.created_at.to_string(),
        updated_at: found.updated_at.to_string(),
        ends_at: definition.end_date.map(|end| end.to_string()),
        max_executions: definition.max_executions,
        calendar: calendar.map(|on| on.name.clone()),
        on: on.map(|on| on.as_str().to_owned()),
        waits_for,
        template: definition.template.clone(),
        payload: None,
        metadata: None,
        dedup_key: None,
        priority: None,
        labels: None,
        overlap_policy: None,
        missed_runs: None,
        next: None,
    }
}

/// Occurrence of a backfill with what came of it.
pub(in crate::http) fn backfilled(found: &Backfilled) -> BackfilledOccurrence {
    let (outcome, code, error) = match &found.answer {
        Ok(answer) => match serde_json::from_str::<Outcome>(&answer.outcome) {
            Ok(outcome) => (outcome.as_str().to_owned(), None, failure(&outcome)),
            Err(error) => (ERROR.to_owned(), None, Some(error.to_string())),
        },
        Err(error) => {
            let refusal = Refusal::from(error.clone()).body;
            let again = if error.is_of_the_gateway() {
                "; the same span may be asked for again, and sends none twice"
            } else {
                ""
            };
            let message = format!("{}{again}", refusal.message);
            (ERROR.to_owned(), Some(refusal.code), Some(message))
        }
    };
    BackfilledOccurrence {
        occurrence: found.occurrence.to_string(),
        action_id: found.action_id.to_string(),
        outcome,
        code,
        error,
    }
}

/// Message of an outcome that is a failure.
fn failure(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Failed { message, .. } => Some(message.clone()),
        _ => None,
    }
}

const fn overlap(policy: OverlapPolicy) -> &'static str {
    match policy {
        OverlapPolicy::AllowAll => "allow_all",
        OverlapPolicy::Skip => "skip",
        OverlapPolicy::CancelOther => "cancel_other",
    }
}

const fn missed(policy: MissedRuns) -> &'static str {
    match policy {
        MissedRuns::Skip => "skip",
        MissedRuns::RunOnce => "run_once",
        MissedRuns::RunAll => "run_all",
    }
}
