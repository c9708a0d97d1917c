//! Scheduled actions that clients call off while things go wrong.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{ActionId, Caller, Scope};

use super::world::World;

impl World {
    /// Has a gateway call off one of the actions before this number, most of which are not scheduled.
    pub(super) fn call_off(&self, number: u64) {
        let Some(gateway) = self.some_gateway() else {
            return;
        };
        let Ok(id) = ActionId::parse(&format!("a{}", self.below(number))) else {
            return;
        };
        let (trace, service) = (Arc::clone(&self.trace), Arc::clone(&self.service));
        drop(tokio::spawn(async move {
            let everything = Scope::everything();
            let caller = Caller::anonymous();
            let called_off = gateway.cancel_scheduled(&everything, &id, &caller);
            let done = tokio::time::timeout(Duration::from_secs(30), called_off).await;
            let is_done = matches!(done, Ok(Ok(())));
            if is_done {
                service.expect_none(id.as_str());
            }
            trace.note("called off", u64::from(is_done), id.as_str());
        }));
    }
}
