//! Kinds of flows that a gateway knows.

use std::fmt;
use std::sync::Arc;

use acteon_flows::callback::CallbackFlow;
use acteon_flows::chain::ChainFlow;
use acteon_flows::{Kind, RecurringFlow};

/// Kinds of flows, by their names. Flows of other kinds are left to gateways that know them.
#[derive(Clone)]
pub struct FlowKinds(Vec<Arc<dyn Kind>>);

impl Default for FlowKinds {
    fn default() -> Self {
        Self(vec![
            Arc::new(RecurringFlow),
            Arc::new(ChainFlow),
            Arc::new(CallbackFlow),
        ])
    }
}

impl fmt::Debug for FlowKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|kind| kind.name());
        f.debug_list().entries(names).finish()
    }
}

impl FlowKinds {
    /// Gateway's own kinds, and another.
    pub fn with(kind: Arc<dyn Kind>) -> Self {
        let mut kinds = Self::default();
        kinds.0.push(kind);
        kinds
    }

    /// These kinds, and another.
    pub(crate) fn add(&mut self, kind: Arc<dyn Kind>) {
        self.0.push(kind);
    }

    /// Names of the kinds.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        self.0.iter().map(|kind| kind.name().into()).collect()
    }

    /// Names of the kinds whose flows wait for instants of the wall clock.
    pub(crate) fn waiting_for_the_wall_clock(&self) -> Vec<Arc<str>> {
        let waiting = self.0.iter().filter(|kind| kind.waits_for_the_wall_clock());
        waiting.map(|kind| kind.name().into()).collect()
    }

    /// Kind with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&dyn Kind> {
        let kind = self.0.iter().find(|kind| kind.name() == name)?;
        Some(&**kind)
    }
}
