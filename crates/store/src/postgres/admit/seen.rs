//! First read of a batch behind the gate: living processes, locked keys and counters, and ids that are there.

use std::collections::{BTreeSet, HashSet};

use acteon_core::Action;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::admitting::Admitting;
use crate::flows::FlowKey;
use crate::model::{ActionState, OwnerId, Seq};
use crate::postgres::connect::Conn;
use crate::postgres::error::Failure;
use crate::postgres::flows::FlowStatements;
use crate::postgres::gate::{Charging, Locked, Look, Names};
use crate::postgres::insert::InsertAll;
use crate::rows::{longest_alike, state_number};

/// Number of times that missing rows are made, to be locked, before the batch begins again.
pub(in crate::postgres) const MAKES: usize = 3;

/// State that the transaction reads first.
pub(in crate::postgres) struct Seen {
    pub(super) living: HashSet<OwnerId>,
    pub(in crate::postgres) locked: Locked,
    /// Letters to be replaced that still are dead letters.
    pub(super) letters: HashSet<i64>,
    pub(super) found: Vec<Found>,
}

/// An action that has the id of one of a batch. As little of it as tells what that means: a batch may name five hundred, each as large as an
/// action may be.
pub(super) struct Found {
    pub(super) seq: Seq,
    pub(super) id: String,
    pub(super) tenant: String,
    pub(super) namespace: String,
    /// Action of the row, where it was refused for now and may be the same.
    pub(super) refused: Option<Action>,
}

/// Begins the transaction and reads, in one round trip, unless something is missing to be locked. The locks come first: what the holders of
/// these locks wrote before is found.
pub(super) async fn begin(
    conn: &Conn,
    statements: &Statements,
    batch: &[&Admitting],
    flows: Option<&FlowStatements>,
) -> Result<Seen, Failure> {
    let look = Look::locking(conn, Names::of(batch.iter().filter_map(|item| item.gate()))).await?;
    let parents: BTreeSet<&FlowKey> = batch
        .iter()
        .filter_map(|item| item.admission.parent.as_ref())
        .collect();
    for _ in 0..MAKES {
        let begin = async { Ok::<_, Failure>(conn.batch_execute("BEGIN").await?) };
        let lock_parents = async {
            match flows {
                Some(flows) => flows.lock(conn, &parents).await,
                None => Ok(()),
            }
        };
        let ((), living, (), seen) = tokio::try_join!(
            biased;
            begin,
            living(conn, statements, batch),
            lock_parents,
            see(conn, statements, &look, batch)
        )?;
        if !look.misses(&seen.locked) {
            return Ok(Seen { living, ..seen });
        }
        conn.batch_execute("ROLLBACK").await?;
        if !look.make_missing(conn, &seen.locked).await? {
            break;
        }
    }
    Err(Failure::Conflict)
}

/// Locks and reads what a batch without owners asks for, within a transaction and in one round trip.
pub(in crate::postgres) async fn see(
    conn: &Conn,
    statements: &Statements,
    look: &Look,
    batch: &[&Admitting],
) -> Result<Seen, Failure> {
    let (locked, letters, found) = tokio::try_join!(
        biased;
        look.read(conn),
        letters(conn, statements, batch),
        existing(conn, statements, batch)
    )?;
    Ok(Seen {
        living: HashSet::new(),
        locked,
        letters,
        found,
    })
}

/// Statements of the transaction, prepared before it begins.
pub(in crate::postgres) struct Statements {
    pub(super) living: Statement,
    pub(super) existing: Statement,
    pub(super) supersede: Statement,
    pub(super) letters: Statement,
    pub(super) replace: Statement,
    pub(super) insert: InsertAll,
    pub(super) charging: Charging,
}

