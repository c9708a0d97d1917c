//! The one statement that writes actions with their jobs or outcomes.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use acteon_core::Outcome;
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use super::connect::Conn;
use super::error::Failure;
use crate::model::{Admission, Charges, OwnerId, Route, Seq};
use crate::rows::{RequestTexts, charges_text, state_number, state_of};

/// An action to be written: open, with the route that it takes, or ended, with its outcome.
pub(super) struct Row<'a> {
    pub(super) seq: Seq,
    pub(super) admission: &'a Admission,
    pub(super) action: &'a str,
    pub(super) route: Option<&'a Route>,
    pub(super) request: Option<&'a RequestTexts>,
    pub(super) charges: Option<&'a Charges>,
    pub(super) outcome: Option<&'a Outcome>,
}

/// What was written.
pub(super) struct Written {
    pub(super) written: HashSet<Seq>,
    /// Those of the owners that still are processes.
    pub(super) living: HashSet<OwnerId>,
}

/// Rows whose owner is no process any more are not written; nor are rows whose id or position is taken. The lock on the process keeps it from
/// being taken over before its rows are there to be freed.
macro_rules! insert_and {
    ($answer:literal) => {
        concat!(
            "\
WITH living AS (
  SELECT owner FROM processes WHERE owner = ANY($23::bigint[]) FOR KEY SHARE
), incoming AS (
  SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::bytea[], $18::bigint[], $19::text[],
    $20::bigint[], $21::bigint[], $22::bigint[], $24::text[], $25::text[], $26::text[], $27::bool[], $28::bool[], $29::bigint[],
    $30::bigint[])
  AS i (seq, id, tenant, namespace, accepted_at, provider, action_type, origin, caller, auth_method, verdict, rule, through, charges,
    request_facts, action, request, owner, goes_through, due_at, give_up_at, state, outcome, tag, code, possible_duplicate, in_flight,
    not_before, priority)
), written AS (
  INSERT INTO actions (seq, id, tenant, namespace, accepted_at, provider, action_type, origin, caller, auth_method, verdict, rule, through,
    charges, request_facts, action, request)
  SELECT seq, id, tenant, namespace, accepted_at, provider, action_type, origin, caller, auth_method, verdict, rule, through, charges,
    request_facts, action, request
  FROM incoming WHERE owner IS NULL OR owner = 0 OR owner IN (SELECT living.owner FROM living)
  ON CONFLICT DO NOTHING RETURNING seq
), opened AS (
  INSERT INTO jobs (seq, owner, provider, due_at, not_before, give_up_at, possible_duplicate, in_flight, priority, outcome)
  SELECT i.seq, i.owner, i.goes_through, i.due_at, i.not_before, i.give_up_at, i.possible_duplicate, i.in_flight, i.priority, i.outcome
  FROM incoming i
  WHERE i.owner IS NOT NULL AND (i.seq IN (SELECT w.seq FROM written w)) IS TRUE
), ended AS (
  INSERT INTO outcomes (seq, state, finished_at, attempts, takeovers, possible_duplicate, history, outcome, tag, code, settled_by)
  SELECT i.seq, i.state, i.accepted_at, 0, 0, FALSE, NULL, i.outcome, i.tag, i.code, 0
  FROM incoming i WHERE i.state IS NOT NULL AND (i.seq IN (SELECT w.seq FROM written w)) IS TRUE
)
",
            $answer
        )
    };
}

/// Says what was written, and who of the owners is a process.
const INSERT: &str =
    insert_and!("SELECT seq, TRUE FROM written UNION ALL SELECT owner, FALSE FROM living");
/// Writes all, or fails and ends its transaction: what is charged for the rows is on its way already, and the commit behind it.
const INSERT_ALL: &str = insert_and!(
    "SELECT 1 / CASE WHEN (SELECT COUNT(*) FROM written) = cardinality($1::bigint[]) THEN 1 ELSE 0 END"
);

#[derive(Default)]
struct Columns<'a> {
    seq: Vec<i64>,
    id: Vec<&'a str>,
    tenant: Vec<&'a str>,
    namespace: Vec<&'a str>,
    accepted_at: Vec<i64>,
    provider: Vec<&'a str>,
    action_type: Vec<&'a str>,
    origin: Vec<&'a str>,
    caller: Vec<&'a str>,
    auth_method: Vec<&'a str>,
    verdict: Vec<&'a str>,
    rule: Vec<Option<&'a str>>,
    through: Vec<Option<&'a str>>,
    charges: Vec<Option<String>>,
    request_facts: Vec<Option<&'a str>>,
    action: Vec<&'a str>,
    request: Vec<Option<&'a [u8]>>,
    owner: Vec<Option<i64>>,
    goes_through: Vec<Option<&'a str>>,
    due_at: Vec<Option<i64>>,
    give_up_at: Vec<Option<i64>>,
    state: Vec<Option<i64>>,
    /// So far, of one that goes on.
    outcome: Vec<Option<Cow<'a, str>>>,
    tag: Vec<Option<&'a str>>,
    code: Vec<Option<&'a str>>,
    possible_duplicate: Vec<bool>,
    in_flight: Vec<Option<bool>>,
    not_before: Vec<Option<i64>>,
    priority: Vec<i64>,
}

