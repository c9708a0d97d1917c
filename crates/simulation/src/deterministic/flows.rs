//! Flows as the store has them.

use acteon_core::{Scope, with_causes};
use acteon_store::{Flow, FlowFilter, Flows as _, MemoryStore, Order};

/// All flows of a kind.
pub(super) async fn flows(store: &MemoryStore, kind: &str) -> Result<Vec<Flow>, String> {
    let filter = FlowFilter {
        kind: kind.into(),
        scope: Scope::everything(),
        status: None,
        after: None,
        order: Order::OldestFirst,
        limit: 10_000,
        max_bytes: usize::MAX,
    };
    let page = store.flows(filter).await;
    page.map(|page| page.flows)
        .map_err(|error| with_causes(&error).to_string())
}
