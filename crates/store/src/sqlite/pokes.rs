//! What begins a flow, and what pokes one, in the commit of somebody else.

use acteon_core::Timestamp;
use rusqlite::{Connection, params};

use super::Result;
use super::statement::inserting;
use crate::flows::{Begin, FlowKey, Poke, first_version};

/// Makes a flow due, unless it is over.
pub(super) fn poke(connection: &Connection, poke: &Poke) -> Result<()> {
    let FlowKey { kind, id } = &poke.flow;
    connection
        .prepare_cached(
            "UPDATE flows SET version = version + 1, due_at = min(coalesce(due_at, ?3), ?3) WHERE kind = ?1 AND id = ?2 AND is_over = 0",
        )?
        .execute(params![kind, id, poke.due_at.as_millis()])?;
    Ok(())
}

/// Begins a flow, unless there is one of that name. Says whether it did.
pub(super) fn begin(connection: &Connection, begin: &Begin, at: Timestamp) -> Result<bool> {
    let Begin {
        key,
        namespace,
        tenant,
        state,
    } = begin;
    let (statement, values) = inserting!(
        "INSERT INTO flows" (
            kind: key.kind,
            id: key.id,
            namespace: namespace.as_str(),
            tenant: tenant.as_str(),
            status: state.status,
            version: first_version(at),
            due_at: state.due_at.map(Timestamp::as_millis),
            is_over: state.is_over,
            created_at: at.as_millis(),
            updated_at: at.as_millis(),
            body: state.body,
        )
        "VALUES (" ") ON CONFLICT (kind, id) DO NOTHING"
    );
    Ok(connection.prepare_cached(statement)?.execute(values)? == 1)
}
