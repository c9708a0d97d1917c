//! Tables of a store in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use acteon_core::{ActionId, Outcome, Timestamp};

use super::events::table::EventTable;
use crate::document::{Document, DocumentKind};
use crate::flows::{Flow, FlowKey};
use crate::model::{ActionState, Hold, OwnerId, Record, Seq};
use crate::rows::state_of;

/// Action with the columns that lists are filtered by.
pub(super) struct JournalRow {
    pub(super) record: Record,
    /// Owner of the row; 0 for none.
    pub(super) owner: i64,
    pub(super) superseded: bool,
    pub(super) tag: &'static str,
    pub(super) code: Option<String>,
}

pub(super) struct Holder {
    pub(super) seq: Seq,
    pub(super) id: ActionId,
    pub(super) until: Timestamp,
}

#[derive(Default)]
pub(super) struct Ring {
    pub(super) total: i64,
    pub(super) slots: BTreeMap<i64, Timestamp>,
    pub(super) until: Timestamp,
}

#[derive(Default)]
pub(super) struct Tables {
    pub(super) entries: BTreeMap<i64, JournalRow>,
    pub(super) by_id: BTreeMap<(String, String, String), i64>,
    /// Number of heartbeats of each registered process.
    pub(super) processes: BTreeMap<i64, i64>,
    /// Documents, each with the revision at which it was changed last.
    pub(super) documents: BTreeMap<(&'static str, String), (Document, i64)>,
    /// Deleted documents by revision.
    pub(super) deletions: BTreeMap<i64, (DocumentKind, String)>,
    pub(super) flows: BTreeMap<FlowKey, Flow>,
    pub(super) notes: BTreeMap<String, (String, Timestamp)>,
    pub(super) holders: BTreeMap<String, Holder>,
    pub(super) rings: BTreeMap<String, Ring>,
    pub(super) counters: BTreeMap<String, (u64, Timestamp)>,
    pub(super) events: EventTable,
    pub(super) last_seq: i64,
    pub(super) last_owner: i64,
}

impl Tables {
    pub(super) fn open(&self) -> impl Iterator<Item = &JournalRow> {
        self.entries
            .values()
            .filter(|entry| entry.record.state == ActionState::Open)
    }
}

impl JournalRow {
    /// Gives the row to an owner, or to none with 0. It is not in flight then.
    pub(super) fn own(&mut self, owner: i64) {
        self.owner = owner;
        self.record.owned = owner != 0;
        self.record.in_flight = false;
    }

    /// Owner and fence of the row.
    pub(super) fn hold(&self) -> Hold {
        Hold {
            seq: self.record.seq,
            owner: OwnerId(self.owner),
            fence: self.record.fence,
        }
    }

    pub(super) fn end(&mut self, outcome: &Outcome, text: Arc<str>, at: Timestamp) {
        self.own(0);
        self.record.state = state_of(outcome);
        self.record.finished_at = Some(at);
        self.record.outcome = Some(text);
        self.tag = outcome.as_str();
        self.code = outcome.code().map(str::to_owned);
    }
}
