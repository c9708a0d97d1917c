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
    table: usize,
    after: SweptKey,
}

/// The key of a row of a table that is swept. Without a second column its slot is 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SweptKey {
    pub(crate) name: String,
    pub(crate) slot: i64,
}

/// A table of what is over at an instant of its own, `until`.
pub(crate) struct SweepTable {
    pub(crate) name: &'static str,
    /// The first column of its key.
    pub(crate) key: &'static str,
    /// The second, a number, or a 0 in its place.
    pub(crate) slot: &'static str,
}

/// What a sweep goes through.
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

/// Where a sweep goes on after a table's rows up to `last`, or with the next table when there is none.
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
