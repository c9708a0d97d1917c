//! Settlements: a batch of outcomes in one statement, fenced by their owners.

use std::collections::{BTreeSet, HashSet};
use std::ops::Deref;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::{Arc, LazyLock};

use acteon_core::Outcome;
use tokio::sync::Notify;
use tokio_postgres::Statement;

use super::batch::{Batched, Effects};
use super::connect::Conn;
use super::error::Failure;
use super::events::tell::{Places, tell};
use super::flows::{FlowChanges, FlowStatements};
use super::gate;
use super::rows::columns::{assignments, columns, insert_into, table_of};
use crate::age::Age;
use crate::flows::{FlowKey, Poke};
use crate::model::{Charges, Hold, OwnerId, Seq, Settled, Settlement, Step};
use crate::rows::{state_number, state_of};

/// Batched writes of settlements.
pub(super) struct Settle {
    pub(super) open: Arc<AtomicIsize>,
    /// Notified of each event.
    pub(super) told: Arc<Notify>,
}

impl Batched for Settle {
    type Item = Settlement;
    type Effect = Settled;

    async fn attempt(
        &self,
        conn: &Conn,
        items: &[Arc<Settlement>],
        again: bool,
    ) -> Result<Effects<Settled>, Failure> {
        let firsts = first_of_each_hold(items);
        let mut changed = if firsts.iter().any(|item| changes_more(item)) {
            change_and_follow(conn, &firsts).await?
        } else {
            let statements = Statements::prepare(conn).await?;
            change(conn, &statements, &firsts).await?
        };
        if again {
            changed.extend(changed_before(conn, items).await?);
        }
        let mut told = HashSet::new();
        let settled =
            |item: &Arc<Settlement>| changed.contains(&item.hold) && told.insert(item.hold);
        Ok(items
            .iter()
            .map(settled)
            .map(|settled| {
                Some(Ok(if settled {
                    Settled::Written
                } else {
                    Settled::Fenced
                }))
            })
            .collect())
    }

    async fn done_before(
        &self,
        conn: &Conn,
        item: &Arc<Settlement>,
    ) -> Result<Option<Settled>, Failure> {
        let changed = changed_before(conn, std::slice::from_ref(item)).await?;
        Ok((!changed.is_empty()).then_some(Settled::Written))
    }

    fn committed(&self, item: &Settlement, effect: &Settled) {
        if *effect == Settled::Written && item.ends() {
            self.open.fetch_sub(1, Ordering::Relaxed);
            self.told.notify_one();
        }
    }

    fn is_bulk(item: &Settlement) -> bool {
        !item.waited_for
    }
}

columns! {
    /// Columns of a settlement.
    Incoming in Arrays {
        seq: i64 => [outcomes],
        owner: i64,
        fence: i64,
        /// Number of the step: see [`number`].
        step: i64,
        at: i64 => [outcomes.finished_at],
        attempts: i64 => [jobs, outcomes],
        durable_retries: i64 => [jobs.rounds],
        takeovers: i64 => [outcomes],
        possible_duplicate: bool,
        history: Option<&'a str>,
        late_mark: Option<&'a str> => [jobs.note],
        outcome: Option<&'a str> => [outcomes],
        due_at: Option<i64>,
        not_before: Option<i64>,
        give_up_at: Option<i64>,
        state: Option<i64> => [outcomes],
        tag: Option<&'a str> => [outcomes],
        code: Option<&'a str> => [outcomes],
        class: Option<&'a str> => [outcomes],
    }
}

/// Assignments that keep what the row has, in each change of a job that stays open.
const KEPT: &str = "history = COALESCE(i.history, j.history), possible_duplicate = j.possible_duplicate OR i.possible_duplicate";

/// Columns of an outcome that are made of the job's and the settlement's.
const LEFT: [(&str, &str); 3] = [
    ("possible_duplicate", "i.possible_duplicate OR i.marked"),
    ("history", "COALESCE(i.history, i.kept)"),
    ("settled_by", "i.owner"),
];

/// Ends actions whose process still owns them: outcomes in the place of jobs, and events. Two tables of a statement behind `incoming`.
fn closing() -> String {
    let outcomes = insert_into("outcomes", Arrays::COLUMNS, &LEFT);
    let told = tell("ended", Places::Settlements);
    format!(
        "\
closed AS (
  DELETE FROM jobs j USING incoming i WHERE j.seq = i.seq AND j.owner = i.owner AND j.fence = i.fence AND i.step = 3 AND {UNTRIED}
  RETURNING i.*, j.history AS kept, j.possible_duplicate AS marked
), ended AS (
  {outcomes} FROM closed i RETURNING seq, finished_at
), told AS (
  {told}
)"
    )
}

