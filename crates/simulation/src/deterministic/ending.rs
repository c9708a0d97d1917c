//! The end of a run, when every accepted action must be over.

use std::time::Duration;

use acteon_core::Scope;
use acteon_store::{ActionState, Engine as _, History as _, HistoryFilter, PageRequest, Record};

use super::broken::Broken;
use super::clock::epoch;
use super::world::World;

/// Longest time from the last fault until every action is over: for retries, pauses and leases.
const CALM: Duration = Duration::from_mins(20);

/// Time from the last fault on in which flows may be late: until leases ran out, and whoever was down is back.
const AFTERMATH: Duration = Duration::from_mins(1);

impl World {
    /// Lets time pass until every action is over. Fails with the list of open ones if that takes too long.
    pub(super) async fn until_nothing_is_open(&self) -> Result<(), Broken> {
        let give_up = self.time.monotonic() + CALM;
        while self.memory.open_count() > 0 || !self.open_flows().await?.is_empty() {
            if self.time.monotonic() > give_up {
                return Err(self.stuck().await);
            }
            self.time.sleep(Duration::from_secs(1)).await;
            self.check_waiting().await?;
            if self.time.monotonic() + CALM > give_up + AFTERMATH {
                self.check_lateness().await?;
            }
        }
        Ok(())
    }

    /// Description of the open actions, and when each is due.
    async fn stuck(&self) -> Broken {
        let page = PageRequest {
            after: None,
            offset: 0,
            limit: 10_000,
            count: false,
        };
        let open = HistoryFilter {
            state: Some(ActionState::Open),
            ..HistoryFilter::of(Scope::everything())
        };
        let records = self
            .memory
            .history(open, page)
            .await
            .map(|page| page.records)
            .unwrap_or_default();
        let now = epoch() + self.time.monotonic();
        let shown = |record: &Record| {
            let due_in = (record.due_at.as_millis() - now.as_millis()) / 1000;
            format!(
                "{} owned: {}, due in {due_in} s, {} attempts",
                record.action.id, record.owned, record.attempts
            )
        };
        self.broken(format!(
            "stuck: {:?}; flows that are not over: {:?}",
            records.iter().map(shown).collect::<Vec<_>>(),
            self.open_flows().await.unwrap_or_default(),
        ))
    }
}
