//! What tests in the same process do in the world.

use super::perform;
use super::requests::{CannotAct, Click, Event, Say};
use crate::wecom::callback::{Delivery, Verification};
use crate::wecom::server::LocalWecom;

impl LocalWecom {
    /// Presses something on a card, as a member, and delivers the callback. Errors when the member does not see it there.
    pub async fn click(&self, click: &Click) -> Result<Delivery, CannotAct> {
        perform::click(&self.shared, click).await
    }

    /// Writes a text to an app, as a member, and delivers the callback.
    pub async fn say(&self, say: &Say) -> Result<Delivery, CannotAct> {
        perform::say(&self.shared, say).await
    }

    /// Lets any other event happen, and delivers the callback.
    pub async fn event(&self, event: &Event) -> Result<Delivery, CannotAct> {
        perform::event(&self.shared, event).await
    }

    /// Releases callbacks that were held back, one after the other: those with these numbers in their order, or all.
    pub async fn release(&self, numbers: Option<&[u64]>) -> Result<Vec<Delivery>, CannotAct> {
        perform::release(&self.shared, numbers).await
    }

    /// Verifies the callback URL of an app, as its admin console does.
    pub async fn verify(&self, agent_id: i64) -> Result<Verification, CannotAct> {
        perform::verify(&self.shared, agent_id).await
    }
}
