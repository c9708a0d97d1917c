//! Flows as the store has them.

use acteon_core::with_causes;
use acteon_store::{Flow, FlowFilter, Flows as _, MemoryStore};

/// All flows of a kind.
pub(super) async fn flows(store: &MemoryStore, kind: &str) -> Result<Vec<Flow>, String> {
    let filter = FlowFilter {
        kind: kind.into(),
        namespace: None,
        tenant: None,
        status: None,
        after: None,
        limit: 10_000,
    };
    let flows = store.flows(filter).await;
    flows.map_err(|error| with_causes(&error).to_string())
}
