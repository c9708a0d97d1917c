//! From rows to records.

pub(super) mod columns;

use tokio_postgres::Row;

use super::error::Failure;
use crate::model::Record;
use crate::raw::{RawRecord, RawRow};

/// Reads [`RawRecord::COLUMNS`]. A row whose contents cannot be read is a record that says so.
pub(super) fn record(row: &Row) -> Result<Record, Failure> {
    Ok(RawRecord::read(Columns(row))?.into_record())
}

struct Columns<'a>(&'a Row);

impl RawRow for Columns<'_> {
    type Error = tokio_postgres::Error;

    fn number(&mut self, place: usize) -> Result<i64, Self::Error> {
        self.0.try_get(place)
    }

    fn maybe_number(&mut self, place: usize) -> Result<Option<i64>, Self::Error> {
        self.0.try_get(place)
    }

    fn maybe_flag(&mut self, place: usize) -> Result<Option<bool>, Self::Error> {
        self.0.try_get(place)
    }

    fn maybe_bytes(&mut self, place: usize) -> Result<Option<Vec<u8>>, Self::Error> {
        self.0.try_get(place)
    }

    fn text(&mut self, place: usize) -> Result<String, Self::Error> {
        self.0.try_get(place)
    }

    fn maybe_text(&mut self, place: usize) -> Result<Option<String>, Self::Error> {
        self.0.try_get(place)
    }

    fn unreadable(self) -> Option<String> {
        None
    }
}

/// Stored form of a key: itself, or its hash where it is too long for an index or has a NUL character.
pub(super) fn key(text: &str) -> String {
    const LONGEST: usize = 512;
    if text.len() <= LONGEST && !text.contains('\0') {
        return text.to_owned();
    }
    let digits = acteon_crypto::sha256(text.as_bytes())
        .iter()
        .fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
    format!("sha256:{digits}")
}
