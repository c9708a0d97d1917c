//! A batch behind the gate: locked and read in one go, judged in memory, written and committed in another.

use std::collections::HashSet;
use std::sync::Arc;

use acteon_core::Action;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::admitting::{Admitting, Goes};
use crate::StoreError;
use crate::gate::{Judged, judge};
use crate::model::{ActionState, Admitted, OwnerId, Seq};
use crate::postgres::batch::Effects;
use crate::postgres::connect::Conn;
use crate::postgres::error::Failure;
use crate::postgres::gate::{Charging, Locked, Look, Names};
use crate::postgres::insert::{insert_all, prepare_insert_all};
use crate::rows::{longest_alike, state_number};

/// How often what is missing to be locked is made before the batch is begun anew.
const MAKES: usize = 3;

/// Checks, charges and writes in one transaction. Of several items with one id it does the first: the next attempt finds what that wrote.
pub(super) async fn write(
    conn: &Conn,
    items: &[Arc<Admitting>],
    again: bool,
) -> Result<Effects<Admitted>, Failure> {
    let mut ids = HashSet::new();
    let actions = items.iter().map(|item| item.action());
    let firsts: Vec<bool> = actions
        .map(|action| ids.insert((&action.namespace, &action.tenant, &action.id)))
        .collect();
    let batch: Vec<&Admitting> = items
        .iter()
        .zip(&firsts)
        .filter(|(_, first)| **first)
        .map(|(item, _)| &**item)
        .collect();
    let mut effects = write_firsts(conn, &batch, again).await?.into_iter();
    Ok(firsts
        .into_iter()
        .map(|first| if first { effects.next() } else { None })
        .collect())
}

/// What the transaction reads first.
struct Seen {
    living: HashSet<OwnerId>,
    locked: Locked,
    /// Those of the letters that are to be replaced that are dead letters.
    letters: HashSet<i64>,
    found: Vec<Found>,
}

/// An action that has the id of one of a batch. As little of it as tells what that means: a batch may name five hundred, each as large as an
/// action may be.
struct Found {
    seq: Seq,
    id: String,
    tenant: String,
    namespace: String,
    /// What was asked for, where it was refused for now and may be the same.
    refused: Option<Action>,
}

/// The ids of `batch` differ.
async fn write_firsts(
    conn: &Conn,
    batch: &[&Admitting],
    again: bool,
) -> Result<Vec<Result<Admitted, StoreError>>, Failure> {
    let statements = Statements::prepare(conn).await?;
    let Seen {
        living,
        mut locked,
        mut letters,
        found,
    } = begin(conn, &statements, batch).await?;
    let mut effects: Vec<Option<Result<Admitted, StoreError>>> =
        batch.iter().map(|_| None).collect();
    let mut superseded = Vec::new();
    for found in found {
        let Some(place) = batch.iter().position(|item| is_of(&found, item.action())) else {
            continue;
        };
        match before(batch[place], &found, again) {
            Before::Mine(admitted) => effects[place] = Some(Ok(admitted)),
            Before::GivesWay(seq) => superseded.push((place, seq.0)),
            Before::Stays(seq) => effects[place] = Some(Ok(Admitted::Existing(seq))),
        }
    }
    let mut written = Vec::new();
    for (place, item) in batch
        .iter()
        .enumerate()
        .filter(|(place, _)| effects[*place].is_none())
        .collect::<Vec<_>>()
    {
        if item.owner().is_some_and(|owner| !living.contains(&owner)) {
            effects[place] = Some(Err(StoreError::Fenced));
            continue;
        }
        if item
            .admission
            .letter
            .is_some_and(|letter| !letters.contains(&letter.0))
        {
            effects[place] = Some(Ok(Admitted::NoLetter));
            continue;
        }
        match decide(item, &mut locked) {
            // What does not go leaves its letter on the list, and is not written.
            Ok(Goes::Ended(outcome)) if item.admission.letter.is_some() => {
                effects[place] = Some(Ok(Admitted::Ended(outcome)));
            }
            Ok(goes) => {
                item.admission
                    .letter
                    .map(|letter| letters.remove(&letter.0));
                written.push((*item, goes, place));
            }
            Err(error) => effects[place] = Some(Err(error)),
        }
    }
    if written.is_empty() {
        conn.batch_execute("ROLLBACK").await?;
    } else {
        // Each with its successor: what is not written takes nobody's place.
        let of_written =
            |(place, _): &&(usize, i64)| written.iter().any(|(.., other)| other == place);
        let superseded: Vec<i64> = superseded
            .iter()
            .filter(of_written)
            .map(|(_, seq)| *seq)
            .collect();
        commit(conn, &statements, &written, &superseded, &locked).await?;
    }
    for (item, goes, place) in written {
        effects[place] = Some(Ok(goes.into_admitted(item.seq())));
    }
    Ok(effects
        .into_iter()
        .map(|effect| effect.unwrap_or(Err(StoreError::Busy)))
        .collect())
}

