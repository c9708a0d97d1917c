//! Events of the store in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use acteon_core::limits::MAX_PRUNED_EVENTS;
use acteon_core::{BoxFuture, Timestamp};
use tokio::sync::Notify;

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

    fn newest_event(&self) -> BoxFuture<'_, Result<EventPosition, StoreError>> {
        ready(Ok(EventPosition::of_row(self.lock().events.last)))
    }

    fn has_event(&self, id: EventId) -> BoxFuture<'_, Result<bool, StoreError>> {
        let tables = self.lock();
        let found = tables.events.rows.get(&id.position().row());
        ready(Ok(found.is_some_and(|row| id.is_of(row.at))))
    }

    fn prune_events(&self, kept: EventsKept) -> BoxFuture<'_, Result<usize, StoreError>> {
        ready(Ok(self.lock().events.prune(kept)))
    }
}

/// Events by their positions.
#[derive(Default)]
pub(super) struct EventTable {
    rows: BTreeMap<i64, EventRow>,
    last: i64,
    written: Arc<Notify>,
}

struct EventRow {
    at: Timestamp,
    seq: Seq,
}

impl EventTable {
    /// Tells that an action came to its outcome.
    pub(super) fn tell(&mut self, at: Timestamp, seq: Seq) {
        self.last += 1;
        self.rows.insert(self.last, EventRow { at, seq });
        self.written.notify_one();
    }

    fn prune(&mut self, kept: EventsKept) -> usize {
        let oldest = self.rows.range(..self.last).take(MAX_PRUNED_EVENTS);
        let goes: Vec<i64> = oldest
            .filter(|(_, row)| !kept.have(row.at))
            .map(|(position, _)| *position)
            .collect();
        for position in &goes {
            self.rows.remove(position);
        }
        goes.len()
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
            let Some(action) = self.event_action(row.seq) else {
                continue;
            };
            let event = Event {
                position: page.looked_to,
                at: row.at,
                kind: EventKind::ActionDispatched,
                action,
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
