//! From rows to records.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::model::Record;
use crate::raw::{RawRecord, RawRow, damaged_text};

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
    let columns = Columns {
        row,
        unreadable: None,
    };
    Ok(RawRecord::read(columns)?.into_record())
}

/// The columns of a row, and the first that holds no text although it should.
struct Columns<'a> {
    row: &'a Row<'a>,
    unreadable: Option<String>,
}

impl RawRow for Columns<'_> {
    type Error = rusqlite::Error;

    fn number(&mut self, place: usize) -> rusqlite::Result<i64> {
        self.row.get(place)
    }

    fn maybe_number(&mut self, place: usize) -> rusqlite::Result<Option<i64>> {
        self.row.get(place)
    }

    fn maybe_flag(&mut self, place: usize) -> rusqlite::Result<Option<bool>> {
        self.row.get(place)
    }

    fn maybe_bytes(&mut self, place: usize) -> rusqlite::Result<Option<Vec<u8>>> {
        self.row.get(place)
    }

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
    fn unreadable(self) -> Option<String> {
        self.unreadable
    }
}
