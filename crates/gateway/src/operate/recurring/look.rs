//! Recurring actions as they are looked at: listed, and without what is redacted.

use std::sync::Arc;

use acteon_core::{Action, Scope};
use acteon_flows::{Definition, RecurringFlow};
use acteon_store::FlowFilter;

use super::{RecurringAction, RecurringError, covers, shown};
use crate::shared::Gateway;

/// Rows that are read at a time.
const PAGE: usize = 200;

/// Most pages that one list looks through.
const MAX_PAGES: usize = 50;

impl Gateway {
    /// Recurring actions within the scope, the oldest first, of one status or of all: so many behind the first `offset`. One whose body cannot be read
    /// is left out; it is stuck, which is told and counted.
    pub async fn recurring_actions(
        &self,
        scope: &Scope,
        status: Option<&str>,
        (offset, limit): (usize, usize),
    ) -> Result<Vec<RecurringAction>, RecurringError> {
        let mut filter = FlowFilter {
            kind: RecurringFlow::NAME.into(),
            namespace: scope.namespace.clone(),
            tenant: scope.tenant.clone(),
            status: status.map(Into::into),
            after: None,
            limit: PAGE,
        };
        let mut found = Vec::new();
        for _ in 0..MAX_PAGES {
            let flows = self.inner.store.flows(filter.clone()).await?;
            filter.after = flows.last().map(|flow| Arc::clone(&flow.key.id));
            let is_last = flows.len() < PAGE;
            let readable = flows.iter().filter_map(|flow| shown(flow).ok());
            found.extend(readable.filter(|found| covers(scope, found)));
            if is_last || found.len() >= offset.saturating_add(limit) {
                break;
            }
        }
        Ok(found.into_iter().skip(offset).take(limit).collect())
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
