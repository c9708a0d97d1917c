//! Subscriptions to one action or one execution, which end with it.

use acteon_core::{ActionId, Scope};
use acteon_store::{EventId, EventPosition, Seq, StoreError};

use crate::flows::events::so_far;
use crate::history::view::ActionView;
use crate::operate::chains::Execution;
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

/// Subscription to one execution of a chain.
pub struct ChainSubscription {
    reader: StreamReader,
}

impl Gateway {
    /// Follows an execution to its end. Its readers look it up behind this, so that they miss nothing in between.
    pub async fn subscribe_to_chain(
        &self,
        scope: Scope,
        id: &str,
    ) -> Result<ChainSubscription, StoreError> {
        let filter = StreamFilter {
            chain_id: Some(id.to_owned()),
            ..StreamFilter::of(scope)
        };
        let reader = self.stream(filter, None).await?;
        Ok(ChainSubscription { reader })
    }
}

impl ChainSubscription {
    /// Events of what happened in an execution so far, each with an id of its own by which no stream goes on.
    pub fn so_far(&self, found: &Execution) -> Vec<StreamEvent> {
        let events = so_far(&found.body).unwrap_or_default().into_iter();
        let shown = events.enumerate().filter_map(|(place, event)| {
            let event = event.read_at(EventPosition::START)?;
            let place = i64::try_from(place).unwrap_or(i64::MAX);
            let id = EventId::of_action(event.at, Seq(place));
            Some(StreamEvent::of_flow(&self.reader.inner, id, event))
        });
        shown.collect()
    }

    /// What is told next, as soon as there is something; `None` at the end.
    pub async fn next(&mut self) -> Option<Told> {
        self.reader.next().await
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
