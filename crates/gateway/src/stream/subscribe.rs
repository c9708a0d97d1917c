//! Subscriptions to one action, which end with it.

use acteon_core::{ActionId, Scope};
use acteon_store::{Seq, StoreError};

use crate::history::view::ActionView;
use crate::shared::Gateway;
use crate::stream::event::StreamEvent;
use crate::stream::filter::StreamFilter;
use crate::stream::reader::{StreamReader, Told};

/// Subscription to one action.
pub struct Subscription {
    reader: StreamReader,
}

impl Gateway {
    /// Follows an action to its end. Its readers look the action up behind this, so that they miss nothing in between.
    pub async fn subscribe(&self, scope: Scope, id: &ActionId) -> Result<Subscription, StoreError> {
        let filter = StreamFilter {
            action_id: Some(id.to_string()),
            ..StreamFilter::of(scope)
        };
        let reader = self.stream(filter, None).await?;
        Ok(Subscription { reader })
    }
}

impl Subscription {
    /// Event of the action's end, if it has ended by the time of a view.
    pub fn ended(&self, view: &ActionView) -> Option<StreamEvent> {
        view.is_over()
            .then(|| StreamEvent::of_view(&self.reader.inner, view))
    }

    /// What is told next of the action at this position of the journal, as soon as there is something; `None` at the end.
    pub async fn next(&mut self, seq: Seq) -> Option<Told> {
        loop {
            match self.reader.next().await? {
                Told::Event(event) if event.event.action.seq != seq => {}
                told => return Some(told),
            }
        }
    }
}