/// Begins the transaction and reads, in one round trip, unless something is missing to be locked. The locks come first: what the holders of
/// these locks wrote before is found.
async fn begin(
    conn: &Conn,
    statements: &Statements,
    batch: &[&Admitting],
) -> Result<Seen, Failure> {
    let look = Look::locking(conn, Names::of(batch.iter().filter_map(|item| item.gate()))).await?;
    for _ in 0..MAKES {
        let begin = async { Ok::<_, Failure>(conn.batch_execute("BEGIN").await?) };
        let ((), living, locked, letters, found) = tokio::try_join!(
            biased;
            begin,
            living(conn, statements, batch),
            look.read(conn),
            letters(conn, statements, batch),
            existing(conn, statements, batch)
        )?;
        if !look.misses(&locked) {
            return Ok(Seen {
                living,
                locked,
                letters,
                found,
            });
        }
        conn.batch_execute("ROLLBACK").await?;
        if !look.make_missing(conn, &locked).await? {
            break;
        }
    }
    Err(Failure::Conflict)
}

/// Writes everything and commits, in one round trip. A row that is not written ends the transaction, so that nothing is charged for it.
async fn commit(
    conn: &Conn,
    statements: &Statements,
    written: &[(&Admitting, Goes, usize)],
    superseded: &Vec<i64>,
    locked: &Locked,
) -> Result<(), Failure> {
    let rows = written
        .iter()
        .map(|(item, goes, _)| item.row(goes))
        .collect::<Result<Vec<_>, _>>()?;
    let earlier: Vec<Option<Goes>> = written
        .iter()
        .map(|(item, goes, _)| item.decide(Some(goes.clone())))
        .collect();
    let changes = locked.changes();
    let supersede = async {
        if !superseded.is_empty() {
            conn.execute(&statements.supersede, &[superseded]).await?;
        }
        Ok::<_, Failure>(())
    };
    let mut replaced: Vec<i64> = written
        .iter()
        .filter_map(|(item, ..)| item.admission.letter)
        .map(|letter| letter.0)
        .collect();
    replaced.sort_unstable();
    let replace = async {
        if !replaced.is_empty() {
            conn.execute(
                &statements.replace,
                &[&replaced, &state_number(ActionState::Discarded)],
            )
            .await?;
        }
        Ok::<_, Failure>(())
    };
    let commit = async { Ok::<_, Failure>(conn.batch_execute("COMMIT").await?) };
    let done = tokio::try_join!(
        biased;
        supersede,
        insert_all(conn, &statements.insert, &rows),
        statements.charging.write(conn, &changes),
        replace,
        commit
    );
    let Err(failure) = done else { return Ok(()) };
    if !matches!(failure, Failure::Unknown(_)) {
        // Nothing was written: a row that is found after all is of an attempt before.
        for ((item, ..), earlier) in written.iter().zip(earlier) {
            item.decide(earlier);
        }
    }
    if matches!(failure, Failure::Conflict) {
        leave_taken_positions(conn, written).await?;
    }
    Err(failure)
}

