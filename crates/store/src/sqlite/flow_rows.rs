//! Rows of flows, read.

use acteon_core::{Namespace, Tenant, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};

use super::Result;
use super::rows::text;
use crate::StoreError;
use crate::flows::{
    Flow, FlowCount, FlowFilter, FlowHold, FlowKey, FlowPage, FlowPageRows, FlowState,
};
use crate::model::OwnerId;
use crate::rows::flow_within;

/// Columns of [`read`].
pub(super) const COLUMNS: &str = "kind, id, namespace, tenant, status, body, due_at, is_over, version, owner, takeovers, created_at, updated_at";

/// Flow of a row, or what is wrong with the row, without a quotation of it.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<std::result::Result<Flow, String>> {
    for (place, column) in COLUMNS.split(", ").enumerate().take(6) {
        if row.get_ref(place)?.as_str().is_err() {
            return Ok(Err(unreadable(row, column)));
        }
    }
    let (Ok(namespace), Ok(tenant), Ok(takeovers)) = (
        Namespace::parse(&text(row, 2)?),
        Tenant::parse(&text(row, 3)?),
        u32::try_from(row.get::<_, i64>(10)?),
    ) else {
        return Ok(Err(unreadable(row, "namespace, tenant or takeovers")));
    };
    let instant = |place: usize| row.get(place).map(Timestamp::from_millis);
    Ok(Ok(Flow {
        key: FlowKey::new(&text(row, 0)?, &text(row, 1)?),
        namespace,
        tenant,
        state: FlowState {
            status: text(row, 4)?.into(),
            body: text(row, 5)?.into(),
            due_at: row.get::<_, Option<i64>>(6)?.map(Timestamp::from_millis),
            is_over: row.get(7)?,
        },
        version: row.get(8)?,
        owner: OwnerId(row.get(9)?),
        takeovers,
        created_at: instant(11)?,
        updated_at: instant(12)?,
    }))
}

/// Message about a row that cannot be read. A name that can be read says which it is.
fn unreadable(row: &Row<'_>, column: &str) -> String {
    let named = |place: usize| text(row, place).unwrap_or_else(|_| "?".into());
    format!(
        "the flow {}:{} cannot be read: its {column} is damaged",
        named(0),
        named(1)
    )
}

/// The flow with a name.
pub(super) fn find(connection: &Connection, key: &FlowKey) -> Result<Option<Flow>> {
    let select = format!("SELECT {COLUMNS} FROM flows WHERE kind = ?1 AND id = ?2");
    let found = connection
        .prepare_cached(&select)?
        .query_row(params![key.kind, key.id], read)
        .optional()?;
    found
        .transpose()
        .map_err(|why| StoreError::Damaged(why.into()))
}

/// Conditions of a filter, with the values of their parameters.
fn conditions(filter: &FlowFilter) -> (String, Vec<Value>) {
    let FlowFilter {
        kind,
        scope,
        status,
        after,
        order: _,
        limit: _,
        max_bytes: _,
    } = filter;
    let mut values = vec![Value::from(kind.to_string())];
    let (within, of_scope) = flow_within(scope, '?', values.len());
    values.extend(of_scope.into_iter().map(Value::from));
    let mut all = vec!["kind = ?1".to_owned(), within];
    let behind = format!("id {}", filter.direction().0);
    for (condition, value) in [("status =", status.as_deref()), (&behind, after.as_deref())] {
        if let Some(value) = value {
            values.push(value.to_owned().into());
            all.push(format!("{condition} ?{}", values.len()));
        }
    }
    (all.join(" AND "), values)
}

/// A page of flows, and what is wrong with those that cannot be read.
pub(super) fn list(
    connection: &Connection,
    filter: &FlowFilter,
) -> Result<(FlowPage, Vec<String>)> {
    let (conditions, mut values) = conditions(filter);
    values.push((filter.limit as i64).into());
    let select = format!(
        "SELECT {COLUMNS} FROM flows a WHERE {conditions} ORDER BY id {} LIMIT ?{}",
        filter.direction().1,
        values.len()
    );
    let mut select = connection.prepare_cached(&select)?;
    let (mut rows, mut wrong) = (FlowPageRows::new(filter), Vec::new());
    let mut found = select.query(params_from_iter(values))?;
    while !rows.is_full()
        && let Some(row) = found.next()?
    {
        let id = row.get_ref(1)?.as_str().ok().map(Into::into);
        let flow = read(row)?.map_err(|why| wrong.push(why));
        rows.add(id, flow.ok());
    }
    Ok((rows.page(), wrong))
}

/// Number of flows that a filter covers, up to its limit.
pub(super) fn count(connection: &Connection, filter: &FlowFilter) -> Result<usize> {
    let (conditions, mut values) = conditions(filter);
    values.push((filter.limit as i64).into());
    let select = format!(
        "SELECT COUNT(*) FROM (SELECT 1 FROM flows a WHERE {conditions} LIMIT ?{})",
        values.len()
    );
    let count: i64 = connection
        .prepare_cached(&select)?
        .query_row(params_from_iter(values), |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Numbers of flows by kind, tenant and status.
pub(super) fn counts(connection: &Connection) -> Result<Vec<FlowCount>> {
    let mut select = connection.prepare_cached(
        "SELECT kind, tenant, status, COUNT(*) FROM flows GROUP BY kind, tenant, status",
    )?;
    let counts = select.query_map([], |row| {
        Ok(FlowCount {
            kind: text(row, 0)?.into(),
            tenant: text(row, 1)?.into(),
            status: text(row, 2)?.into(),
            count: usize::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
        })
    })?;
    Ok(counts.collect::<rusqlite::Result<_>>()?)
}

/// Flows that a process owns, from after a name on.
pub(super) fn owned(
    connection: &Connection,
    owner: OwnerId,
    after: Option<&FlowKey>,
    limit: usize,
) -> Result<Vec<FlowHold>> {
    let mut select = connection.prepare_cached(
        "SELECT kind, id, version FROM flows INDEXED BY flows_owned WHERE owner = ?1 AND owner <> 0 AND (kind, id) > (?2, ?3) \
         ORDER BY kind, id LIMIT ?4",
    )?;
    // No kind is empty.
    let (kind, id) = after.map_or(("", ""), |key| (&key.kind, &key.id));
    let rows = select.query_map(params![owner.0, kind, id, limit as i64], |row| {
        Ok(FlowHold {
            key: FlowKey::new(&text(row, 0)?, &text(row, 1)?),
            owner,
            version: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
