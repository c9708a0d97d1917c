//! Approvals whose bodies cannot be read here, ended by people.

use acteon_core::{Caller, Scope};
use acteon_flows::Kind;
use acteon_flows::approval::{ApprovalFlow, Status, parent};
use acteon_flows::chain::chain_name;
use acteon_store::{Advance, Advanced, Expect, Flow, FlowKey, FlowState, Poke};

use super::any::UnreadableApproval;
use super::look::opened;
use super::{ApprovalError, MAX_TRIES};
use crate::flows::look::key;
use crate::shared::{Gateway, Inner};

impl Gateway {
    /// Ends an approval whose body cannot be read, and is not a newer version's: a chain that waits for it goes on.
    pub(super) async fn cancel_unreadable(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<UnreadableApproval, ApprovalError> {
        let (inner, scope) = (&self.inner, Scope::of(&caller.grants));
        let not_found = || ApprovalError::NotFound(id.to_owned());
        for _ in 0..MAX_TRIES {
            let flow_key = FlowKey::new(ApprovalFlow::NAME, id);
            let mut flow = inner.store.flow(&flow_key).await?.ok_or_else(not_found)?;
            let Err(why) = opened(inner, &flow) else {
                return Err(ApprovalError::Contended(id.to_owned()));
            };
            let Some(mut found) = UnreadableApproval::of(&scope, &flow, &why) else {
                return Err(not_found());
            };
            let is_over = matches!(why, ApprovalError::Refused(_));
            if is_over || is_newer(inner, &flow.state.body) {
                return Err(why);
            }
            flow.state = FlowState {
                status: Status::Cancelled.as_str().into(),
                due_at: None,
                is_over: true,
                ..flow.state
            };
            if self.end_unreadable(&flow).await? {
                tracing::info!(approval = %id, by = %caller.id, "somebody cancelled an approval that cannot be read");
                found.status = flow.state.status.to_string();
                return Ok(found);
            }
        }
        Err(ApprovalError::Contended(id.to_owned()))
    }

    /// Writes the end of an approval, and pokes its chain where that can be read; `false` where somebody was quicker.
    async fn end_unreadable(&self, flow: &Flow) -> Result<bool, ApprovalError> {
        let due = self.inner.due.now();
        let chain = parent(&flow.state.body).ok().flatten();
        let advance = Advance {
            key: flow.key.clone(),
            expect: Expect::Version(flow.version),
            at: self.inner.clock.now(),
            due,
            state: Some(flow.state.clone()),
            admissions: Vec::new(),
            begins: Vec::new(),
            cancels: Vec::new(),
            pokes: chain
                .iter()
                .map(|parent| Poke {
                    flow: key(&chain_name(&parent.chain)),
                    due_at: due,
                })
                .collect(),
            events: Vec::new(),
        };
        let advanced = self.inner.store.advance(advance).await?;
        let is_written = matches!(advanced, Advanced::Written { .. });
        if is_written {
            self.inner.flow_work.notify_one();
        }
        Ok(is_written)
    }
}

fn is_newer(inner: &Inner, body: &str) -> bool {
    let kind: Option<&dyn Kind> = inner.options.flows.get(ApprovalFlow::NAME);
    kind.is_some_and(|kind| kind.is_newer(body))
}
