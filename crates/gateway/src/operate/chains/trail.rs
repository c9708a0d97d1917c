//! Actions of an execution in the audit trail.

use std::cmp::Reverse;

use acteon_core::Outcome;
use acteon_flows::chain::view::actions;
use acteon_store::{Cursor, HistoryFilter, PageRequest, StoreError};

use super::ExecutionError;
use crate::history::view::{ActionPage, ActionView};
use crate::shared::Gateway;

/// Most actions of an execution that are looked up for a page.
const MAX_LOOKED_UP: usize = 1000;

impl Gateway {
    /// Page of the actions of an execution that a filter lets through, newest first: the one that started it, and those that its steps sent. It is
    /// empty where there is no such execution within the scope.
    pub async fn chain_trail(
        &self,
        chain: &str,
        filter: &HistoryFilter,
        request: PageRequest,
    ) -> Result<ActionPage, StoreError> {
        let (mut found, cut) = self.actions_of_chain(chain, filter).await?;
        found.sort_unstable_by_key(|cursor| Reverse(cursor.seq));
        found.retain(|place| request.after.is_none_or(|after| place.seq < after.seq));
        let total = request.count.then_some(found.len());
        let mut wanted = found.into_iter().skip(request.offset);
        let page: Vec<Cursor> = wanted.by_ref().take(request.limit).collect();
        let seqs = page.iter().map(|place| place.seq).collect();
        let (mut records, count) = self.inner.store.first_records(seqs).await?;
        records.sort_unstable_by_key(|record| Reverse(record.seq));
        let goes_on = count < page.len() || wanted.next().is_some();
        let last = page.get(..count).and_then(<[Cursor]>::last).copied();
        Ok(ActionPage {
            views: self.views(records).await?,
            next: last.filter(|_| goes_on),
            total,
            cut,
        })
    }

    /// Places of the actions of an execution that a filter lets through, and whether there may be more of them.
    async fn actions_of_chain(
        &self,
        chain: &str,
        filter: &HistoryFilter,
    ) -> Result<(Vec<Cursor>, bool), StoreError> {
        let none = (Vec::new(), false);
        let (flow, body) = match self.find_chain(&filter.scope, chain).await {
            Ok(found) => found,
            Err(ExecutionError::Store(error)) => return Err(error),
            Err(_) => return Ok(none),
        };
        let Ok(ids) = actions(&body) else {
            return Ok(none);
        };
        let mut scope = filter.scope.clone();
        (scope.namespace, scope.tenant) = (Some(flow.namespace), Some(flow.tenant));
        let mut found = Vec::new();
        for id in ids.iter().take(MAX_LOOKED_UP) {
            let views = self.find(&scope, id).await?;
            let wanted = views
                .iter()
                .filter(|view| view.chain_id() == Some(chain) && lets_through(filter, view));
            found.extend(wanted.map(|view| Cursor {
                at: view.accepted_at,
                seq: view.seq,
            }));
        }
        Ok((found, ids.len() > MAX_LOOKED_UP))
    }
}

/// Whether a filter of the journal lets a view of its scope through.
fn lets_through(filter: &HistoryFilter, view: &ActionView) -> bool {
    let is =
        |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
    let code = match &view.outcome {
        Outcome::Failed { code, .. } => code,
        _ => "",
    };
    let at = view.accepted_at;
    is(&filter.provider, view.action.provider.as_str())
        && is(&filter.action_type, view.action.action_type.as_str())
        && is(&filter.outcome, view.outcome.as_str())
        && is(&filter.verdict, &view.verdict)
        && is(
            &filter.rule,
            view.matched_rule.as_deref().unwrap_or_default(),
        )
        && is(&filter.caller, &view.caller)
        && is(&filter.code, code)
        && is(
            &filter.class,
            view.failure_class.as_deref().unwrap_or_default(),
        )
        && filter.from.is_none_or(|from| from <= at)
        && filter.to.is_none_or(|to| at <= to)
}
