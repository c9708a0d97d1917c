//! Changes of flows that follow from what is written beside them: flows that begin, and flows that are made due.
//!
//! Whoever changes flows locks them first, in the order of their names, before any job, counter or key: a settlement that pokes the parent of its
//! action, an admission whose parent it may poke, an advance, a take-over. So none of them waits for another that waits for it. Only what does not
//! wait comes to flows later: a claim, which skips what is locked. Flows that begin cannot be locked; they are written last, in the order of
//! their names as well.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use acteon_core::Timestamp;
use tokio_postgres::Statement;

use crate::flows::{Begin, FlowKey, FlowState, Poke, first_version};
use crate::model::{Admission, Admitted};
use crate::postgres::connect::Conn;
use crate::postgres::error::Failure;
use crate::postgres::rows::columns::{columns, insert_into, table_of};

columns! {
    /// Flow to be written where there is none of its name.
    NewRow in NewRows {
        kind: &'a str => [flows],
        id: &'a str => [flows],
        namespace: &'a str => [flows],
        tenant: &'a str => [flows],
        status: &'a str => [flows],
        body: &'a str => [flows],
        due_at: Option<i64> => [flows],
        is_over: bool => [flows],
        version: i64 => [flows],
        at: i64 => [flows.created_at, flows.updated_at],
        mark: i64 => [flows],
        /// Whether the transaction fails where there is one of its name.
        must: bool,
    }
}

columns! {
    /// Flow to be made due: how often, and the earliest instant.
    PokeRow in PokeRows {
        kind: &'a str,
        id: &'a str,
        count: i64,
        due_at: i64,
    }
}

const LOCK: &str = "SELECT 1 FROM flows f JOIN unnest($1::text[], $2::text[]) AS i (kind, id) ON f.kind = i.kind AND f.id = i.id \
     ORDER BY f.kind, f.id FOR UPDATE OF f";

/// Columns of a new flow that are the same for all.
const BEGINNING: [(&str, &str); 2] = [("owner", "0"), ("takeovers", "0")];

/// Writes all that must be written, or fails and ends its transaction.
static BEGIN: LazyLock<String> = LazyLock::new(|| {
    let rows = table_of(NewRows::COLUMNS);
    let flows = insert_into("flows", NewRows::COLUMNS, &BEGINNING);
    format!(
        "\
WITH incoming AS (
  SELECT * FROM {rows}
), written AS (
  {flows} FROM incoming i ORDER BY i.kind, i.id ON CONFLICT DO NOTHING RETURNING kind, id
)
SELECT 1 / CASE WHEN EXISTS (SELECT 1 FROM incoming i WHERE i.must
  AND NOT EXISTS (SELECT 1 FROM written w WHERE w.kind = i.kind AND w.id = i.id)) THEN 0 ELSE 1 END"
    )
});

/// Makes flows due that are not over. Each poke raises the version.
static POKE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "UPDATE flows f SET version = f.version + i.count, due_at = LEAST(COALESCE(f.due_at, i.due_at), i.due_at) \
         FROM {} WHERE f.kind = i.kind AND f.id = i.id AND NOT f.is_over",
        table_of(PokeRows::COLUMNS)
    )
});

/// Statements that change flows, prepared before the transaction begins.
pub(in crate::postgres) struct FlowStatements {
    lock: Statement,
    begin: Statement,
    poke: Statement,
}

impl FlowStatements {
    pub(in crate::postgres) async fn prepare(conn: &Conn) -> Result<Self, Failure> {
        Ok(Self {
            lock: conn.prepare_cached(LOCK).await?,
            begin: conn.prepare_cached(&BEGIN).await?,
            poke: conn.prepare_cached(&POKE).await?,
        })
    }

    /// Locks the flows of these names that are there, in the order of the names.
    pub(in crate::postgres) async fn lock(
        &self,
        conn: &Conn,
        names: &BTreeSet<&FlowKey>,
    ) -> Result<(), Failure> {
        if !names.is_empty() {
            let kinds: Vec<&str> = names.iter().map(|name| &*name.kind).collect();
            let ids: Vec<&str> = names.iter().map(|name| &*name.id).collect();
            conn.execute(&self.lock, &[&kinds, &ids]).await?;
        }
        Ok(())
    }
}

