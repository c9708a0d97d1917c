//! Events that a statement writes beside the outcomes of actions.

use crate::event::EventKind;

/// Places of the events that a statement writes, so that several may share a transaction.
#[derive(Clone, Copy)]
pub(in crate::postgres) enum Places {
    OfAdmissions,
    OfSettlements,
}

impl Places {
    /// Place before the first. A statement has far fewer rows than there are places to the next.
    const fn before(self) -> i64 {
        match self {
            Self::OfAdmissions => 0,
            Self::OfSettlements => 1 << 20,
        }
    }
}

/// `INSERT` of the events of actions that came to their outcomes, of which a table of the statement has the columns `seq` and `finished_at`: one row
/// of them all, and none where nothing ended. They have the places behind the row's.
pub(in crate::postgres) fn tell(ended: &str, places: Places) -> String {
    let (kind, before) = (EventKind::ActionDispatched.number(), places.before());
    format!(
        "INSERT INTO events (pos, kind, ats, seqs) SELECT {before}, {kind}, array_agg(finished_at), array_agg(seq) \
         FROM (SELECT seq, finished_at FROM {ended} ORDER BY seq) AS sorted HAVING COUNT(*) > 0"
    )
}
