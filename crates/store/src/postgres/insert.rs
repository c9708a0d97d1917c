//! Statement that writes actions with their jobs or outcomes.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

use acteon_core::Outcome;
use tokio_postgres::Statement;

use super::connect::Conn;
use super::error::Failure;
use super::events::tell::{Places, tell};
use super::rows::columns::{columns, insert_into, table_of};
use crate::model::{Admission, Charges, OwnerId, Route, Seq};
use crate::rows::{RequestTexts, charges_text, state_number, state_of};

/// Action to be written: open, with the route that it takes, or over, with its outcome.
pub(super) struct Row<'a> {
    pub(super) seq: Seq,
    pub(super) admission: &'a Admission,
    pub(super) action: &'a str,
    pub(super) route: Option<&'a Route>,
    pub(super) request: Option<&'a RequestTexts>,
    pub(super) charges: Option<&'a Charges>,
    pub(super) outcome: Option<&'a Outcome>,
}

/// Result of [`insert`]: positions that were written.
pub(super) struct Written {
    pub(super) written: HashSet<Seq>,
    /// Owners that are still registered.
    pub(super) living: HashSet<OwnerId>,
}

columns! {
    /// Columns of an action with its job or its outcome.
    Incoming in Arrays {
        seq: i64 => [actions, jobs, outcomes],
        id: &'a str => [actions],
        tenant: &'a str => [actions],
        namespace: &'a str => [actions],
        accepted_at: i64 => [actions, outcomes.finished_at],
        provider: &'a str => [actions],
        action_type: &'a str => [actions],
        origin: &'a str => [actions],
        caller: &'a str => [actions],
        auth_method: &'a str => [actions],
        verdict: &'a str => [actions],
        rule: Option<&'a str> => [actions],
        through: Option<&'a str> => [actions],
        charges: Option<String> => [actions],
        request_facts: Option<&'a str> => [actions],
        action: &'a str => [actions],
        request: Option<&'a [u8]> => [actions],
        /// Owner of the job, 0 for none; `None` where there is no job.
        owner: Option<i64> => [jobs],
        goes_through: Option<&'a str> => [jobs.provider],
        due_at: Option<i64> => [jobs],
        give_up_at: Option<i64> => [jobs],
        state: Option<i64> => [outcomes],
        /// Outcome, or the one so far of an open action.
        outcome: Option<Cow<'a, str>> => [jobs, outcomes],
        tag: Option<&'a str> => [outcomes],
        code: Option<&'a str> => [outcomes],
        possible_duplicate: bool => [jobs],
        in_flight: Option<bool> => [jobs],
        not_before: Option<i64> => [jobs],
        priority: i64 => [jobs],
        parent: Option<String> => [actions],
    }
}

/// Columns of the outcome of an action that is over at its admission: no attempt was made.
const NEVER_SENT: [(&str, &str); 4] = [
    ("attempts", "0"),
    ("takeovers", "0"),
    ("possible_duplicate", "FALSE"),
    ("settled_by", "0"),
];

/// A statement in two forms: most rows are open, and what writes outcomes costs time also where it writes none.
struct Forms<T> {
    /// For rows that are all open.
    open: T,
    /// For any rows.
    any: T,
}

impl<T> Forms<T> {
    fn of(&self, rows: &[Row<'_>]) -> &T {
        if rows.iter().all(|row| row.outcome.is_none()) {
            &self.open
        } else {
            &self.any
        }
    }
}

/// Statement that writes rows, but not those whose owner is not registered any more, or whose id or position is taken. The lock on the process keeps
/// it from being taken over before its rows are there to be freed.
fn insert_and(answer: &str) -> Forms<String> {
    let incoming = table_of(Arrays::COLUMNS);
    let owners = Arrays::COLUMNS.len() + 1;
    let actions = insert_into("actions", Arrays::COLUMNS, &[]);
    let jobs = insert_into("jobs", Arrays::COLUMNS, &[]);
    let outcomes = insert_into("outcomes", Arrays::COLUMNS, &NEVER_SENT);
    let told = tell("ended", Places::Admissions);
    let open = format!(
        "\
WITH living AS (
  SELECT owner FROM processes WHERE owner = ANY(${owners}::bigint[]) FOR KEY SHARE
), incoming AS (
  SELECT * FROM {incoming}
), written AS (
  {actions}
  FROM incoming i WHERE i.owner IS NULL OR i.owner = 0 OR i.owner IN (SELECT living.owner FROM living)
  ON CONFLICT DO NOTHING RETURNING seq
), opened AS (
  {jobs}
  FROM incoming i
  WHERE i.owner IS NOT NULL AND (i.seq IN (SELECT w.seq FROM written w)) IS TRUE
)"
    );
    let over = format!(
        "\
, ended AS (
  {outcomes}
  FROM incoming i WHERE i.state IS NOT NULL AND (i.seq IN (SELECT w.seq FROM written w)) IS TRUE RETURNING seq, finished_at
), told AS (
  {told}
)"
    );
    Forms {
        any: format!("{open}{over}\n{answer}"),
        open: format!("{open}\n{answer}"),
    }
}

