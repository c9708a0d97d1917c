//! Room for steps: bounded by bytes, whatever their number.

use tokio::sync::{Semaphore, SemaphorePermit};

/// Bytes of one permit.
const UNIT: usize = 1024;
/// Permits in all. A step holds its body, the action, its request and their texts: several times the body.
const UNITS: usize = 16 * 1024;

/// Room for the bodies of flows that are stepped.
pub(crate) struct FlowRoom(Semaphore);

impl Default for FlowRoom {
    fn default() -> Self {
        Self(Semaphore::new(UNITS))
    }
}

impl FlowRoom {
    /// Waits for room for a body of so many bytes; `None` is never given while the gateway runs.
    pub(crate) async fn take(&self, bytes: usize) -> Option<SemaphorePermit<'_>> {
        let units = (1 + bytes / UNIT).min(UNITS);
        self.0.acquire_many(u32::try_from(units).ok()?).await.ok()
    }
}
