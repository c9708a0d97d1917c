//! What begins a flow, and what pokes one, in the change of something else.

use acteon_core::Timestamp;

use super::tables::Tables;
use crate::flows::{Begin, Flow, Poke, first_version};
use crate::model::OwnerId;

impl Tables {
    pub(super) fn poke(&mut self, poke: &Poke) {
        if let Some(flow) = self
            .flows
            .get_mut(&poke.flow)
            .filter(|flow| !flow.state.is_over)
        {
            flow.version += 1;
            flow.state.due_at = Some(poke.due_after(flow.state.due_at));
        }
    }

    pub(super) fn begin(&mut self, begin: &Begin, at: Timestamp) {
        let row = || Flow {
            key: begin.key.clone(),
            namespace: begin.namespace.clone(),
            tenant: begin.tenant.clone(),
            state: begin.state.clone(),
            version: first_version(at),
            owner: OwnerId::NOBODY,
            takeovers: 0,
            created_at: at,
            updated_at: at,
        };
        self.flows.entry(begin.key.clone()).or_insert_with(row);
    }
}
