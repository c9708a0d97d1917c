//! Lanes as operators see them, and reset them.

use acteon_core::ProviderName;
use acteon_store::StoreError;

use crate::lane;
use crate::lane::LaneStatus;
use crate::shared::Gateway;

impl Gateway {
    /// Status of each lane on this gateway.
    pub fn lanes(&self) -> Vec<LaneStatus> {
        self.inner
            .providers
            .lanes()
            .map(|lane| lane.status())
            .collect()
    }

    /// Providers that send through a lane, which is named by itself or by one of them; none where
    /// there is no such lane.
    pub fn providers_of_lane(&self, name: &str) -> Vec<ProviderName> {
        let Some(lane) = self.inner.providers.lane(name) else {
            return Vec::new();
        };
        self.inner
            .providers
            .entries()
            .filter(|entry| entry.lane.name() == lane.name())
            .map(|entry| entry.name.clone())
            .collect()
    }

    /// Forgets the pause and the learned pace of a lane, named by itself or by a provider, on every gateway, and tries its providers again that were to
    /// be repaired; `None` where there is no such lane.
    pub async fn reset_lane(&self, name: &str) -> Result<Option<LaneStatus>, StoreError> {
        let Some(lane) = self.inner.providers.lane(name) else {
            return Ok(None);
        };
        lane.reset();
        lane::sharing::keep_lane(&self.inner, lane);
        for provider in self.providers_of_lane(name) {
            self.try_again(&provider).await?;
        }
        Ok(Some(lane.status()))
    }
}
