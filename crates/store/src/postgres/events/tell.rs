//! Events that a statement writes beside the outcomes of actions, and those of flows.

use std::sync::LazyLock;

use tokio_postgres::Statement;

use crate::event::EventKind;
use crate::flow_event::FlowEvent;
use crate::postgres::connect::Conn;
use crate::postgres::error::Failure;

/// Places of the events that a statement writes, so that several may share a transaction.
#[derive(Clone, Copy)]
pub(in crate::postgres) enum Places {
    Admissions,
    Settlements,
    Flows,
}

impl Places {
    /// Place before the first. A statement has far fewer rows than there are places to the next.
    const fn before(self) -> i64 {
        match self {
            Self::Admissions => 0,
            Self::Settlements => 1 << 20,
            Self::Flows => 1 << 21,
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

/// `INSERT` of events of flows, each a row to itself, in the order of the arrays.
pub(in crate::postgres) static TELL_OF_FLOWS: LazyLock<String> = LazyLock::new(|| {
    let before = Places::Flows.before();
    format!(
        "INSERT INTO events (pos, kind, ats, namespace, tenant, subject, body) \
         SELECT {before} + place, kind, ARRAY[at], namespace, tenant, subject, body \
         FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[]) WITH ORDINALITY \
         AS i (kind, at, namespace, tenant, subject, body, place)"
    )
});

/// Writes events of flows.
pub(in crate::postgres) async fn tell_of_flows(
    conn: &Conn,
    statement: &Statement,
    events: impl Iterator<Item = &FlowEvent>,
) -> Result<(), Failure> {
    let (mut kinds, mut ats) = (Vec::new(), Vec::new());
    let (mut namespaces, mut tenants) = (Vec::new(), Vec::new());
    let (mut subjects, mut bodies) = (Vec::new(), Vec::new());
    for event in events {
        kinds.push(event.kind.number());
        ats.push(event.at.as_millis());
        namespaces.push(event.namespace.as_str());
        tenants.push(event.tenant.as_str());
        subjects.push(&*event.flow);
        bodies.push(event.body.as_str());
    }
    if kinds.is_empty() {
        return Ok(());
    }
    conn.execute(
        statement,
        &[&kinds, &ats, &namespaces, &tenants, &subjects, &bodies],
    )
    .await?;
    Ok(())
}
