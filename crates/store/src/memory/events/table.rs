//! Table of events.

use std::collections::BTreeMap;
use std::sync::Arc;

use acteon_core::Timestamp;
use acteon_core::limits::MAX_PRUNED_EVENTS;
use tokio::sync::Notify;

use crate::event::EventsKept;
use crate::flow_event::FlowEvent;
use crate::model::Seq;

/// Events by their positions.
#[derive(Default)]
pub(in crate::memory) struct EventTable {
    pub(super) rows: BTreeMap<i64, EventRow>,
    pub(super) last: i64,
    pub(super) written: Arc<Notify>,
}

pub(super) struct EventRow {
    pub(super) at: Timestamp,
    pub(super) about: About,
}

/// What an event is about.
pub(super) enum About {
    Action(Seq),
    Flow(FlowEvent),
}

impl EventTable {
    /// Tells that an action came to its outcome.
    pub(in crate::memory) fn tell(&mut self, at: Timestamp, seq: Seq) {
        self.add(at, About::Action(seq));
    }

    /// Tells what happened to a flow.
    pub(in crate::memory) fn tell_of_flow(&mut self, event: &FlowEvent) {
        self.add(event.at, About::Flow(event.clone()));
    }

    fn add(&mut self, at: Timestamp, about: About) {
        self.last += 1;
        self.rows.insert(self.last, EventRow { at, about });
        self.written.notify_one();
    }

    pub(super) fn prune(&mut self, kept: EventsKept) -> usize {
        let oldest = self.rows.range(..self.last).take(MAX_PRUNED_EVENTS);
        let goes: Vec<i64> = oldest
            .take_while(|(_, row)| !kept.have(row.at))
            .map(|(position, _)| *position)
            .collect();
        for position in &goes {
            self.rows.remove(position);
        }
        goes.len()
    }
}
