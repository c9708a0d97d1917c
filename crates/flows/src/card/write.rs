//! What cards say, as it is written for whoever has them.

use acteon_core::{Outcome, ProviderName};
use serde_json::value::RawValue;

use super::body::Card;
use super::face::Face;
use crate::approval::Approval;
use crate::kind::InvalidBody;

/// Writer of what cards say after they were sent.
pub trait WriteCards: Send + Sync {
    /// Handle in the outcome of a card's send, sealed; `None` where there is none.
    fn handle(&self, provider: &ProviderName, outcome: &Outcome) -> Option<String>;

    /// Payload that has a card say how its approval stands now; `None` where its provider cannot change it.
    fn change(
        &self,
        card: &Card,
        approval: &Approval,
        face: Face,
        handle: &str,
    ) -> Option<Box<RawValue>>;

    /// Payload of a message that asks by its link alone; `None` where its provider has no way to that person alone.
    fn link(&self, card: &Card, approval: &Approval) -> Result<Option<Box<RawValue>>, InvalidBody>;

    /// Payload of a message that says the same; `None` where its provider has no way to that person alone.
    fn message(&self, card: &Card, approval: &Approval, face: Face) -> Option<Box<RawValue>>;
}
