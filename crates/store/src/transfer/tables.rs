//! Tables that are taken along, with their columns.

use Kind::{Bytes, Flag, Integer, Text};

/// The kind of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Integer,
    Flag,
    Text,
    Bytes,
}

/// A table with the columns that are taken along. The names are the same in every engine.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, Kind)],
}

/// What is taken along. Processes and notes are not: they are about gateways that run.
pub(crate) const TABLES: &[Table] = &[
    Table {
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
    },
    Table {
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
    },
    Table {
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
    },
    Table {
        name: "documents",
        columns: &[
            ("kind", Text),
            ("id", Text),
            ("name", Text),
            ("body", Text),
            ("version", Integer),
        ],
    },
    Table {
        name: "dedup_keys",
        columns: &[
            ("key", Text),
            ("seq", Integer),
            ("action_id", Text),
            ("until", Integer),
        ],
    },
    Table {
        name: "counters",
        columns: &[("name", Text), ("used", Integer), ("until", Integer)],
    },
    Table {
        name: "throttles",
        columns: &[
            ("key", Text),
            ("slot", Integer),
            ("value", Integer),
            ("until", Integer),
        ],
    },
];

#[cfg(feature = "postgres")]
impl Table {
    pub(crate) fn select(&self) -> String {
        let columns: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        format!("SELECT {} FROM {}", columns.join(", "), self.name)
    }
}