/// Ends each action whose process still owns it; answers with those.
static END: LazyLock<String> = LazyLock::new(|| {
    let (incoming, closing) = (table_of(Arrays::COLUMNS), closing());
    format!(
        "WITH incoming AS (SELECT * FROM {incoming}), {closing} SELECT seq, owner, fence FROM closed"
    )
});

/// Changes each row that its process still owns; answers with those.
static SETTLE: LazyLock<String> = LazyLock::new(|| {
    let (incoming, closing) = (table_of(Arrays::COLUMNS), closing());
    let job = assignments("jobs", Arrays::COLUMNS);
    format!(
        "\
WITH incoming AS (
  SELECT * FROM {incoming}
), went_on AS (
  UPDATE jobs j SET in_flight = i.step = 1, {job}, {KEPT}
  FROM incoming i WHERE j.seq = i.seq AND j.owner = i.owner AND j.fence = i.fence AND i.step IN (0, 1) RETURNING i.seq, i.owner, i.fence
), put_off AS (
  UPDATE jobs j SET owner = 0, in_flight = FALSE, due_at = i.due_at, outcome = i.outcome, not_before = COALESCE(i.not_before, j.not_before),
    give_up_at = COALESCE(i.give_up_at, j.give_up_at), {job}, {KEPT}
  FROM incoming i WHERE j.seq = i.seq AND j.owner = i.owner AND j.fence = i.fence AND i.step = 2 AND {UNTRIED} RETURNING i.seq, i.owner, i.fence
), {closing}
SELECT seq, owner, fence FROM went_on UNION ALL SELECT seq, owner, fence FROM put_off UNION ALL SELECT seq, owner, fence FROM closed"
    )
});

/// What nobody owns is changed only while nobody has tried to send it: fences count the claims of one process, and two may have counted as far.
const UNTRIED: &str = "(i.owner <> 0 OR (j.attempts = i.attempts AND NOT j.possible_duplicate))";

/// The number of a step in [`SETTLE`].
fn number(step: &Step) -> i64 {
    match step {
        Step::Progress { in_flight } => i64::from(*in_flight),
        Step::PutOff { .. } => 2,
        Step::End { .. } => 3,
    }
}

fn incoming(item: &Settlement) -> Incoming<'_> {
    let (text, ended, class) = match &item.step {
        Step::Progress { .. } => (None, None, None),
        Step::PutOff { so_far, .. } => (Some(&**so_far), None, None),
        Step::End {
            outcome,
            text,
            class,
            ..
        } => (Some(&**text), Some(outcome), *class),
    };
    let age = age(item);
    Incoming {
        seq: item.hold.seq.0,
        owner: item.hold.owner.0,
        fence: item.hold.fence,
        step: number(&item.step),
        at: item.at.as_millis(),
        attempts: i64::from(item.attempts),
        durable_retries: i64::from(item.durable_retries),
        takeovers: i64::from(item.takeovers),
        possible_duplicate: item.possible_duplicate,
        history: item.history.as_deref(),
        late_mark: item.late_mark.as_deref(),
        outcome: text,
        due_at: due_at(item),
        not_before: age.map(|age| age.not_before.as_millis()),
        give_up_at: age.map(|age| age.give_up_at.as_millis()),
        state: ended.map(|outcome| state_number(state_of(outcome))),
        tag: ended.map(Outcome::as_str),
        code: ended.and_then(Outcome::code),
        class,
    }
}

/// The first item of each hold. An owner has one for a row; of those who change a row that nobody owns the first does, and the others look again.
fn first_of_each_hold(items: &[Arc<Settlement>]) -> Vec<Arc<Settlement>> {
    let mut holds = HashSet::new();
    let firsts = items.iter().filter(|item| holds.insert(item.hold));
    firsts.map(Arc::clone).collect()
}

/// Whether more than the row is changed: charges that are given back, or a flow that is poked.
fn changes_more(item: &Settlement) -> bool {
    refund(item).is_some() || poke(item).is_some()
}

/// Changes those that their owners still own, and what follows from that, in one transaction; says which. Flows are locked first: see
/// [`FlowChanges`].
async fn change_and_follow(
    conn: &Conn,
    items: &[Arc<Settlement>],
) -> Result<HashSet<Hold>, Failure> {
    let flows: BTreeSet<&FlowKey> = items
        .iter()
        .filter_map(|item| Some(&poke(item)?.flow))
        .collect();
    let statements = Statements::prepare(conn).await?;
    let flow_statements = if flows.is_empty() {
        None
    } else {
        Some(FlowStatements::prepare(conn).await?)
    };
    let begin = async { Ok::<_, Failure>(conn.batch_execute("BEGIN").await?) };
    let lock = async {
        match &flow_statements {
            Some(statements) => statements.lock(conn, &flows).await,
            None => Ok(()),
        }
    };
    let ((), (), changed) = tokio::try_join!(
        biased;
        begin,
        lock,
        change(conn, &statements, items)
    )?;
    let written = || items.iter().filter(|item| changed.contains(&item.hold));
    let refunds: Vec<(Seq, &Charges)> = written()
        .filter_map(|item| Some((item.hold.seq, refund(item)?)))
        .collect();
    gate::refund(conn, &refunds).await?;
    let mut pokes = FlowChanges::default();
    written()
        .filter_map(|item| poke(item))
        .for_each(|poked| pokes.poke(poked));
    let poking = async {
        match &flow_statements {
            Some(statements) => pokes.write(conn, statements).await,
            None => Ok(()),
        }
    };
    let commit = async { Ok::<_, Failure>(conn.batch_execute("COMMIT").await?) };
    tokio::try_join!(biased; poking, commit)?;
    Ok(changed)
}

