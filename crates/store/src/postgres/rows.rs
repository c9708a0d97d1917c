//! From rows to records.

use tokio_postgres::Row;

use super::error::Failure;
use crate::model::Record;
use crate::raw::RawRecord;

/// Reads [`RawRecord::COLUMNS`]. A row whose contents cannot be read is a record that says so.
pub(super) fn record(row: &Row) -> Result<Record, Failure> {
    let raw = RawRecord {
        seq: row.try_get(0)?,
        id: row.try_get(1)?,
        tenant: row.try_get(2)?,
        namespace: row.try_get(3)?,
        asked: row.try_get(4)?,
        action_type: row.try_get(5)?,
        action: row.try_get(6)?,
        origin: row.try_get(7)?,
        request: row.try_get(8)?,
        request_facts: row.try_get(9)?,
        accepted_at: row.try_get(10)?,
        caller: row.try_get(11)?,
        auth_method: row.try_get(12)?,
        verdict: row.try_get(13)?,
        rule: row.try_get(14)?,
        through: row.try_get(15)?,
        charges: row.try_get(16)?,
        due_at: row.try_get(17)?,
        give_up_at: row.try_get(18)?,
        owner: row.try_get(19)?,
        in_flight: row.try_get(20)?,
        rounds: row.try_get(21)?,
        note: row.try_get(22)?,
        state: row.try_get(23)?,
        finished_at: row.try_get(24)?,
        attempts: row.try_get(25)?,
        takeovers: row.try_get(26)?,
        possible_duplicate: row.try_get(27)?,
        history: row.try_get(28)?,
        outcome: row.try_get(29)?,
        fence: row.try_get(30)?,
        not_before: row.try_get(31)?,
        class: row.try_get(32)?,
        unreadable: None,
    };
    Ok(raw.into_record())
}

/// The text under which a key is stored: itself, unless it is too long for an index or holds what a text cannot.
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
