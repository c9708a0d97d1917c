//! Tables, with the columns that every engine has under the same names.

use Kind::{Bytes, Flag, Integer, Text};

/// The kind of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Integer,
    Flag,
    Text,
    Bytes,
}

/// Table with the columns that an export has. The names are the same in every engine.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, Kind)],
}

/// Tables of an export. Processes and notes are not in it: they are about gateways that run.
pub(crate) const TABLES: &[Table] = &[
    ACTIONS, JOBS, OUTCOMES, FLOWS, DOCUMENTS, DEDUP_KEYS, COUNTERS, THROTTLES,
];

/// Actions: what was accepted, written once. The order is that of the columns on disk in the embedded store: lists read no further than the narrow
/// ones.
pub(crate) const ACTIONS: Table = Table {
    name: "actions",
    columns: &[
        ("seq", Integer),
        ("id", Text),
        ("tenant", Text),
        ("namespace", Text),
        ("accepted_at", Integer),
        ("provider", Text),
        ("action_type", Text),
        ("origin", Text),
        ("caller", Text),
        ("auth_method", Text),
        ("verdict", Text),
        ("rule", Text),
        ("superseded", Flag),
        ("through", Text),
        ("charges", Text),
        ("request_facts", Text),
        ("action", Text),
        ("request", Bytes),
        ("parent", Text),
    ],
};

/// Jobs: a row for each open action.
pub(crate) const JOBS: Table = Table {
    name: "jobs",
    columns: &[
        ("seq", Integer),
        ("owner", Integer),
        ("provider", Text),
        ("due_at", Integer),
        ("give_up_at", Integer),
        ("not_before", Integer),
        ("in_flight", Flag),
        ("attempts", Integer),
        ("rounds", Integer),
        ("takeovers", Integer),
        ("possible_duplicate", Flag),
        ("part", Integer),
        ("note", Text),
        ("history", Text),
        ("outcome", Text),
        ("priority", Integer),
    ],
};

/// Outcomes: a row for each action that is over.
pub(crate) const OUTCOMES: Table = Table {
    name: "outcomes",
    columns: &[
        ("seq", Integer),
        ("state", Integer),
        ("finished_at", Integer),
        ("attempts", Integer),
        ("takeovers", Integer),
        ("possible_duplicate", Flag),
        ("history", Text),
        ("outcome", Text),
        ("tag", Text),
        ("code", Text),
        ("class", Text),
    ],
};

/// Flows: durable state machines.
pub(crate) const FLOWS: Table = Table {
    name: "flows",
    columns: &[
        ("kind", Text),
        ("id", Text),
        ("namespace", Text),
        ("tenant", Text),
        ("status", Text),
        ("version", Integer),
        ("due_at", Integer),
        ("is_over", Flag),
        ("owner", Integer),
        ("takeovers", Integer),
        ("created_at", Integer),
        ("updated_at", Integer),
        ("body", Text),
    ],
};

/// Documents that operators write.
pub(crate) const DOCUMENTS: Table = Table {
    name: "documents",
    columns: &[
        ("kind", Text),
        ("id", Text),
        ("name", Text),
        ("body", Text),
        ("version", Integer),
    ],
};

/// Dedup keys, and the actions that hold them.
pub(crate) const DEDUP_KEYS: Table = Table {
    name: "dedup_keys",
    columns: &[
        ("key", Text),
        ("seq", Integer),
        ("action_id", Text),
        ("until", Integer),
    ],
};

/// Counters of quotas, each of a window.
pub(crate) const COUNTERS: Table = Table {
    name: "counters",
    columns: &[("name", Text), ("used", Integer), ("until", Integer)],
};

/// Slots of throttles' rings; slot 0 has the number of actions that ever passed.
pub(crate) const THROTTLES: Table = Table {
    name: "throttles",
    columns: &[
        ("key", Text),
        ("slot", Integer),
        ("value", Integer),
        ("until", Integer),
    ],
};

#[cfg(feature = "postgres")]
impl Table {
    /// Names of the columns, for a statement.
    pub(crate) fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }
}
