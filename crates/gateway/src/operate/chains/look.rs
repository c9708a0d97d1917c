//! Lists of executions.

use std::collections::BTreeMap;
use std::sync::Arc;

use acteon_core::{Scope, Timestamp};
use acteon_flows::chain::view::{Summary, summary};
use acteon_flows::chain::{Body, ChainFlow};
use acteon_store::{Flow, FlowFilter, Order, StoreError};

use super::seen::covers;
use crate::offload;
use crate::shared::Gateway;

/// Fewest rows that are read at a time: of what a filter leaves out, the end of a list may have many.
const MIN_ROWS: usize = 25;

/// Most rows that are read at a time.
const MAX_ROWS: usize = 500;

/// Bytes of bodies that are read at a time.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of bodies that one list reads, with the page that reaches it.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Most rows that one list goes through.
const MAX_LOOKED_THROUGH: usize = 10_000;

/// Executions that are asked for.
#[derive(Clone, Debug, Default)]
pub struct ChainFilter {
    /// Status that they have; `None` for any.
    pub status: Option<String>,
    /// Name of their chain; `None` for any.
    pub name: Option<String>,
    /// Attribute that they have: its name, and its text.
    pub attribute: Option<(String, String)>,
    /// First instant at which they may have begun.
    pub started_after: Option<Timestamp>,
    /// Last instant at which they may have begun.
    pub started_before: Option<Timestamp>,
    /// Id after which the list begins; `None` for its beginning.
    pub after: Option<Arc<str>>,
    /// Most executions.
    pub limit: usize,
}

/// Execution as lists show it.
#[derive(Clone, Debug)]
pub struct ChainSummary {
    /// What lists show of it.
    pub summary: Summary,
    /// Namespace of the action that started it.
    pub namespace: String,
    /// Tenant of the action that started it.
    pub tenant: String,
    /// Texts that people keep with it.
    pub attributes: BTreeMap<String, String>,
}

/// Part of a list of executions.
#[derive(Clone, Debug)]
pub struct ChainList {
    /// Executions in the order of their ids, those that began last first.
    pub chains: Vec<ChainSummary>,
    /// Id after which the list goes on; `None` at its end. A look is bounded, so that a page may have fewer than were asked for and yet go on.
    pub next: Option<Arc<str>>,
}

impl Gateway {
    /// Executions within the scope. Of one whose body cannot be read there is what its row says, for those who may see everything of its tenant.
    pub async fn chains(
        &self,
        scope: &Scope,
        filter: ChainFilter,
    ) -> Result<ChainList, StoreError> {
        let mut asked = FlowFilter {
            kind: ChainFlow::NAME.into(),
            scope: scope.clone(),
            status: filter.status.as_deref().map(Into::into),
            after: filter.after.clone(),
            order: Order::NewestFirst,
            limit: MAX_ROWS,
            max_bytes: PAGE_BYTES,
        };
        let (mut chains, mut looked_through, mut bytes) = (Vec::new(), 0, 0);
        loop {
            // With one more, which says whether the list goes on.
            asked.limit = (filter.limit + 1 - chains.len()).clamp(MIN_ROWS, MAX_ROWS);
            let page = self.inner.store.flows(asked.clone()).await?;
            looked_through += page.flows.len().max(1);
            let page_bytes: usize = page.flows.iter().map(|flow| flow.state.body.len()).sum();
            bytes += page_bytes;
            let found = || -> Vec<ChainSummary> {
                let flows = page.flows.iter();
                flows
                    .filter_map(|flow| found(scope, &filter, flow))
                    .collect()
            };
            for found in offload::by_size(page_bytes, found) {
                if chains.len() == filter.limit {
                    let last: Option<&ChainSummary> = chains.last();
                    let next = last.map(|last| Arc::from(last.summary.chain_id.as_str()));
                    return Ok(ChainList { chains, next });
                }
                chains.push(found);
            }
            let is_cut = looked_through >= MAX_LOOKED_THROUGH || bytes >= MAX_BYTES;
            if page.next.is_none() || is_cut {
                let next = page.next;
                return Ok(ChainList { chains, next });
            }
            asked.after = page.next;
        }
    }
}

/// Execution of a row, if it is one that is asked for.
fn found(scope: &Scope, filter: &ChainFilter, flow: &Flow) -> Option<ChainSummary> {
    let read = Body::parse(&flow.state.body)
        .and_then(|body| Ok((summary(&body, &flow.state.status)?, body)));
    let Ok((summary, body)) = read else {
        return unreadable(scope, filter, flow);
    };
    let is_asked_for = covers(scope, &body)
        && filter
            .name
            .as_ref()
            .is_none_or(|name| *name == summary.chain_name)
        && filter
            .attribute
            .as_ref()
            .is_none_or(|(name, text)| body.attributes.get(name) == Some(text))
        && filter
            .started_after
            .is_none_or(|after| body.started_at >= after)
        && filter
            .started_before
            .is_none_or(|before| body.started_at <= before);
    is_asked_for.then(|| ChainSummary {
        namespace: flow.namespace.to_string(),
        tenant: flow.tenant.to_string(),
        attributes: body.attributes,
        summary,
    })
}

/// Execution whose body cannot be read, if it may be one that is asked for.
fn unreadable(scope: &Scope, filter: &ChainFilter, flow: &Flow) -> Option<ChainSummary> {
    let is_asked_for = scope.covers_all_of(flow.namespace.as_str(), flow.tenant.as_str())
        && filter.name.is_none()
        && filter.attribute.is_none()
        && filter
            .started_after
            .is_none_or(|after| flow.created_at >= after)
        && filter
            .started_before
            .is_none_or(|before| flow.created_at <= before);
    is_asked_for.then(|| ChainSummary {
        namespace: flow.namespace.to_string(),
        tenant: flow.tenant.to_string(),
        attributes: BTreeMap::new(),
        summary: Summary {
            chain_id: flow.key.id.to_string(),
            chain_name: String::new(),
            status: flow.state.status.to_string(),
            current_step: 0,
            total_steps: 0,
            started_at: flow.created_at,
            updated_at: flow.updated_at,
            parent_chain_id: None,
        },
    })
}
