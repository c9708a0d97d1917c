//! What is kept no longer: whose actions of which age go, and how far a step of going through them came.

use acteon_core::Timestamp;

use crate::history::Cursor;

/// Which actions of the journal go: what ended, and was accepted before an instant.
#[derive(Clone, Debug)]
pub struct Retention {
    /// What was accepted before this instant goes.
    pub before: Timestamp,
    /// Whose.
    pub of: Tenants,
}

/// Some of the tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tenants {
    /// These.
    Only(Vec<String>),
    /// All others.
    AllBut(Vec<String>),
}

impl Tenants {
    /// Everybody.
    pub fn everybody() -> Self {
        Self::AllBut(Vec::new())
    }

    /// Whether a tenant is one of them.
    pub fn have(&self, tenant: &str) -> bool {
        match self {
            Self::Only(names) => names.iter().any(|name| name == tenant),
            Self::AllBut(names) => names.iter().all(|name| name != tenant),
        }
    }
}

/// What a step of retention did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// Actions deleted.
    pub deleted: usize,
    /// Where it goes on; `None` once everything that is old enough was looked at.
    pub next: Option<Cursor>,
    /// The last row that was looked at: a later run need not look at it again.
    pub last: Option<Cursor>,
}

/// How far a sweep came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepCursor {
    pub(crate) table: usize,
    pub(crate) key: String,
}

/// A table of what is over at an instant of its own, `until`.
pub(crate) struct SweepTable {
    pub(crate) name: &'static str,
    /// The first column of its key.
    pub(crate) key: &'static str,
}

/// What a sweep goes through.
pub(crate) const SWEPT: &[SweepTable] = &[
    SweepTable { name: "dedup_keys", key: "key" },
    SweepTable { name: "counters", key: "name" },
    SweepTable { name: "throttles", key: "key" },
    SweepTable { name: "notes", key: "name" },
];

/// The table to sweep at a cursor, the key after which, and how many keys were to be looked at when fewer were found: then the next table.
pub(crate) fn swept_at(after: Option<&SweepCursor>) -> Option<(usize, &'static SweepTable, String)> {
    let (table, key) = after.map_or((0, String::new()), |cursor| (cursor.table, cursor.key.clone()));
    SWEPT.get(table).map(|swept| (table, swept, key))
}

/// Where a sweep goes on after a table's keys up to `last`, or with the next table.
pub(crate) fn sweeps_on(table: usize, last: Option<String>) -> Option<SweepCursor> {
    match last {
        Some(key) => Some(SweepCursor { table, key }),
        None => (table + 1 < SWEPT.len()).then(|| SweepCursor { table: table + 1, key: String::new() }),
    }
}
