//! What a flow's next step must know of other actions and flows.

use std::sync::Arc;

use acteon_core::{ActionId, Outcome, Scope};
use acteon_flows::{Child, ChildState, FlowName, LookedFlow, LooksAt};
use acteon_store::{ActionState, Flow, FlowKey, Record, StoreError};

use crate::shared::Inner;

/// What a flow sees of the actions and flows that it looks at.
pub(super) struct Seen {
    pub(super) actions: Vec<Child>,
    pub(super) flows: Vec<LookedFlow>,
}

impl Seen {
    pub(super) async fn of(
        inner: &Inner,
        flow: &Flow,
        looks_at: LooksAt,
    ) -> Result<Self, StoreError> {
        let mut seen = Self {
            actions: Vec::with_capacity(looks_at.actions.len()),
            flows: Vec::with_capacity(looks_at.flows.len()),
        };
        for id in looks_at.actions {
            seen.actions.push(action(inner, flow, id).await?);
        }
        for name in looks_at.flows {
            seen.flows.extend(other(inner, flow, name).await?);
        }
        Ok(seen)
    }
}

/// State of an action.
async fn action(inner: &Inner, flow: &Flow, id: ActionId) -> Result<Child, StoreError> {
    let found = find(inner, flow, &id).await?;
    let state = match found.as_ref().map(|record| record.state) {
        None => ChildState::Absent,
        Some(ActionState::Open) => ChildState::Open,
        Some(_) => ChildState::Ended,
    };
    let possible_duplicate = found.as_ref().is_some_and(|it| it.possible_duplicate);
    let outcome = found
        .filter(|_| state == ChildState::Ended)
        .and_then(|record| serde_json::from_str::<Outcome>(record.outcome.as_deref()?).ok());
    Ok(Child {
        id,
        state,
        outcome: outcome.map(Arc::new),
        possible_duplicate,
    })
}

/// Record of an action of the flow's namespace and tenant. One whose row is damaged may be open or over: nobody will know, and the flow goes on.
pub(super) async fn find(
    inner: &Inner,
    flow: &Flow,
    id: &ActionId,
) -> Result<Option<Record>, StoreError> {
    let scope = Scope::exactly(&flow.namespace, &flow.tenant);
    match inner.store.action_for_step(&scope, id).await {
        Err(StoreError::Damaged(_)) => Ok(None),
        found => found,
    }
}

/// Another flow, if it is there, and of the same namespace and tenant. Of one whose row is damaged that much is known, and the flow goes on.
pub(crate) async fn other(
    inner: &Inner,
    flow: &Flow,
    name: FlowName,
) -> Result<Option<LookedFlow>, StoreError> {
    let found = match inner.store.flow_for_step(&key(&name)).await {
        Err(StoreError::Damaged(_)) => return Ok(Some(LookedFlow::damaged(name))),
        found => found?,
    };
    let of_the_same =
        |found: &Flow| found.namespace == flow.namespace && found.tenant == flow.tenant;
    Ok(found.filter(of_the_same).map(|found| LookedFlow {
        name,
        status: found.state.status,
        body: found.state.body,
        is_over: found.state.is_over,
        is_damaged: false,
    }))
}

/// Name of a flow, as the store has it.
pub(crate) fn key(name: &FlowName) -> FlowKey {
    FlowKey {
        kind: Arc::clone(&name.kind),
        id: Arc::clone(&name.id),
    }
}