impl Statements {
    pub(in crate::postgres) async fn prepare(conn: &Conn) -> Result<Self, Failure> {
        let existing = "SELECT a.seq, a.id, a.tenant, a.namespace, \
             CASE WHEN o.state = $5 AND octet_length(a.action) <= wanted.longest THEN a.action END \
             FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS wanted (id, tenant, namespace, longest) \
             JOIN actions a ON a.id = wanted.id AND a.tenant = wanted.tenant AND a.namespace = wanted.namespace AND NOT a.superseded \
             LEFT JOIN outcomes o ON o.seq = a.seq";
        Ok(Self {
            living: conn.prepare_cached("SELECT owner FROM processes WHERE owner = ANY($1) FOR KEY SHARE").await?,
            existing: conn.prepare_cached(existing).await?,
            supersede: conn.prepare_cached("UPDATE actions SET superseded = TRUE WHERE seq = ANY($1)").await?,
            letters: conn.prepare_cached("SELECT seq FROM outcomes WHERE seq = ANY($1) AND state = $2 ORDER BY seq FOR UPDATE").await?,
            replace: conn.prepare_cached("UPDATE outcomes SET state = $2 WHERE seq = ANY($1)").await?,
            insert: InsertAll::prepare(conn).await?,
            charging: Charging::prepare(conn).await?,
        })
    }
}

/// Owners that are registered, and stay so until the transaction ends.
async fn living(
    conn: &Conn,
    statements: &Statements,
    batch: &[&Admitting],
) -> Result<HashSet<OwnerId>, Failure> {
    let owners: HashSet<i64> = batch
        .iter()
        .filter_map(|item| item.owner())
        .map(|owner| owner.0)
        .collect();
    if owners.is_empty() {
        return Ok(HashSet::new());
    }
    let owners: Vec<i64> = owners.into_iter().collect();
    let rows = conn.query(&statements.living, &[&owners]).await?;
    rows.iter()
        .map(|row| Ok(OwnerId(row.try_get(0)?)))
        .collect()
}

/// Letters to be replaced that are dead letters, and stay so until the transaction ends.
async fn letters(
    conn: &Conn,
    statements: &Statements,
    batch: &[&Admitting],
) -> Result<HashSet<i64>, Failure> {
    let letters: Vec<i64> = batch
        .iter()
        .filter_map(|item| item.admission.letter)
        .map(|letter| letter.0)
        .collect();
    if letters.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = conn
        .query(
            &statements.letters,
            &[&letters, &state_number(ActionState::Dead)],
        )
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// The actions that have the ids of a batch.
async fn existing(
    conn: &Conn,
    statements: &Statements,
    batch: &[&Admitting],
) -> Result<Vec<Found>, Failure> {
    let ids: Vec<&str> = batch.iter().map(|item| item.action().id.as_str()).collect();
    let tenants: Vec<&str> = batch
        .iter()
        .map(|item| item.action().tenant.as_str())
        .collect();
    let namespaces: Vec<&str> = batch
        .iter()
        .map(|item| item.action().namespace.as_str())
        .collect();
    let longest: Vec<i64> = batch
        .iter()
        .map(|item| longest_alike(item.text_length()))
        .collect();
    let values: [&(dyn ToSql + Sync); 5] = [
        &ids,
        &tenants,
        &namespaces,
        &longest,
        &state_number(ActionState::Refused),
    ];
    let found = |row: &Row| {
        let refused = row
            .try_get::<_, Option<&str>>(4)?
            .and_then(|text| serde_json::from_str(text).ok());
        Ok(Found {
            seq: Seq(row.try_get(0)?),
            id: row.try_get(1)?,
            tenant: row.try_get(2)?,
            namespace: row.try_get(3)?,
            refused,
        })
    };
    conn.query(&statements.existing, &values)
        .await?
        .iter()
        .map(found)
        .collect()
}

pub(super) fn is_of(found: &Found, action: &Action) -> bool {
    found.id == action.id.as_str()
        && found.tenant == action.tenant.as_str()
        && found.namespace == action.namespace.as_str()
}
