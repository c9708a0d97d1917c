//! Recurring actions of a run: each minute, so often.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use acteon_core::{ActionType, Caller, Namespace, Priority, ProviderName, Tenant, Timestamp};
use acteon_flows::{Definition, MissedRuns, OverlapPolicy, Recurring, RecurringFlow};
use acteon_store::{Flow, MemoryStore, Record};
use serde_json::value::RawValue;

use super::broken::Broken;
use super::flows::flows;
use super::provider_names::PLAIN;
use super::trace::CANARY;
use super::world::World;

impl World {
    /// Has a gateway make a recurring action, which may get lost on the way.
    pub(super) fn recur(&self, number: u64) {
        let (Some(gateway), Some(definition)) = (self.some_gateway(), self.definition(number))
        else {
            return;
        };
        let names = Namespace::parse("n").ok().zip(Tenant::parse("t").ok());
        let Some(within) = names else { return };
        let trace = Arc::clone(&self.trace);
        drop(tokio::spawn(async move {
            let anybody = Caller::anonymous();
            let made = gateway.create_recurring(&anybody, within, definition, None);
            let done = tokio::time::timeout(Duration::from_secs(30), made).await;
            trace.note("recurs", u64::from(matches!(done, Ok(Ok(_)))), "");
        }));
    }

    fn definition(&self, number: u64) -> Option<Definition> {
        let overlap_policy = [
            OverlapPolicy::AllowAll,
            OverlapPolicy::Skip,
            OverlapPolicy::CancelOther,
        ][self.below(3) as usize];
        let missed_runs =
            [MissedRuns::Skip, MissedRuns::RunOnce, MissedRuns::RunAll][self.below(3) as usize];
        Some(Definition {
            name: Some(format!("r{number}")),
            description: None,
            labels: BTreeMap::default(),
            cron_expression: "* * * * *".into(),
            timezone: "Asia/Shanghai".into(),
            end_date: None,
            max_executions: Some(1 + self.below(4)),
            overlap_policy,
            missed_runs,
            calendar: None,
            provider: ProviderName::parse(PLAIN).ok()?,
            action_type: ActionType::parse("x").ok()?,
            payload: RawValue::from_string(format!(r#"{{"secret":"{CANARY}"}}"#)).ok()?,
            metadata: BTreeMap::default(),
            template: None,
            dedup_key: None,
            priority: Priority::default(),
        })
    }
}

/// Longest time by which an occurrence is late where nothing is in its way: two looks, for a step of the clock and for what is due.
const LATE: Duration = Duration::from_secs(15);

/// Instant of the wall clock that a recurring action waits for; `None` of other flows, and of those that wait for none.
fn next(flow: &Flow) -> Option<Timestamp> {
    if &*flow.key.kind != RecurringFlow::NAME || flow.state.is_over {
        return None;
    }
    Recurring::parse(&flow.state.body).ok()?.next
}

/// Whether a recurring action, which occurs each minute, waits for an instant that is far: its clock was set back.
pub(super) fn waits_for_long(flow: &Flow, wall: Timestamp) -> bool {
    next(flow).is_some_and(|next| next > wall + Duration::from_mins(2))
}

impl World {
    /// Fails if an occurrence is late by the wall clock, however that was stepped before.
    pub(super) async fn check_lateness(&self) -> Result<(), Broken> {
        let flows = flows(&self.memory, RecurringFlow::NAME).await;
        let wall = self.time.wall();
        let is_late = |flow: &Flow| next(flow).is_some_and(|next| next + LATE < wall);
        match flows
            .map_err(|why| self.broken(why))?
            .into_iter()
            .find(is_late)
        {
            Some(late) => Err(self.broken(format!("an occurrence is late at {wall}: {late:?}"))),
            None => Ok(()),
        }
    }
}

/// Checks that no recurring action sent more than it may, that each of its actions is one of an occurrence, and that one which is over sent as many as
/// it may.
pub(super) async fn check(store: &MemoryStore, records: &[Record]) -> Result<(), String> {
    for flow in flows(store, RecurringFlow::NAME).await? {
        let recurring = Recurring::parse(&flow.state.body).map_err(|error| error.to_string())?;
        let prefix = format!("rec:{}:", flow.key.id);
        let seconds: Vec<i64> = records
            .iter()
            .filter_map(|record| {
                record
                    .action
                    .id
                    .as_str()
                    .strip_prefix(&prefix)?
                    .parse()
                    .ok()
            })
            .collect();
        let most = recurring.definition.max_executions.unwrap_or(u64::MAX);
        let sent = seconds.len() as u64;
        if sent > most || (sent < most && flow.state.is_over) || sent > recurring.executions {
            return Err(format!("{sent} actions of {most} were sent: {flow:?}"));
        }
        if let Some(stray) = seconds.iter().find(|second| *second % 60 != 0) {
            return Err(format!("{prefix}{stray} is no occurrence"));
        }
    }
    Ok(())
}