/// Flows that begin and flows that are poked, gathered from all that a transaction writes. Whoever begins one of a name first begins it.
#[derive(Default)]
pub(in crate::postgres) struct FlowChanges<'a> {
    begins: BTreeMap<(&'a str, &'a str), NewRow<'a>>,
    pokes: BTreeMap<FlowKey, (i64, Timestamp)>,
}

impl<'a> FlowChanges<'a> {
    /// Begins a flow at an instant of the wall clock, unless there is one of its name.
    pub(in crate::postgres) fn begin(&mut self, begin: &'a Begin, at: Timestamp) {
        let of = (begin.namespace.as_str(), begin.tenant.as_str());
        self.add(new_row(&begin.key, of, &begin.state, at));
    }

    /// Begins a flow whose advance found none of its name; `mark` is that of the advance.
    pub(in crate::postgres) fn begin_anew(
        &mut self,
        key: &'a FlowKey,
        of: (&'a str, &'a str),
        state: &'a FlowState,
        (at, mark): (Timestamp, i64),
    ) {
        self.begins.insert(
            (&key.kind, &key.id),
            NewRow {
                mark,
                must: true,
                ..new_row(key, of, state, at)
            },
        );
    }

    pub(in crate::postgres) fn poke(&mut self, poke: &Poke) {
        let (count, due_at) = self
            .pokes
            .entry(poke.flow.clone())
            .or_insert((0, poke.due_at));
        *count += 1;
        *due_at = (*due_at).min(poke.due_at);
    }

    /// What follows from an admission. `due` is when its parent is due where it is poked.
    pub(in crate::postgres) fn follow(
        &mut self,
        admission: &'a Admission,
        admitted: &Admitted,
        due: Timestamp,
    ) {
        for begin in admission.begun(admitted) {
            self.begin(begin, admission.accepted_at);
        }
        if let Some(poke) = admission.poke(admitted, due) {
            self.poke(&poke);
        }
    }

    /// Number of pokes of a flow.
    pub(in crate::postgres) fn pokes_of(&self, flow: &FlowKey) -> i64 {
        self.pokes.get(flow).map_or(0, |(count, _)| *count)
    }

    pub(in crate::postgres) fn is_empty(&self) -> bool {
        self.begins.is_empty() && self.pokes.is_empty()
    }

    /// Sends everything at once: what begins before what is poked, so that a flow hears of what it wanted itself.
    pub(in crate::postgres) async fn write(
        self,
        conn: &Conn,
        statements: &FlowStatements,
    ) -> Result<(), Failure> {
        let begins: NewRows<'_> = self.begins.into_values().collect();
        let pokes: PokeRows<'_> = self
            .pokes
            .iter()
            .map(|(flow, (count, due_at))| PokeRow {
                kind: &flow.kind,
                id: &flow.id,
                count: *count,
                due_at: due_at.as_millis(),
            })
            .collect();
        let beginning = async {
            if !begins.kind.is_empty() {
                conn.query(&statements.begin, &begins.parameters()).await?;
            }
            Ok::<_, Failure>(())
        };
        let poking = async {
            if !pokes.kind.is_empty() {
                conn.execute(&statements.poke, &pokes.parameters()).await?;
            }
            Ok::<_, Failure>(())
        };
        tokio::try_join!(biased; beginning, poking)?;
        Ok(())
    }

    fn add(&mut self, row: NewRow<'a>) {
        self.begins.entry((row.kind, row.id)).or_insert(row);
    }
}

fn new_row<'a>(
    key: &'a FlowKey,
    (namespace, tenant): (&'a str, &'a str),
    state: &'a FlowState,
    at: Timestamp,
) -> NewRow<'a> {
    NewRow {
        kind: &key.kind,
        id: &key.id,
        namespace,
        tenant,
        status: &state.status,
        body: &state.body,
        due_at: state.due_at.map(Timestamp::as_millis),
        is_over: state.is_over,
        version: first_version(at),
        at: at.as_millis(),
        mark: 0,
        must: false,
    }
}
