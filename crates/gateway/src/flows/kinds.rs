//! Kinds of flows that this gateway knows.

use std::sync::Arc;

use acteon_flows::{Kind, RecurringFlow};

/// Kinds of flows, by their names. Flows of other kinds are left to gateways that know them.
pub(crate) struct FlowKinds(Vec<Arc<dyn Kind>>);

impl FlowKinds {
    /// The gateway's own kinds, and `others` beside them.
    pub(crate) fn with(others: Vec<Arc<dyn Kind>>) -> Self {
        let own: [Arc<dyn Kind>; 1] = [Arc::new(RecurringFlow)];
        Self(own.into_iter().chain(others).collect())
    }

    /// Names of the kinds.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        self.0.iter().map(|kind| kind.name().into()).collect()
    }

    /// Kind with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&dyn Kind> {
        let kind = self.0.iter().find(|kind| kind.name() == name)?;
        Some(&**kind)
    }
}
