//! Providers as operators see them: their names, and the lives of their tokens.

use acteon_core::{ProviderName, TokenLife};

use crate::shared::Gateway;

impl Gateway {
    /// Life of each provider's access token, where it has one now.
    pub fn token_lives(&self) -> Vec<(ProviderName, TokenLife)> {
        self.inner
            .providers
            .entries()
            .filter_map(|entry| Some((entry.name.clone(), entry.provider().token_life()?)))
            .collect()
    }

    /// Names of the providers, in order.
    pub fn provider_names(&self) -> Vec<ProviderName> {
        self.inner
            .providers
            .entries()
            .map(|entry| entry.name.clone())
            .collect()
    }
}
