//! Looks at the journal, each at a bounded number of rows.

use acteon_core::Timestamp;
use acteon_core::limits::MAX_LOOK;

use super::tables::{JournalRow, Tables};
use crate::history::{CoverageRow, Cursor, HistoryFilter, Order};
use crate::model::{ActionState, Record};
use crate::narrow::Narrow;
use crate::rows::state_number;

impl Tables {
    /// Passes rows that a filter lets through, in its order, to `found`. Returns where the look stopped if it ended at its bound of rows.
    pub(super) fn look(
        &self,
        filter: &HistoryFilter,
        after: Option<Cursor>,
        mut found: impl FnMut(&JournalRow, Cursor) -> bool,
    ) -> Option<Cursor> {
        let by_time = filter.is_by_time();
        let mut entries: Vec<&JournalRow> = self.entries.values().collect();
        if by_time {
            entries.sort_by_key(|entry| (entry.record.accepted_at, entry.record.seq));
        }
        if filter.order == Order::NewestFirst {
            entries.reverse();
        }
        let mut looked = 0;
        for entry in entries {
            let record = &entry.record;
            let cursor = Cursor {
                at: record.accepted_at,
                seq: record.seq,
            };
            let place = |cursor: Cursor| {
                (
                    if by_time {
                        cursor.at
                    } else {
                        Timestamp::default()
                    },
                    cursor.seq,
                )
            };
            let is_beyond = |after: Cursor| match filter.order {
                Order::NewestFirst => place(cursor) < place(after),
                Order::OldestFirst => place(cursor) > place(after),
            };
            if !after.is_none_or(is_beyond) {
                continue;
            }
            if filter.ends_before(cursor) {
                return None;
            }
            looked += 1;
            if (filter.lets_through(&entry.narrow()) && !found(entry, cursor)) || looked == MAX_LOOK
            {
                return Some(cursor);
            }
        }
        None
    }
}

impl JournalRow {
    fn narrow(&self) -> Narrow<'_> {
        let Record {
            action,
            accepted_at,
            caller,
            verdict,
            rule,
            state,
            ..
        } = &self.record;
        Narrow {
            seq: self.record.seq,
            accepted_at: *accepted_at,
            namespace: action.namespace.as_str(),
            tenant: action.tenant.as_str(),
            provider: action.provider.as_str(),
            action_type: action.action_type.as_str(),
            caller,
            verdict,
            rule: rule.as_deref().unwrap_or_default(),
            state: (*state != ActionState::Open).then(|| state_number(*state)),
            tag: self.tag,
            code: self.code.as_deref().unwrap_or_default(),
            class: self.record.class.as_deref().unwrap_or_default(),
        }
    }

    pub(super) fn coverage_row(&self) -> CoverageRow {
        let action = &self.record.action;
        CoverageRow {
            namespace: action.namespace.as_str().into(),
            tenant: action.tenant.as_str().into(),
            provider: action.provider.as_str().into(),
            action_type: action.action_type.as_str().into(),
            rule: self.record.rule.clone(),
        }
    }
}
