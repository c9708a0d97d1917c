//! A turn to send: a slot of the provider, and a permit of its lane.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use crate::lane::Permit;
use crate::registry::Entry;

/// The right to make one call of a provider.
pub(crate) struct SendTurn {
    /// Given back when it is dropped.
    pub(crate) slot: OwnedSemaphorePermit,
    pub(crate) permit: Permit,
}

impl SendTurn {
    /// A turn that is free now, at a provider that is ready. Taken before the commit that admits an action, it lets that commit say that the action
    /// may be sent: what has to wait needs another to say so.
    pub(crate) fn at_once(entry: &Entry) -> Option<Self> {
        if entry.provider.make_ready().is_some() {
            return None;
        }
        let slot = Arc::clone(&entry.slots).try_acquire_owned().ok()?;
        let permit = entry.lane.try_acquire()?;
        Some(Self { slot, permit })
    }

    /// The next turn; `None` once the gateway stops.
    pub(crate) async fn wait(entry: &Entry) -> Option<Self> {
        let slot = Arc::clone(&entry.slots).acquire_owned().await.ok()?;
        let permit = entry.lane.acquire().await?;
        Some(Self { slot, permit })
    }
}
