//! Events of the store in memory.

pub(super) mod table;

use std::sync::Arc;

use acteon_core::{BoxFuture, Timestamp};
use tokio::sync::Notify;

use super::events::table::About;
use super::store::{MemoryStore, ready};
use super::tables::Tables;
use crate::StoreError;
use crate::event::{
    Event, EventAction, EventBytes, EventId, EventKind, EventPosition, EventsKept, EventsPage,
};
use crate::model::Seq;
use crate::store::Events;

impl Events for MemoryStore {
    fn events(
        &self,
        after: EventPosition,
        limit: usize,
    ) -> BoxFuture<'_, Result<EventsPage, StoreError>> {
        ready(Ok(self.lock().events_after(after, limit)))
    }

    fn newest_event(&self) -> BoxFuture<'_, Result<EventId, StoreError>> {
        let tables = self.lock();
        let newest = tables.events.rows.last_key_value();
        let at = newest.map_or(Timestamp::default(), |(_, row)| row.at);
        let position = EventPosition::of_row(tables.events.last);
        ready(Ok(EventId::of_position(at, position)))
    }

    fn oldest_event(&self) -> BoxFuture<'_, Result<EventPosition, StoreError>> {
        let tables = self.lock();
        let oldest = tables.events.rows.first_key_value();
        let oldest = oldest.map_or(EventPosition::START, |(row, _)| EventPosition::of_row(*row));
        ready(Ok(oldest))
    }

    fn has_event(&self, id: EventId) -> BoxFuture<'_, Result<bool, StoreError>> {
        let tables = self.lock();
        let (events, row) = (&tables.events, id.position().row());
        let is_known = if id.is_of_position() {
            let newest = events.rows.range(..=row).next_back();
            row <= events.last && newest.is_none_or(|(_, row)| id.is_of(row.at))
        } else {
            events.rows.get(&row).is_some_and(|row| id.is_of(row.at))
        };
        ready(Ok(is_known))
    }

    fn prune_events(&self, kept: EventsKept) -> BoxFuture<'_, Result<usize, StoreError>> {
        ready(Ok(self.lock().events.prune(kept)))
    }
}

impl Tables {
    /// Notified when an event is written.
    pub(super) fn events_written(&self) -> Arc<Notify> {
        Arc::clone(&self.events.written)
    }

    fn events_after(&self, after: EventPosition, limit: usize) -> EventsPage {
        let mut page = EventsPage::begin(after, EventPosition::of_row(self.events.last));
        let (mut looked, mut bytes) = (0, EventBytes::default());
        for (position, row) in self.events.rows.range(after.row().saturating_add(1)..) {
            if looked == limit {
                page.more = true;
                break;
            }
            looked += 1;
            page.looked_to = EventPosition::of_row(*position);
            page.last = Some(row.at);
            let event = match &row.about {
                About::Action(seq) => self.event_action(*seq).map(|action| Event {
                    position: page.looked_to,
                    at: row.at,
                    kind: EventKind::ActionDispatched,
                    flow: None,
                    action,
                }),
                About::Flow(event) => event.clone().read_at(page.looked_to),
            };
            let Some(event) = event else {
                continue;
            };
            page.more = bytes.are_full_with(&event);
            page.events.push(event);
            if page.more {
                break;
            }
        }
        page
    }

    fn event_action(&self, seq: Seq) -> Option<EventAction> {
        let record = &self.entries.get(&seq.0)?.record;
        let action = &record.action;
        Some(EventAction {
            seq,
            id: action.id.to_string(),
            namespace: action.namespace.to_string(),
            tenant: action.tenant.to_string(),
            provider: action.provider.to_string(),
            action_type: action.action_type.to_string(),
            outcome: record.outcome.clone()?,
        })
    }
}
