//! The list of scheduled actions.

use acteon_core::Scope;

use super::tables::Tables;
use crate::history::Cursor;
use crate::model::Record;
use crate::scheduled::{MAX_LOOKED, ScheduledPage, ScheduledRequest, ScheduledRow};

impl Tables {
    pub(super) fn scheduled(&self, request: &ScheduledRequest) -> ScheduledPage {
        let after = request.begins_after();
        let mut waiting: Vec<(Cursor, Option<ScheduledRow>)> = self
            .open()
            .filter(|row| row.owner == 0 && row.record.attempts == 0)
            .filter(|row| {
                row.record.not_before == row.record.due_at && row.record.outcome.is_some()
            })
            .map(|row| looked_at(&row.record, &request.scope))
            .filter(|(cursor, _)| (cursor.at, cursor.seq) > (after.at, after.seq))
            .collect();
        waiting.sort_by_key(|(cursor, _)| (cursor.at, cursor.seq));
        waiting.truncate(MAX_LOOKED);
        request.page(waiting)
    }
}

/// Cursor of a row, and what is told of it where the scope covers it.
fn looked_at(record: &Record, scope: &Scope) -> (Cursor, Option<ScheduledRow>) {
    let action = &record.action;
    let cursor = Cursor {
        at: record.due_at,
        seq: record.seq,
    };
    let is_covered = scope.covers(
        action.namespace.as_str(),
        action.tenant.as_str(),
        action.provider.as_str(),
        action.action_type.as_str(),
    );
    let row = || ScheduledRow {
        cursor,
        action_id: action.id.to_string(),
        namespace: action.namespace.to_string(),
        tenant: action.tenant.to_string(),
        provider: record.provider.to_string(),
        action_type: action.action_type.to_string(),
        accepted_at: record.accepted_at,
        so_far: record.outcome.as_deref().map(str::to_owned),
    };
    (cursor, is_covered.then(row))
}
