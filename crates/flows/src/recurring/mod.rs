//! Recurring actions: one action for each occurrence of a cron expression.

mod body;
mod catch_up;
mod dedup_key;
mod definition;
mod occurrence;
mod timetable;

pub use body::{Recurring, Status};
pub use definition::{Definition, MissedRuns, OverlapPolicy};
pub use occurrence::{OCCURRENCE_IDS, occurrence_id};
pub use timetable::{OnDays, Timetable};

use std::sync::Arc;

use acteon_core::{Action, ActionId, Origin, Timestamp};

use crate::kind::{ChildState, Due, Effect, InvalidBody, Kind, Looked, LooksAt, Step};
use catch_up::CatchUp;

/// Kind of the flows of recurring actions.
pub struct RecurringFlow;

impl RecurringFlow {
    /// Name of the kind.
    pub const NAME: &'static str = "recurring";
}

impl Kind for RecurringFlow {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn origin(&self, _action: &ActionId) -> Origin {
        Origin::Recurring
    }

    fn follows_actions(&self) -> bool {
        // What the next occurrence must know is looked up when it comes.
        false
    }

    fn waits_for_the_wall_clock(&self) -> bool {
        true
    }

    fn looks_at(&self, body: &str) -> Result<LooksAt, InvalidBody> {
        let recurring = Recurring::parse(body)?;
        let looks = recurring.definition.overlap_policy != OverlapPolicy::AllowAll;
        let last = recurring.last_action.into_iter().filter(|_| looks);
        Ok(LooksAt {
            actions: last.collect(),
            flows: Vec::new(),
        })
    }

    fn step(&self, flow: &Looked<'_>) -> Result<Step, InvalidBody> {
        let recurring = Recurring::parse(flow.body)?;
        if recurring.status != Status::Active {
            return recurring.resting();
        }
        if recurring
            .definition
            .missing_calendar(flow.calendars)
            .is_some()
        {
            return recurring.waiting(flow.now);
        }
        let due = CatchUp::of(&recurring, flow.now, flow.calendars)?;
        due_step(recurring, &due, flow)
    }
}

/// Step that sends what is due, and says when the next is.
fn due_step(
    mut recurring: Recurring,
    due: &CatchUp,
    flow: &Looked<'_>,
) -> Result<Step, InvalidBody> {
    let mut effects = Vec::new();
    let mut overlapped = 0;
    let is_open = |id: &ActionId| {
        let child = flow.children.iter().find(|child| child.id == *id);
        child.is_some_and(|child| child.state == ChildState::Open)
    };
    let open = recurring.last_action.clone().filter(is_open);
    if let Some(occurrence) = due.send {
        match (recurring.definition.overlap_policy, open) {
            (OverlapPolicy::Skip, Some(_)) => overlapped = 1,
            (policy, open) => {
                let action = action(&recurring, occurrence, flow)?;
                recurring.count_execution(occurrence, action.id.clone());
                effects.push(Effect::Admit {
                    action: Arc::new(action),
                    since: occurrence,
                    requester: recurring.requester.clone(),
                });
                let cancelled = open.filter(|_| policy == OverlapPolicy::CancelOther);
                effects.extend(cancelled.map(Effect::Cancel));
            }
        }
    }
    recurring.skipped = recurring
        .skipped
        .saturating_add(due.skipped)
        .saturating_add(overlapped);
    recurring.go_on(due.next);
    Ok(Step {
        status: recurring.status.as_str(),
        due: recurring.next.map_or(Due::Never, Due::At),
        body: recurring.to_json()?,
        effects,
        notice: due.notice(flow.id, overlapped),
    })
}

/// Action for an occurrence.
fn action(
    recurring: &Recurring,
    occurrence: Timestamp,
    flow: &Looked<'_>,
) -> Result<Action, InvalidBody> {
    recurring
        .definition
        .action((flow.id, flow.namespace, flow.tenant), occurrence, flow.now)
}

#[cfg(test)]
mod tests;
