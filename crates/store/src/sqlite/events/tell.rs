//! The writer's transaction, which tells at its end of the actions that came to their outcomes in it, and of what happened to flows.

use std::cell::RefCell;
use std::ops::Deref;

use acteon_core::Timestamp;
use rusqlite::Connection;

use super::row::{MAX_EVENTS, append};
use crate::event::EventKind;
use crate::flow_event::FlowEvent;
use crate::model::Seq;
use crate::sqlite::Result;
use crate::sqlite::statement::inserting;

/// Transaction of the writer: its connection, and the outcomes to tell of.
pub(in crate::sqlite) struct Writing<'a> {
    connection: &'a Connection,
    ended: RefCell<Vec<(Timestamp, Seq)>>,
    flows: RefCell<Vec<FlowEvent>>,
}

impl<'a> Writing<'a> {
    pub(in crate::sqlite) fn new(connection: &'a Connection) -> Self {
        Self {
            connection,
            ended: RefCell::default(),
            flows: RefCell::default(),
        }
    }

    /// Tells that an action came to its outcome, once the transaction ends.
    pub(in crate::sqlite) fn tell(&self, at: Timestamp, seq: Seq) {
        self.ended.borrow_mut().push((at, seq));
    }

    /// Tells what happened to flows, once the transaction ends.
    pub(in crate::sqlite) fn tell_of_flows(&self, events: &[FlowEvent]) {
        self.flows.borrow_mut().extend_from_slice(events);
    }

    /// Writes what is to be told, before the transaction is committed.
    pub(in crate::sqlite) fn write_events(self) -> Result<()> {
        let connection = self.connection;
        self.ended
            .into_inner()
            .chunks(MAX_EVENTS)
            .try_for_each(|events| write_row(connection, events))?;
        let flows = self.flows.into_inner();
        flows
            .iter()
            .try_for_each(|event| write_flow(connection, event))
    }
}

impl Deref for Writing<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

fn write_row(connection: &Connection, events: &[(Timestamp, Seq)]) -> Result<()> {
    let Some(((at, seq), others)) = events.split_last() else {
        return Ok(());
    };
    let mut before = Vec::new();
    for (at, seq) in others {
        append(&mut before, *at, *seq);
    }
    let (statement, values) = inserting!(
        "INSERT INTO events" (
            kind: EventKind::ActionDispatched.number(),
            pos: events.len() as i64 => "(SELECT coalesce(MAX(pos), 0) + ? FROM events)",
            at: at.as_millis(),
            seq: seq.0,
            before: (!before.is_empty()).then_some(before),
        )
        "VALUES (" ")"
    );
    connection.prepare_cached(statement)?.execute(values)?;
    Ok(())
}

/// Writes an event of a flow, which has a row to itself.
fn write_flow(connection: &Connection, event: &FlowEvent) -> Result<()> {
    let (statement, values) = inserting!(
        "INSERT INTO events" (
            kind: event.kind.number(),
            pos: 1 => "(SELECT coalesce(MAX(pos), 0) + ? FROM events)",
            at: event.at.as_millis(),
            namespace: event.namespace,
            tenant: event.tenant,
            subject: event.flow,
            body: event.body,
        )
        "VALUES (" ")"
    );
    connection.prepare_cached(statement)?.execute(values)?;
    Ok(())
}
