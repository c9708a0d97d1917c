//! The list of scheduled actions.

use acteon_core::Timestamp;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, params_from_iter};

use super::Result;
use super::rows::text;
use crate::history::Cursor;
use crate::model::Seq;
use crate::rows::within;
use crate::scheduled::{MAX_LOOKED, ScheduledPage, ScheduledRequest, ScheduledRow, select};

pub(super) fn scheduled(
    connection: &Connection,
    request: &ScheduledRequest,
) -> Result<ScheduledPage> {
    let (condition, of_scope) = within(&request.scope, '?', 3);
    let after = request.begins_after();
    let mut values: Vec<Value> = vec![
        after.at.as_millis().into(),
        after.seq.0.into(),
        (MAX_LOOKED as i64).into(),
    ];
    values.extend(of_scope.into_iter().map(Value::from));
    let mut select = connection.prepare_cached(&select('?', &condition))?;
    let looked = select
        .query_map(params_from_iter(values), |row| {
            let cursor = Cursor {
                at: Timestamp::from_millis(row.get(0)?),
                seq: Seq(row.get(1)?),
            };
            if row.get_ref(2)? == ValueRef::Null {
                return Ok((cursor, None));
            }
            let found = ScheduledRow {
                cursor,
                action_id: text(row, 2)?,
                namespace: text(row, 3)?,
                tenant: text(row, 4)?,
                provider: text(row, 5)?,
                action_type: text(row, 6)?,
                accepted_at: Timestamp::from_millis(row.get(7)?),
                so_far: row.get(8)?,
            };
            Ok((cursor, Some(found)))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(request.page(looked))
}
