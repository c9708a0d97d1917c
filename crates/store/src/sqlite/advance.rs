//! Advances of flows, in one transaction each with all that follows.

use acteon_core::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::events::Writing;
use super::flow_rows::find;
use super::pokes::{begin, poke};
use super::statement::updating;
use super::{Result, admit, settle};
use crate::flows::{Advance, Advanced, Begin, Expect, FlowKey, FlowState, first_version};
use crate::model::{Admission, Admitted};
use crate::rows::RowTexts;

/// Writes a flow's next state and all that follows from it. An error is for the transaction to roll back, and with it all of this.
pub(super) fn advance(
    connection: &Writing<'_>,
    advance: &Advance,
    texts: &[RowTexts],
) -> Result<Advanced> {
    if !write_state(connection, advance)? {
        return Ok(Advanced::Changed(find(connection, &advance.key)?));
    }
    connection.tell_of_flows(&advance.events);
    for wanted in &advance.begins {
        begin(connection, wanted, advance.at)?;
    }
    let admitted = advance.admissions.iter().zip(texts);
    let admitted = admitted
        .map(|(admission, texts)| admit_of(connection, admission, texts, advance.due))
        .collect::<Result<Vec<Admitted>>>()?;
    let cancels = advance.cancels.iter();
    let cancelled = cancels
        .map(|cancel| settle::settle(connection, cancel))
        .collect::<Result<Vec<_>>>()?;
    for wanted in &advance.pokes {
        poke(connection, wanted)?;
    }
    Ok(Advanced::Written {
        version: version(connection, advance)?,
        admitted,
        cancelled,
    })
}

/// Admits an action, begins its flows and pokes its parent, due at an instant.
pub(super) fn admit_of(
    connection: &Writing<'_>,
    admission: &Admission,
    texts: &RowTexts,
    due: Timestamp,
) -> Result<Admitted> {
    let admitted = admit::admit(connection, admission, texts)?;
    for wanted in admission.begun(&admitted) {
        begin(connection, wanted, admission.accepted_at)?;
    }
    if let Some(wanted) = admission.poke(&admitted, due) {
        poke(connection, &wanted)?;
    }
    Ok(admitted)
}

/// Writes the next state of a flow. Says whether the flow was as expected.
fn write_state(connection: &Connection, advance: &Advance) -> Result<bool> {
    match (&advance.expect, &advance.state) {
        (Expect::New(namespace, tenant), Some(state)) => {
            let wanted = Begin {
                key: advance.key.clone(),
                namespace: namespace.clone(),
                tenant: tenant.clone(),
                state: state.clone(),
            };
            begin(connection, &wanted, advance.at)
        }
        // A flow that begins has a state: see `Advance::check`.
        (Expect::New(..), None) => Ok(false),
        (Expect::Version(version), Some(state)) => change(connection, advance, *version, state),
        (Expect::Version(version), None) => {
            let FlowKey { kind, id } = &advance.key;
            let mut delete = connection
                .prepare_cached("DELETE FROM flows WHERE kind = ?1 AND id = ?2 AND version = ?3")?;
            Ok(delete.execute(params![kind, id, version])? == 1)
        }
    }
}

fn change(
    connection: &Connection,
    advance: &Advance,
    version: i64,
    state: &FlowState,
) -> Result<bool> {
    let (statement, values) = updating!(
        "UPDATE flows SET" (
            status: state.status,
            body: state.body,
            due_at: state.due_at.map(Timestamp::as_millis),
            is_over: state.is_over,
            version: version + 1,
            owner: 0,
            takeovers: 0,
            updated_at: advance.at.as_millis(),
        )
        "WHERE kind = ? AND id = ? AND version = ?" (advance.key.kind, advance.key.id, version)
    );
    Ok(connection.prepare_cached(statement)?.execute(values)? == 1)
}

/// Version of a flow after its advance, in which it may have been poked.
fn version(connection: &Connection, advance: &Advance) -> Result<i64> {
    let FlowKey { kind, id } = &advance.key;
    let mut select =
        connection.prepare_cached("SELECT version FROM flows WHERE kind = ?1 AND id = ?2")?;
    let found: Option<i64> = select
        .query_row(params![kind, id], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(match advance.expect {
        Expect::New(..) => first_version(advance.at),
        Expect::Version(version) => version + 1,
    }))
}
