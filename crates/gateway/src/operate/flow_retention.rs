//! Retention of executions and approvals: those that are over go with the journal's rows of their time.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Scope, Tenant, Timestamp};
use acteon_flows::approval::ApprovalFlow;
use acteon_flows::chain::{CHAIN_IDS, ChainFlow, begun_at};
use acteon_store::{Advance, Advanced, Expect, Flow, FlowFilter, Order, StoreError};

use crate::shared::{Inner, RetentionPolicy};

/// Rows that are looked at between two pauses.
const PAGE: usize = 100;

/// Bytes of bodies of such a page.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Pause between two pages, so that nobody waits for them.
const STEP: Duration = Duration::from_millis(50);

/// Deletes executions and approvals that are over for longer than their tenant's actions are kept at `now`; says how many.
pub(crate) async fn forget(inner: &Arc<Inner>, now: Timestamp) -> Result<usize, StoreError> {
    let chains = forget_kind(inner, (ChainFlow::NAME, None), now).await?;
    // Those that rules ask for have ids of their own, those of chains the ids of these: each in the order of its beginning.
    let of_rules = forget_kind(inner, (ApprovalFlow::NAME, None), now).await?;
    let of_chains = forget_kind(inner, (ApprovalFlow::NAME, Some(CHAIN_IDS)), now).await?;
    Ok(chains + of_rules + of_chains)
}

/// Deletes flows of a kind, those with ids behind `after`.
async fn forget_kind(
    inner: &Arc<Inner>,
    (kind, after): (&str, Option<&str>),
    now: Timestamp,
) -> Result<usize, StoreError> {
    let retention = &inner.options.retention;
    let tenants = retention.tenants.iter().map(|(_, keep)| *keep);
    let shortest = tenants.fold(retention.default, Duration::min);
    let mut filter = FlowFilter {
        kind: kind.into(),
        scope: Scope::everything(),
        status: None,
        after: after.map(Into::into),
        order: Order::OldestFirst,
        limit: PAGE,
        max_bytes: PAGE_BYTES,
    };
    let mut deleted = 0;
    loop {
        let page = inner.store.flows(filter.clone()).await?;
        for flow in page.flows {
            // Ids are in the order of beginnings, of outermost chains for what they start: those behind it are younger. What a chain starts may itself be
            // younger than those, by as much as the chain waits.
            let begun = begun_at(&flow.key.id).unwrap_or(flow.created_at);
            if begun > now - shortest {
                return Ok(deleted);
            }
            let keep = kept_for(retention, &flow.tenant);
            if flow.state.is_over && flow.updated_at < now - keep && delete(inner, flow).await? {
                deleted += 1;
            }
        }
        if page.next.is_none() || !inner.sleep(STEP).await {
            return Ok(deleted);
        }
        filter.after = page.next;
    }
}

/// Time for which a tenant's actions are kept.
fn kept_for(retention: &RetentionPolicy, tenant: &Tenant) -> Duration {
    let own = retention
        .tenants
        .iter()
        .find(|(name, _)| name == tenant.as_str());
    own.map_or(retention.default, |(_, keep)| *keep)
}

async fn delete(inner: &Inner, flow: Flow) -> Result<bool, StoreError> {
    let advance = Advance {
        key: flow.key,
        expect: Expect::Version(flow.version),
        at: inner.clock.now(),
        due: inner.due.now(),
        state: None,
        admissions: Vec::new(),
        begins: Vec::new(),
        cancels: Vec::new(),
        pokes: Vec::new(),
        events: Vec::new(),
    };
    let advanced = inner.store.advance(advance).await?;
    Ok(matches!(advanced, Advanced::Written { .. }))
}
