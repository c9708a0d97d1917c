//! Events that a statement writes beside the outcomes of actions.

use crate::event::EventKind;

/// Places of the events that a statement writes, so that several may share a transaction.
#[derive(Clone, Copy)]
pub(in crate::postgres) enum Places {
    OfAdmissions,
    OfSettlements,
}

impl Places {
    const fn first(self) -> i64 {
        match self {
            Self::OfAdmissions => 0,
            Self::OfSettlements => 1 << 20,
        }
    }
}

/// `INSERT` of the events of actions that came to their outcomes, of which a table of the statement has the columns `seq` and `finished_at`.
pub(in crate::postgres) fn tell(ended: &str, places: Places) -> String {
    let (kind, first) = (EventKind::ActionDispatched.number(), places.first());
    format!(
        "INSERT INTO events (pos, at, kind, seq) SELECT {first} + row_number() OVER (ORDER BY seq), finished_at, {kind}, seq FROM {ended}"
    )
}
