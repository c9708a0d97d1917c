//! Processes and their leases.

use acteon_core::{BoxFuture, Timestamp};

use super::store::{MemoryStore, ready};
use crate::StoreError;
use crate::model::{Freed, Heartbeat, OwnerId};
use crate::store::Processes;

impl Processes for MemoryStore {
    fn register(&self) -> BoxFuture<'_, Result<OwnerId, StoreError>> {
        let mut tables = self.lock();
        tables.last_owner += 1;
        let owner = tables.last_owner;
        tables.processes.insert(owner, 0);
        ready(Ok(OwnerId(owner)))
    }

    fn renew(&self, owner: OwnerId) -> BoxFuture<'_, Result<bool, StoreError>> {
        let mut tables = self.lock();
        let beats = tables.processes.get_mut(&owner.0);
        let lives = beats.is_some();
        if let Some(beats) = beats {
            *beats += 1;
        }
        ready(Ok(lives))
    }

    fn heartbeats(&self) -> BoxFuture<'_, Result<Vec<Heartbeat>, StoreError>> {
        ready(Ok(self
            .lock()
            .processes
            .iter()
            .map(|(owner, count)| Heartbeat {
                owner: OwnerId(*owner),
                count: *count,
            })
            .collect()))
    }

    fn retire(&self, owner: OwnerId, now: Timestamp) -> BoxFuture<'_, Result<(), StoreError>> {
        let mut tables = self.lock();
        tables.processes.remove(&owner.0);
        tables.free(now, |entry, _| entry.owner == owner.0);
        tables.free_flows(|flow| flow.owner == owner);
        ready(Ok(()))
    }

    fn take_over(
        &self,
        dead: Vec<Heartbeat>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Freed, StoreError>> {
        let mut tables = self.lock();
        tables.processes.retain(|owner, count| {
            !dead.contains(&Heartbeat {
                owner: OwnerId(*owner),
                count: *count,
            })
        });
        tables.take_over_flows();
        ready(Ok(tables.free(now, |entry, processes| {
            !processes.contains_key(&entry.owner)
        })))
    }
}
