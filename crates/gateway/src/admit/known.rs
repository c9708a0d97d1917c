//! Looks at actions whose ids are known: whole records, which may be large however small the
//! repeats are. So there are few at a time, and what waits for its turn is bounded in bytes.

use acteon_core::limits::{MAX_KNOWN_LOOKS, MAX_KNOWN_WAITING_BYTES};
use acteon_core::{Action, Scope};
use acteon_store::{Record, Store, StoreError};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Bytes that an action takes beside its payload and labels, about.
const PER_ACTION: usize = 1024;

/// Turns of the looks, and the room for what waits for one.
pub(crate) struct KnownLooks {
    turns: Semaphore,
    waiting_bytes: Semaphore,
}

/// Turn to look, held for as long as the record is.
pub(crate) struct LookTurn<'a> {
    _turn: SemaphorePermit<'a>,
}

impl KnownLooks {
    pub(crate) fn new() -> Self {
        Self {
            turns: Semaphore::new(MAX_KNOWN_LOOKS),
            waiting_bytes: Semaphore::new(MAX_KNOWN_WAITING_BYTES),
        }
    }

    /// Record that is stored under the id of `action`, with the turn to look at it;
    /// [`StoreError::Busy`] where too much waits.
    pub(crate) async fn find(
        &self,
        store: &dyn Store,
        action: &Action,
    ) -> Result<Option<(Record, LookTurn<'_>)>, StoreError> {
        let turn = self.turn(action).await?;
        let found = store
            .find(
                &Scope::exactly(&action.namespace, &action.tenant),
                &action.id,
            )
            .await?
            .pop();
        Ok(found.map(|record| (record, turn)))
    }

    async fn turn(&self, action: &Action) -> Result<LookTurn<'_>, StoreError> {
        let labels: usize = action
            .metadata
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        let bytes = (PER_ACTION + action.content_bytes() + labels).min(MAX_KNOWN_WAITING_BYTES);
        let room = self
            .waiting_bytes
            .try_acquire_many(u32::try_from(bytes).unwrap_or(u32::MAX))
            .map_err(|_| StoreError::Busy)?;
        let turn = self.turns.acquire().await.map_err(|_| StoreError::Closed)?;
        drop(room);
        Ok(LookTurn { _turn: turn })
    }
}
