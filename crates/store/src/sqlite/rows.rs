//! From rows to records.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::model::Record;
use crate::raw::{RawRecord, damaged_text};

/// A column's text, `None` where it is NULL. A damaged one is a [`damaged_text`].
pub(super) fn maybe_text(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => None,
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Some(std::str::from_utf8(bytes).map_or_else(|_| damaged_text(bytes), str::to_owned))
        }
        ValueRef::Integer(_) | ValueRef::Real(_) => Some(String::new()),
    })
}

/// As [`maybe_text`], for a column that is never NULL.
pub(super) fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(maybe_text(row, column)?.unwrap_or_default())
}

/// Reads [`RawRecord::COLUMNS`]. A row whose contents cannot be read is a record that says so.
pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let mut columns = Columns {
        row,
        unreadable: None,
    };
    let raw = RawRecord {
        seq: row.get(0)?,
        id: columns.text(1)?,
        tenant: columns.text(2)?,
        namespace: columns.text(3)?,
        asked: columns.text(4)?,
        action_type: columns.text(5)?,
        action: columns.text(6)?,
        origin: columns.text(7)?,
        request: row.get(8)?,
        request_facts: columns.maybe_text(9)?,
        accepted_at: row.get(10)?,
        caller: columns.text(11)?,
        auth_method: columns.text(12)?,
        verdict: columns.text(13)?,
        rule: columns.maybe_text(14)?,
        through: columns.maybe_text(15)?,
        charges: columns.maybe_text(16)?,
        due_at: row.get(17)?,
        give_up_at: row.get(18)?,
        owner: row.get(19)?,
        in_flight: row.get(20)?,
        rounds: row.get(21)?,
        note: columns.maybe_text(22)?,
        state: row.get(23)?,
        finished_at: row.get(24)?,
        attempts: row.get(25)?,
        takeovers: row.get(26)?,
        possible_duplicate: row.get(27)?,
        history: columns.maybe_text(28)?,
        outcome: columns.maybe_text(29)?,
        fence: row.get(30)?,
        not_before: row.get(31)?,
        class: columns.maybe_text(32)?,
        unreadable: columns.unreadable,
    };
    Ok(raw.into_record())
}

/// The columns of a row, and the first that holds no text although it should.
struct Columns<'a> {
    row: &'a Row<'a>,
    unreadable: Option<String>,
}

impl Columns<'_> {
    fn text(&mut self, place: usize) -> rusqlite::Result<String> {
        Ok(self.maybe_text(place)?.unwrap_or_default())
    }

    fn maybe_text(&mut self, place: usize) -> rusqlite::Result<Option<String>> {
        let bytes = match self.row.get_ref(place)? {
            ValueRef::Null => return Ok(None),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
            ValueRef::Integer(_) | ValueRef::Real(_) => &[],
        };
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Ok(Some(text.to_owned()));
        }
        let name = self
            .row
            .as_ref()
            .column_name(place)
            .unwrap_or("a column")
            .to_owned();
        self.unreadable
            .get_or_insert_with(|| format!("{name} is no text"));
        Ok(Some(String::from_utf8_lossy(bytes).into_owned()))
    }
}
