//! Provider that calls begin with, while another may take its place.

use std::sync::Arc;

use acteon_core::{Provider, ProviderError};
use arc_swap::ArcSwap;

/// Provider that calls begin with.
pub(crate) struct InForce(pub(crate) ArcSwap<Arc<dyn Provider>>);

impl InForce {
    pub(crate) fn new(provider: Arc<dyn Provider>) -> Self {
        Self(ArcSwap::from_pointee(provider))
    }

    pub(crate) fn get(&self) -> Arc<dyn Provider> {
        Arc::clone(&self.0.load())
    }

    /// Whether this provider is the one in force.
    pub(crate) fn is(&self, provider: &Arc<dyn Provider>) -> bool {
        Arc::ptr_eq(&**self.0.load(), provider)
    }

    /// Whether `error` is one that people must repair, and of a provider whose place another has taken: that one may not meet it.
    pub(crate) fn is_not_met_by(
        &self,
        provider: &Arc<dyn Provider>,
        error: &ProviderError,
    ) -> bool {
        error.is_to_repair() && !error.was_maybe_sent() && !self.is(provider)
    }
}
