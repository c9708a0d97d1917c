//! Recurring actions as they are looked at: listed, and without what is redacted.

use std::sync::Arc;

use acteon_core::{Action, Scope};
use acteon_flows::{Definition, RecurringFlow};
use acteon_store::{Flow, FlowFilter, Order};
use serde_json::value::RawValue;

use super::{RecurringAction, RecurringError, covers, shown};
use crate::offload;
use crate::shared::Gateway;

/// Fewest rows that are read at a time, where there are so many: of what the scope does not cover, the end of a list may have many.
const MIN_ROWS: usize = 25;

/// Most rows that are read at a time.
const MAX_ROWS: usize = 500;

/// Bytes of bodies that are read at a time: each may have a payload as large as a body.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of bodies that one list reads, with the page that reaches it. More than half of what a tenant may have.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Most rows that one list goes through, of those whose namespace and tenant the scope covers.
const MAX_LOOKED_THROUGH: usize = 10_000;

/// Part of a list of recurring actions.
#[derive(Clone, Debug)]
pub struct RecurringList {
    /// Recurring actions in the order of their ids.
    pub actions: Vec<RecurringAction>,
    /// Id after which the list goes on; `None` at its end. A look is bounded, so that a page may have fewer than were asked for and yet go on.
    pub next: Option<Arc<str>>,
}

/// Part of a list that is asked for.
#[derive(Clone, Debug, Default)]
pub struct RecurringPart {
    /// Id after which it begins; `None` for the beginning.
    pub after: Option<Arc<str>>,
    /// Number of recurring actions that are passed over first.
    pub offset: usize,
    /// Most recurring actions.
    pub limit: usize,
}

impl Gateway {
    /// Recurring actions within the scope, in the order of their ids, of one status or of all. They come without what their actions say: payload,
    /// metadata, labels and dedup key are empty. One whose body cannot be read is left out; it is stuck, which is told and counted.
    pub async fn recurring_actions(
        &self,
        scope: &Scope,
        status: Option<&str>,
        part: RecurringPart,
    ) -> Result<RecurringList, RecurringError> {
        let RecurringPart {
            after,
            mut offset,
            limit,
        } = part;
        let mut filter = FlowFilter {
            kind: RecurringFlow::NAME.into(),
            scope: scope.clone(),
            status: status.map(Into::into),
            after,
            order: Order::OldestFirst,
            limit: MAX_ROWS,
            max_bytes: PAGE_BYTES,
        };
        let (mut actions, mut looked_through, mut bytes) = (Vec::new(), 0, 0);
        loop {
            // With one more, which says whether the list goes on.
            filter.limit = (offset + limit + 1 - actions.len()).clamp(MIN_ROWS, MAX_ROWS);
            let page = self.inner.store.flows(filter.clone()).await?;
            looked_through += page.flows.len().max(1);
            bytes += body_bytes(&page.flows);
            for found in light(scope, &page.flows) {
                if offset > 0 {
                    offset -= 1;
                } else if actions.len() == limit {
                    let last: Option<&RecurringAction> = actions.last();
                    let next = last.map(|last| Arc::from(last.id.as_str()));
                    return Ok(RecurringList { actions, next });
                } else {
                    actions.push(found);
                }
            }
            let is_cut = looked_through >= MAX_LOOKED_THROUGH || bytes >= MAX_BYTES;
            if page.next.is_none() || is_cut {
                let next = page.next;
                return Ok(RecurringList { actions, next });
            }
            filter.after = page.next;
        }
    }

    /// Definition of a recurring action as it may be seen: what is redacted in actions is so in what they are made of.
    pub fn seen_definition(&self, found: &RecurringAction) -> Result<Definition, RecurringError> {
        let definition = &found.recurring.definition;
        let (of, at) = (
            (&*found.id, &found.namespace, &found.tenant),
            found.created_at,
        );
        let action = Action {
            dedup_key: definition.dedup_key.clone(),
            ..definition.action(of, at, at)?
        };
        let seen = self.inner.options.redaction.action(&action);
        Ok(Definition {
            payload: seen.payload.clone(),
            metadata: seen.metadata.clone(),
            dedup_key: seen.dedup_key.clone(),
            ..definition.clone()
        })
    }
}

/// Recurring actions of a page that the scope covers, without what their actions say.
fn light(scope: &Scope, flows: &[Flow]) -> Vec<RecurringAction> {
    let light = |flow: &Flow| {
        let mut found = shown(flow).ok().filter(|found| covers(scope, found))?;
        let definition = &mut found.recurring.definition;
        definition.payload = RawValue::NULL.to_owned();
        definition.metadata.clear();
        definition.labels.clear();
        definition.dedup_key = None;
        Some(found)
    };
    offload::by_size(body_bytes(flows), || {
        flows.iter().filter_map(light).collect()
    })
}

fn body_bytes(flows: &[Flow]) -> usize {
    flows.iter().map(|flow| flow.state.body.len()).sum()
}
