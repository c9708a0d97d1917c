//! Recurring actions as they are looked at: listed, and without what is redacted.

use std::sync::Arc;

use acteon_core::{Action, Scope};
use acteon_flows::{Definition, RecurringFlow};
use acteon_store::{Flow, FlowFilter};
use serde_json::value::RawValue;

use super::{RecurringAction, RecurringError, covers, shown};
use crate::offload;
use crate::shared::Gateway;

/// Rows that are read at a time: each may have a payload as large as a body.
const PAGE: usize = 25;

/// Most pages that one list looks through.
const MAX_PAGES: usize = 400;

impl Gateway {
    /// Recurring actions within the scope, the oldest first, of one status or of all: so many behind the first `offset`. They come without what their
    /// actions say: payload, metadata, labels and dedup key are empty. One whose body cannot be read is left out; it is stuck, which is told and
    /// counted.
    pub async fn recurring_actions(
        &self,
        scope: &Scope,
        status: Option<&str>,
        part: (usize, usize),
    ) -> Result<Vec<RecurringAction>, RecurringError> {
        let (found, _) = self.look_through(scope, status, part).await?;
        Ok(found)
    }

    /// The same, and whether there are, or may be, more of them.
    pub(super) async fn look_through(
        &self,
        scope: &Scope,
        status: Option<&str>,
        (offset, limit): (usize, usize),
    ) -> Result<(Vec<RecurringAction>, bool), RecurringError> {
        let mut filter = FlowFilter {
            kind: RecurringFlow::NAME.into(),
            namespace: scope.namespace.clone(),
            tenant: scope.tenant.clone(),
            status: status.map(Into::into),
            after: None,
            limit: PAGE,
        };
        let (mut found, mut to_skip) = (Vec::new(), offset);
        for _ in 0..MAX_PAGES {
            let flows = self.inner.store.flows(filter.clone()).await?;
            filter.after = flows.last().map(|flow| Arc::clone(&flow.key.id));
            let is_last = flows.len() < PAGE;
            for one in light(scope, &flows) {
                if to_skip > 0 {
                    to_skip -= 1;
                } else if found.len() == limit {
                    return Ok((found, true));
                } else {
                    found.push(one);
                }
            }
            if is_last {
                return Ok((found, false));
            }
        }
        Ok((found, true))
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
    let bytes = flows.iter().map(|flow| flow.state.body.len()).sum();
    let light = |flow: &Flow| {
        let mut found = shown(flow).ok().filter(|found| covers(scope, found))?;
        let definition = &mut found.recurring.definition;
        definition.payload = RawValue::NULL.to_owned();
        definition.metadata.clear();
        definition.labels.clear();
        definition.dedup_key = None;
        Some(found)
    };
    offload::by_size(bytes, || flows.iter().filter_map(light).collect())
}