/// Writes what can be written; answers with the positions written, and the owners that are registered.
static INSERT: LazyLock<Forms<String>> = LazyLock::new(|| {
    insert_and("SELECT seq, TRUE FROM written UNION ALL SELECT owner, FALSE FROM living")
});
/// Writes all, or fails and ends its transaction: what is charged for the rows is on its way already, and the commit behind it.
static INSERT_ALL: LazyLock<Forms<String>> = LazyLock::new(|| {
    insert_and(
        "SELECT 1 / CASE WHEN (SELECT COUNT(*) FROM written) = cardinality($1::bigint[]) THEN 1 ELSE 0 END",
    )
});

fn incoming<'a>(row: &Row<'a>) -> Incoming<'a> {
    let Admission {
        action,
        origin,
        caller,
        verdict,
        rule,
        accepted_at,
        possible_duplicate,
        priority,
        parent,
        ..
    } = row.admission;
    let (route, request) = (row.route, row.request);
    let ended = row.outcome.map(|outcome| outcome.to_json().to_string());
    let so_far = route.and_then(|route| route.so_far.as_deref());
    Incoming {
        seq: row.seq.0,
        id: action.id.as_str(),
        tenant: action.tenant.as_str(),
        namespace: action.namespace.as_str(),
        accepted_at: accepted_at.as_millis(),
        provider: action.provider.as_str(),
        action_type: action.action_type.as_str(),
        origin: origin.as_str(),
        caller: &caller.id,
        auth_method: caller.auth_method,
        verdict: verdict.as_str(),
        rule: rule.as_deref(),
        through: route
            .map(|route| route.provider.as_str())
            .filter(|provider| *provider != action.provider.as_str()),
        charges: row.charges.and_then(charges_text),
        request_facts: request.and_then(|request| request.facts.as_deref()),
        action: row.action,
        request: request.and_then(RequestTexts::bytes),
        owner: route.map(|route| route.enqueue.owner().map_or(0, |owner| owner.0)),
        goes_through: route.map(|route| route.provider.as_str()),
        due_at: route.map(|route| route.enqueue.due_at(route.not_before).as_millis()),
        give_up_at: route.map(|route| route.give_up_at.as_millis()),
        state: row.outcome.map(|outcome| state_number(state_of(outcome))),
        outcome: ended.map(Cow::Owned).or(so_far.map(Cow::Borrowed)),
        tag: row.outcome.map(Outcome::as_str),
        code: row.outcome.and_then(Outcome::code),
        possible_duplicate: *possible_duplicate,
        in_flight: route.map(|route| route.enqueue.is_in_flight()),
        not_before: route.map(|route| route.not_before.as_millis()),
        priority: priority.number(),
        parent: parent.as_ref().map(ToString::to_string),
    }
}

/// The owners that rows are to have, each once.
fn owners(arrays: &Arrays<'_>) -> Vec<i64> {
    let owners: BTreeSet<i64> = arrays.owner.iter().flatten().copied().collect();
    owners.into_iter().filter(|owner| *owner != 0).collect()
}

/// Asks a statement of [`insert_and`] for rows.
async fn ask(
    conn: &Conn,
    statement: &Statement,
    rows: &[Row<'_>],
) -> Result<Vec<tokio_postgres::Row>, Failure> {
    let arrays: Arrays<'_> = rows.iter().map(incoming).collect();
    let owners = owners(&arrays);
    let mut parameters = arrays.parameters();
    parameters.push(&owners);
    Ok(conn.query(statement, &parameters).await?)
}

/// Writes what can be written, in a commit of its own.
pub(super) async fn insert(conn: &Conn, rows: &[Row<'_>]) -> Result<Written, Failure> {
    let mut done = Written {
        written: HashSet::new(),
        living: HashSet::new(),
    };
    let statement = conn.prepare_cached(INSERT.of(rows)).await?;
    for row in ask(conn, &statement, rows).await? {
        let number: i64 = row.try_get(0)?;
        if row.try_get(1)? {
            done.written.insert(Seq(number));
        } else {
            done.living.insert(OwnerId(number));
        }
    }
    Ok(done)
}

/// The statements of [`insert_all`].
pub(super) struct InsertAll(Forms<Statement>);

impl InsertAll {
    pub(super) async fn prepare(conn: &Conn) -> Result<Self, Failure> {
        Ok(Self(Forms {
            open: conn.prepare_cached(&INSERT_ALL.open).await?,
            any: conn.prepare_cached(&INSERT_ALL.any).await?,
        }))
    }
}

/// Writes all within a transaction, or fails with [`Failure::Conflict`].
pub(super) async fn insert_all(
    conn: &Conn,
    statements: &InsertAll,
    rows: &[Row<'_>],
) -> Result<(), Failure> {
    ask(conn, statements.0.of(rows), rows).await?;
    Ok(())
}