impl<'a> Columns<'a> {
    fn push(&mut self, row: &Row<'a>) {
        let Admission {
            action,
            origin,
            caller,
            verdict,
            rule,
            accepted_at,
            ..
        } = row.admission;
        self.seq.push(row.seq.0);
        self.id.push(action.id.as_str());
        self.tenant.push(action.tenant.as_str());
        self.namespace.push(action.namespace.as_str());
        self.accepted_at.push(accepted_at.as_millis());
        self.provider.push(action.provider.as_str());
        self.action_type.push(action.action_type.as_str());
        self.origin.push(origin.as_str());
        self.caller.push(&caller.id);
        self.auth_method.push(caller.auth_method);
        self.verdict.push(verdict.as_str());
        self.rule.push(rule.as_deref());
        self.through.push(
            row.route
                .map(|route| route.provider.as_str())
                .filter(|provider| *provider != action.provider.as_str()),
        );
        self.charges.push(row.charges.and_then(charges_text));
        self.request_facts
            .push(row.request.and_then(|request| request.facts.as_deref()));
        self.action.push(row.action);
        self.request
            .push(row.request.and_then(|request| request.bytes()));
        self.owner.push(
            row.route
                .map(|route| route.enqueue.owner().map_or(0, |owner| owner.0)),
        );
        self.in_flight
            .push(row.route.map(|route| route.enqueue.is_in_flight()));
        self.goes_through
            .push(row.route.map(|route| route.provider.as_str()));
        self.due_at.push(
            row.route
                .map(|route| route.enqueue.due_at(route.not_before).as_millis()),
        );
        self.not_before
            .push(row.route.map(|route| route.not_before.as_millis()));
        self.give_up_at
            .push(row.route.map(|route| route.give_up_at.as_millis()));
        self.state
            .push(row.outcome.map(|outcome| state_number(state_of(outcome))));
        let so_far = row
            .route
            .and_then(|route| route.so_far.as_deref())
            .map(Cow::Borrowed);
        self.outcome.push(
            row.outcome
                .map(|outcome| outcome.to_json().to_string().into())
                .or(so_far),
        );
        self.tag.push(row.outcome.map(Outcome::tag));
        self.code.push(row.outcome.and_then(Outcome::code));
        self.possible_duplicate
            .push(row.admission.possible_duplicate);
        self.priority.push(row.admission.priority.number());
    }
}

impl<'a> Columns<'a> {
    fn of(rows: &[Row<'a>]) -> Self {
        let mut columns = Self::default();
        for row in rows {
            columns.push(row);
        }
        columns
    }

    fn owners(&self) -> Vec<i64> {
        let owners: BTreeSet<i64> = self
            .owner
            .iter()
            .flatten()
            .copied()
            .filter(|owner| *owner != 0)
            .collect();
        owners.into_iter().collect()
    }

    fn parameters<'b>(&'b self, owners: &'b Vec<i64>) -> [&'b (dyn ToSql + Sync); 30] {
        [
            &self.seq,
            &self.id,
            &self.tenant,
            &self.namespace,
            &self.accepted_at,
            &self.provider,
            &self.action_type,
            &self.origin,
            &self.caller,
            &self.auth_method,
            &self.verdict,
            &self.rule,
            &self.through,
            &self.charges,
            &self.request_facts,
            &self.action,
            &self.request,
            &self.owner,
            &self.goes_through,
            &self.due_at,
            &self.give_up_at,
            &self.state,
            owners,
            &self.outcome,
            &self.tag,
            &self.code,
            &self.possible_duplicate,
            &self.in_flight,
            &self.not_before,
            &self.priority,
        ]
    }
}

/// Writes what can be written, in a commit of its own.
pub(super) async fn insert(conn: &Conn, rows: &[Row<'_>]) -> Result<Written, Failure> {
    let mut done = Written {
        written: HashSet::new(),
        living: HashSet::new(),
    };
    let columns = Columns::of(rows);
    let owners = columns.owners();
    let statement = conn.prepare_cached(INSERT).await?;
    for row in conn.query(&statement, &columns.parameters(&owners)).await? {
        let number: i64 = row.try_get(0)?;
        if row.try_get(1)? {
            done.written.insert(Seq(number));
        } else {
            done.living.insert(OwnerId(number));
        }
    }
    Ok(done)
}

/// The statement of [`insert_all`].
pub(super) async fn prepare_insert_all(conn: &Conn) -> Result<Statement, Failure> {
    Ok(conn.prepare_cached(INSERT_ALL).await?)
}

/// Writes all within a transaction, or fails with [`Failure::Conflict`].
pub(super) async fn insert_all(
    conn: &Conn,
    statement: &Statement,
    rows: &[Row<'_>],
) -> Result<(), Failure> {
    let columns = Columns::of(rows);
    let owners = columns.owners();
    conn.query(statement, &columns.parameters(&owners)).await?;
    Ok(())
}
