//! Retention: whose actions of which age are deleted, and how far a step came.

use acteon_core::Timestamp;

use crate::history::Cursor;

/// Actions of the journal that are deleted: those over that were accepted before an instant.
#[derive(Clone, Debug)]
pub struct Retention {
    /// Instant before which a deleted action was accepted.
    pub before: Timestamp,
    /// Tenants whose actions are deleted.
    pub of: Tenants,
}

/// Set of tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tenants {
    /// Tenants with these names.
    Only(Vec<String>),
    /// Tenants with other names than these.
    AllBut(Vec<String>),
}

impl Tenants {
    /// All tenants.
    pub fn everybody() -> Self {
        Self::AllBut(Vec::new())
    }

    /// Whether a tenant belongs to the set.
    pub fn have(&self, tenant: &str) -> bool {
        match self {
            Self::Only(names) => names.iter().any(|name| name == tenant),
            Self::AllBut(names) => names.iter().all(|name| name != tenant),
        }
    }
}

/// Result of a step of retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// Number of actions deleted.
    pub deleted: usize,
    /// Place where the next step goes on; `None` once everything that is old enough was looked at.
    pub next: Option<Cursor>,
    /// Last row that was looked at: a later run need not look at it again.
    pub last: Option<Cursor>,
}

/// Place where a sweep goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepCursor {
    table: usize,
    after: SweptKey,
}

/// The key of a row of a table that is swept. Without a second column its slot is 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SweptKey {
    pub(crate) name: String,
    pub(crate) slot: i64,
}

/// Table whose rows are over at an instant of their own, in column `until`.
pub(crate) struct SweepTable {
    pub(crate) name: &'static str,
    /// The first column of its key.
    pub(crate) key: &'static str,
    /// The second, a number, or a 0 in its place.
    pub(crate) slot: &'static str,
}

/// Tables that a sweep goes through, in order.
pub(crate) const SWEPT: &[SweepTable] = &[
    SweepTable {
        name: "dedup_keys",
        key: "key",
        slot: "0",
    },
    SweepTable {
        name: "counters",
        key: "name",
        slot: "0",
    },
    SweepTable {
        name: "throttles",
        key: "key",
        slot: "slot",
    },
    SweepTable {
        name: "notes",
        key: "name",
        slot: "0",
    },
];

impl SweepTable {
    /// The condition that a row comes after the one of parameters 1 and 2, which begin with `mark`.
    pub(crate) fn comes_after(&self, mark: char) -> String {
        let Self { key, slot, .. } = self;
        match *slot {
            "0" => format!("{key} > {mark}1 AND CAST({mark}2 AS BIGINT) IS NOT NULL"),
            slot => format!("({key}, {slot}) > ({mark}1, {mark}2)"),
        }
    }

    /// The columns of the key, in order.
    pub(crate) fn order(&self) -> String {
        let Self { key, slot, .. } = self;
        if *slot == "0" {
            (*key).to_owned()
        } else {
            format!("{key}, {slot}")
        }
    }
}

/// The table to sweep at a cursor, and after which of its rows.
pub(crate) fn swept_at(
    cursor: Option<&SweepCursor>,
) -> Option<(usize, &'static SweepTable, SweptKey)> {
    let first = || SweptKey {
        name: String::new(),
        slot: i64::MIN,
    };
    let (table, after) = cursor.map_or_else(
        || (0, first()),
        |cursor| (cursor.table, cursor.after.clone()),
    );
    SWEPT.get(table).map(|swept| (table, swept, after))
}

/// Place where a sweep goes on: after a table's rows up to `last`, or with the next table where there is none.
pub(crate) fn sweeps_on(table: usize, last: Option<SweptKey>) -> Option<SweepCursor> {
    match last {
        Some(after) => Some(SweepCursor { table, after }),
        None => SWEPT.get(table + 1).map(|_| SweepCursor {
            table: table + 1,
            after: SweptKey {
                name: String::new(),
                slot: i64::MIN,
            },
        }),
    }
}
