//! Scheduled actions: rows whose first attempt waits for an instant that is yet to come, in the order of those instants.

use acteon_core::{Scope, Timestamp};

use crate::history::Cursor;

/// Most waiting rows that one look goes through, whosever they are.
pub(crate) const MAX_LOOKED: usize = 10_000;

/// Which scheduled actions to list.
#[derive(Clone, Debug)]
pub struct ScheduledRequest {
    /// Whose.
    pub scope: Scope,
    /// Now, in due time: what is due by then is not listed.
    pub now: Timestamp,
    /// The due time and position after which the list begins; `None` for its beginning.
    pub after: Option<Cursor>,
    /// Most rows.
    pub limit: usize,
}

/// Row of the list of scheduled actions: what is told of one, without its payload and request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledRow {
    /// Due time and position of the row.
    pub cursor: Cursor,
    /// Id of the action.
    pub action_id: String,
    /// Namespace of the action.
    pub namespace: String,
    /// Tenant of the action.
    pub tenant: String,
    /// Provider that it goes through.
    pub provider: String,
    /// Its caller's word for the kind of action.
    pub action_type: String,
    /// Instant of its acceptance.
    pub accepted_at: Timestamp,
    /// Outcome so far, as JSON: it has the instant that was asked for.
    pub so_far: Option<String>,
}

/// Part of the list of scheduled actions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScheduledPage {
    /// Rows, the soonest first.
    pub rows: Vec<ScheduledRow>,
    /// Where the list goes on; `None` at its end. A look is bounded, so that a page may have fewer rows than were asked for and yet go on.
    pub next: Option<Cursor>,
}

impl ScheduledRequest {
    /// The cursor after which the look begins.
    pub(crate) fn begins_after(&self) -> Cursor {
        let soonest = Cursor::newest(self.now);
        match self.after {
            Some(after) if (after.at, after.seq) > (soonest.at, soonest.seq) => after,
            Some(_) | None => soonest,
        }
    }

    /// The page made of the rows that a look went through, in their order; of those that the scope does not cover only the cursor is known.
    pub(crate) fn page(
        &self,
        looked: impl IntoIterator<Item = (Cursor, Option<ScheduledRow>)>,
    ) -> ScheduledPage {
        let mut page = ScheduledPage::default();
        for (number, (cursor, row)) in looked.into_iter().enumerate() {
            if page.rows.len() == self.limit {
                page.next = page.rows.last().map(|row| row.cursor);
                break;
            }
            page.rows.extend(row);
            page.next = (number + 1 == MAX_LOOKED).then_some(cursor);
        }
        page
    }
}

/// Statement of the look, with the condition that an action of table `a` lies within the scope. Its parameters are the due time and position of
/// the cursor and the number of rows, and then those of the condition. Where that does not hold the id is null.
pub(crate) fn select(mark: char, condition: &str) -> String {
    format!(
        "SELECT j.due_at, j.seq, CASE WHEN {condition} THEN a.id END, a.namespace, a.tenant, coalesce(a.through, a.provider), a.action_type, \
         a.accepted_at, j.outcome FROM \
         (SELECT due_at, seq, outcome FROM jobs WHERE owner = 0 AND attempts = 0 AND not_before = due_at AND outcome IS NOT NULL AND (due_at, seq) > ({mark}1, {mark}2) \
         ORDER BY due_at, seq LIMIT {mark}3) j JOIN actions a ON a.seq = j.seq ORDER BY j.due_at, j.seq"
    )
}
