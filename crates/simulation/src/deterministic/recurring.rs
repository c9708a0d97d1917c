//! Recurring actions of a run: each minute, so often.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use acteon_core::{ActionType, Namespace, Priority, ProviderName, Scope, Tenant};
use acteon_flows::{Definition, MissedRuns, OverlapPolicy, Recurring, RecurringFlow};
use acteon_store::{MemoryStore, Record};
use serde_json::value::RawValue;

use super::counting::flows;
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
            let everything = Scope::everything();
            let made = gateway.create_recurring(&everything, within, definition, None);
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
            dedup_key: None,
            priority: Priority::default(),
        })
    }
}

/// Checks that no recurring action sent more than it may, and that each of its actions is one of an occurrence. Where the clock was not stepped, it
/// sent as many as it may.
pub(super) async fn check(
    store: &MemoryStore,
    records: &[Record],
    was_stepped: bool,
) -> Result<(), String> {
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
        if sent > most || (sent < most && !was_stepped) || sent > recurring.executions {
            return Err(format!("{sent} actions of {most} were sent: {flow:?}"));
        }
        if let Some(stray) = seconds.iter().find(|second| *second % 60 != 0) {
            return Err(format!("{prefix}{stray} is no occurrence"));
        }
    }
    Ok(())
}
