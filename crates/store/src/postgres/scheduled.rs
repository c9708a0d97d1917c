//! The list of scheduled actions.

use acteon_core::Timestamp;
use tokio_postgres::types::ToSql;

use super::connect::Conn;
use super::error::Failure;
use crate::history::Cursor;
use crate::model::Seq;
use crate::rows::within;
use crate::scheduled::{MAX_LOOKED, ScheduledPage, ScheduledRequest, ScheduledRow, select};

pub(super) async fn scheduled(
    conn: &Conn,
    request: &ScheduledRequest,
) -> Result<ScheduledPage, Failure> {
    let (condition, of_scope) = within(&request.scope, '$', 3);
    let after = request.begins_after();
    let (at, seq, most) = (after.at.as_millis(), after.seq.0, MAX_LOOKED as i64);
    let mut values: Vec<&(dyn ToSql + Sync)> = vec![&at, &seq, &most];
    values.extend(of_scope.iter().map(|value| value as &(dyn ToSql + Sync)));
    let mut looked = Vec::new();
    for row in conn.query(&select('$', &condition), &values).await? {
        let cursor = Cursor {
            at: Timestamp::from_millis(row.try_get(0)?),
            seq: Seq(row.try_get(1)?),
        };
        let Some(action_id) = row.try_get(2)? else {
            looked.push((cursor, None));
            continue;
        };
        let found = ScheduledRow {
            cursor,
            action_id,
            namespace: row.try_get(3)?,
            tenant: row.try_get(4)?,
            provider: row.try_get(5)?,
            action_type: row.try_get(6)?,
            accepted_at: Timestamp::from_millis(row.try_get(7)?),
            so_far: row.try_get(8)?,
        };
        looked.push((cursor, Some(found)));
    }
    Ok(request.page(looked))
}