/// Statements of [`change`].
pub(super) struct Statements {
    /// For settlements that all end their actions, as most do: what else is in the other costs time also where it changes nothing.
    end: Statement,
    any: Statement,
}

impl Statements {
    pub(super) async fn prepare(conn: &Conn) -> Result<Self, Failure> {
        Ok(Self {
            end: conn.prepare_cached(&END).await?,
            any: conn.prepare_cached(&SETTLE).await?,
        })
    }
}

/// Changes those that their owners still own; says which.
pub(super) async fn change(
    conn: &Conn,
    statements: &Statements,
    items: &[impl Deref<Target = Settlement> + Sync],
) -> Result<HashSet<Hold>, Failure> {
    let statement = if items.iter().all(|item| item.ends()) {
        &statements.end
    } else {
        &statements.any
    };
    let arrays: Arrays<'_> = items.iter().map(|item| incoming(item)).collect();
    let rows = conn.query(statement, &arrays.parameters()).await?;
    rows.iter()
        .map(|row| {
            Ok(Hold {
                seq: Seq(row.try_get(0)?),
                owner: OwnerId(row.try_get(1)?),
                fence: row.try_get(2)?,
            })
        })
        .collect()
}

fn due_at(item: &Settlement) -> Option<i64> {
    match &item.step {
        Step::PutOff { due_at, .. } => Some(due_at.as_millis()),
        Step::Progress { .. } | Step::End { .. } => None,
    }
}

fn age(item: &Settlement) -> Option<Age> {
    match &item.step {
        Step::PutOff { age, .. } => *age,
        Step::Progress { .. } | Step::End { .. } => None,
    }
}

/// Charges that a settlement gives back.
pub(super) fn refund(item: &Settlement) -> Option<&Charges> {
    match &item.step {
        Step::End { refund, .. } => refund.as_ref(),
        Step::Progress { .. } | Step::PutOff { .. } => None,
    }
}

/// Poke by a settlement: only one that ends its action has any.
pub(super) fn poke(item: &Settlement) -> Option<&Poke> {
    item.poke.as_ref().filter(|_| item.ends())
}

/// Holds of rows that an earlier try had changed, whose answer was lost.
async fn changed_before(conn: &Conn, items: &[Arc<Settlement>]) -> Result<HashSet<Hold>, Failure> {
    let seqs: Vec<i64> = items.iter().map(|item| item.hold.seq.0).collect();
    let owners: Vec<i64> = items.iter().map(|item| item.hold.owner.0).collect();
    let retries: Vec<i64> = items
        .iter()
        .map(|item| i64::from(item.durable_retries))
        .collect();
    let dues: Vec<Option<i64>> = items.iter().map(|item| due_at(item)).collect();
    let ends: Vec<bool> = items.iter().map(|item| item.ends()).collect();
    // Others may have changed what nobody owns: the text tells whose change it was.
    let texts: Vec<Option<&str>> = items.iter().map(|item| incoming(item).outcome).collect();
    // What the owner keeps was changed again just now, if it still is the owner.
    let select = "SELECT i.seq FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bool[], $6::text[]) AS i (seq, owner, retries, due_at, ends, outcome) \
         WHERE EXISTS (SELECT 1 FROM outcomes o WHERE o.seq = i.seq AND o.settled_by = i.owner AND i.ends AND (i.owner <> 0 OR o.outcome = i.outcome)) \
         OR EXISTS (SELECT 1 FROM jobs j WHERE j.seq = i.seq AND j.rounds = i.retries AND j.due_at = i.due_at AND j.owner = 0 \
         AND (i.owner <> 0 OR j.outcome = i.outcome))";
    let select = conn.prepare_cached(select).await?;
    let rows = conn
        .query(&select, &[&seqs, &owners, &retries, &dues, &ends, &texts])
        .await?;
    let before: HashSet<i64> = rows
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    Ok(items
        .iter()
        .map(|item| item.hold)
        .filter(|hold| before.contains(&hold.seq.0))
        .collect())
}