/// Somebody else took an id meanwhile, which the next attempt finds; or a position, and then another is tried.
async fn leave_taken_positions(
    conn: &Conn,
    written: &[(&Admitting, Goes, usize)],
) -> Result<(), Failure> {
    let seqs: Vec<i64> = written.iter().map(|(item, ..)| item.seq().0).collect();
    let select = conn
        .prepare_cached("SELECT seq, id, tenant, namespace FROM actions WHERE seq = ANY($1)")
        .await?;
    for row in conn.query(&select, &[&seqs]).await? {
        let seq: i64 = row.try_get(0)?;
        let (id, tenant, namespace): (&str, &str, &str) =
            (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        let another = |action: &Action| {
            action.id.as_str() != id
                || action.tenant.as_str() != tenant
                || action.namespace.as_str() != namespace
        };
        written
            .iter()
            .filter(|(item, ..)| item.seq().0 == seq && another(item.action()))
            .for_each(|(item, ..)| item.move_on());
    }
    Ok(())
}

/// What the gate says of an action, charged to what is locked.
fn decide(item: &Admitting, locked: &mut Locked) -> Result<Goes, StoreError> {
    let Some((conditions, routes)) = item.gate() else {
        return Ok(Goes::free(&item.admission));
    };
    let now = item.admission.accepted_at;
    Ok(match judge(locked, conditions, routes, now)? {
        Judged::Refused(outcome) => Goes::Ended(outcome),
        Judged::Go { route, over } => {
            let quotas = routes.get(route).map_or(&[][..], |route| &route.quotas);
            locked.charge(conditions, quotas, (item.seq(), &item.action().id), now);
            Goes::Route {
                route,
                over,
                charges: conditions.charges(quotas),
            }
        }
    })
}

/// What an id that was there before means for an admission.
enum Before {
    /// An earlier attempt of this very admission wrote it.
    Mine(Admitted),
    /// Refused for now, and the same is asked for again.
    GivesWay(Seq),
    Stays(Seq),
}

fn before(item: &Admitting, found: &Found, again: bool) -> Before {
    if again
        && found.seq == item.seq()
        && let Some(admitted) = item.decided()
    {
        return Before::Mine(admitted);
    }
    if found
        .refused
        .as_ref()
        .is_some_and(|refused| refused.asks_the_same_at_sight(item.action()))
    {
        Before::GivesWay(found.seq)
    } else {
        Before::Stays(found.seq)
    }
}

/// What an earlier attempt wrote.
pub(super) async fn done_before(
    conn: &Conn,
    item: &Arc<Admitting>,
) -> Result<Option<Admitted>, Failure> {
    let action = item.action();
    let select = conn
        .prepare_cached(
            "SELECT 1 FROM actions WHERE seq = $1 AND id = $2 AND tenant = $3 AND namespace = $4",
        )
        .await?;
    let found = conn
        .query_opt(
            &select,
            &[
                &item.seq().0,
                &action.id.as_str(),
                &action.tenant.as_str(),
                &action.namespace.as_str(),
            ],
        )
        .await?;
    Ok(found.and_then(|_| item.decided()))
}

fn is_of(found: &Found, action: &Action) -> bool {
    found.id == action.id.as_str()
        && found.tenant == action.tenant.as_str()
        && found.namespace == action.namespace.as_str()
}

/// Made before the transaction begins.
struct Statements {
    living: Statement,
    existing: Statement,
    supersede: Statement,
    letters: Statement,
    replace: Statement,
    insert: Statement,
    charging: Charging,
}

impl Statements {
    async fn prepare(conn: &Conn) -> Result<Self, Failure> {
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
            insert: prepare_insert_all(conn).await?,
            charging: Charging::prepare(conn).await?,
        })
    }
}

/// Those of the owners that are processes, who stay so until the transaction ends.
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

/// Those of the letters that a batch is to replace that are dead letters, and stay so until the transaction ends.
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
