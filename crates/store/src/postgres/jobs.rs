//! Who works on what: processes, their leases, and the rows that they claim.

use acteon_core::{Priority, ProviderName, Timestamp};

use super::connect::Conn;
use super::error::Failure;
use crate::model::{Beat, Claim, ClaimRows, Claimed, Freed, Hold, OwnerId, Room, Seq};

/// Ids are random, so that no two processes agree on one and no sequence is asked. Never 0.
pub(super) async fn register(conn: &Conn) -> Result<OwnerId, Failure> {
    let (high, _) = uuid::Uuid::new_v4().as_u64_pair();
    let owner = i64::try_from(high >> 1).unwrap_or(i64::MAX).max(1);
    conn.execute(
        "INSERT INTO processes (owner, beats) VALUES ($1, 0)",
        &[&owner],
    )
    .await?;
    Ok(OwnerId(owner))
}

pub(super) async fn renew(conn: &Conn, owner: OwnerId) -> Result<bool, Failure> {
    let update = conn
        .prepare_cached("UPDATE processes SET beats = beats + 1 WHERE owner = $1")
        .await?;
    Ok(conn.execute(&update, &[&owner.0]).await? == 1)
}

pub(super) async fn beats(conn: &Conn) -> Result<Vec<Beat>, Failure> {
    let select = conn
        .prepare_cached("SELECT owner, beats FROM processes")
        .await?;
    let rows = conn.query(&select, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Beat {
                owner: OwnerId(row.try_get(0)?),
                count: row.try_get(1)?,
            })
        })
        .collect()
}

/// What it could not record although it may have sent it is marked; in good order there is none.
pub(super) async fn retire(conn: &Conn, owner: OwnerId, now: Timestamp) -> Result<(), Failure> {
    conn.batch_execute("BEGIN").await?;
    conn.execute("DELETE FROM processes WHERE owner = $1", &[&owner.0])
        .await?;
    conn.query_one(
        &freeing("j.owner = $2 AND j.owner <> 0"),
        &[&now.as_millis(), &owner.0],
    )
    .await?;
    conn.batch_execute("COMMIT").await?;
    Ok(())
}

/// The dead end first: what they are writing meanwhile either is there before, or finds no process.
pub(super) async fn take_over(
    conn: &Conn,
    dead: &[Beat],
    now: Timestamp,
) -> Result<Freed, Failure> {
    let owners: Vec<i64> = dead.iter().map(|beat| beat.owner.0).collect();
    let counts: Vec<i64> = dead.iter().map(|beat| beat.count).collect();
    conn.batch_execute("BEGIN").await?;
    let delete = "DELETE FROM processes p USING unnest($1::bigint[], $2::bigint[]) AS i (owner, beats) WHERE p.owner = i.owner AND p.beats = i.beats";
    conn.execute(delete, &[&owners, &counts]).await?;
    let condition =
        "j.owner <> 0 AND NOT EXISTS (SELECT 1 FROM processes p WHERE p.owner = j.owner)";
    let row = conn
        .query_one(&freeing(condition), &[&now.as_millis()])
        .await?;
    conn.batch_execute("COMMIT").await?;
    freed(&row)
}

/// Frees rows, marks those of them that may have been sent, and counts both. In one statement that locks each row before it looks: what
/// its owner writes meanwhile - that it is about to send - either is there before, or finds the row freed.
fn freeing(condition: &str) -> String {
    format!(
        "WITH held AS (SELECT j.seq, j.in_flight FROM jobs j WHERE {condition} ORDER BY j.seq FOR UPDATE), \
         freed AS (UPDATE jobs SET owner = 0, due_at = CASE WHEN held.in_flight THEN $1 ELSE jobs.due_at END, in_flight = FALSE, takeovers = takeovers + held.in_flight::int, \
         possible_duplicate = possible_duplicate OR held.in_flight FROM held WHERE jobs.seq = held.seq RETURNING held.in_flight AS maybe_sent) \
         SELECT COUNT(*) FILTER (WHERE maybe_sent), COUNT(*) FILTER (WHERE NOT maybe_sent) FROM freed"
    )
}

fn freed(row: &tokio_postgres::Row) -> Result<Freed, Failure> {
    let count = |count: i64| usize::try_from(count).unwrap_or(0);
    Ok(Freed {
        maybe_sent: count(row.try_get(0)?),
        unsent: count(row.try_get(1)?),
    })
}

pub(super) async fn owned(
    conn: &Conn,
    owner: OwnerId,
    after: Seq,
    limit: usize,
) -> Result<Vec<Hold>, Failure> {
    let select =
        conn.prepare_cached("SELECT seq, fence FROM jobs WHERE owner = $1 AND owner <> 0 AND seq > $2 ORDER BY seq LIMIT $3").await?;
    let rows = conn
        .query(
            &select,
            &[
                &owner.0,
                &after.0,
                &i64::try_from(limit).unwrap_or(i64::MAX),
            ],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Hold {
                seq: Seq(row.try_get(0)?),
                owner,
                fence: row.try_get(1)?,
            })
        })
        .collect()
}

pub(super) async fn free(conn: &Conn, holds: &[Hold], now: Timestamp) -> Result<Freed, Failure> {
    let seqs: Vec<i64> = holds.iter().map(|hold| hold.seq.0).collect();
    let owners: Vec<i64> = holds.iter().map(|hold| hold.owner.0).collect();
    let fences: Vec<i64> = holds.iter().map(|hold| hold.fence).collect();
    let condition = "j.owner <> 0 AND (j.seq, j.owner, j.fence) IN (SELECT * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]))";
    freed(
        &conn
            .query_one(
                &freeing(condition),
                &[&now.as_millis(), &seqs, &owners, &fences],
            )
            .await?,
    )
}

/// The oldest due rows of each provider and priority, with a lock on each, unless another claims it just now. Of those for a room so many go as
/// [`Room::choose`] says: first those whose turn has come, then the highest.
const DUE: &str = "\
WITH due AS (
  SELECT j.seq, j.due_at, r.room, r.priority
  FROM unnest($3::text[], $4::bigint[], $5::bigint[], $7::bigint[]) AS r (provider, room, most, priority)
  CROSS JOIN LATERAL (
    SELECT seq, due_at FROM jobs WHERE owner = 0 AND provider = r.provider AND priority = r.priority AND due_at <= $6
    ORDER BY due_at, seq LIMIT r.most FOR UPDATE SKIP LOCKED
  ) j
), placed AS (
  SELECT *, row_number() OVER (PARTITION BY room, priority ORDER BY due_at, seq) AS place FROM due
), picked AS (
  SELECT p.seq, p.due_at, p.room, p.priority, m.most + CASE WHEN p.priority = 0 THEN m.more_high ELSE 0 END AS most,
    row_number() OVER (PARTITION BY p.room ORDER BY
      p.place <= CASE p.priority WHEN 1 THEN m.normal WHEN 2 THEN m.low ELSE 0 END DESC, p.priority, p.due_at, p.seq) AS place
  FROM placed p JOIN unnest($8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[]) AS m (room, most, more_high, normal, low)
    ON m.room = p.room
), ";

/// Rows of any provider that should be given up.
const OVERDUE: &str = "\
WITH picked AS (
  SELECT seq, due_at, 0::bigint AS room, 0::bigint AS priority, 1 AS most, 1 AS place FROM jobs
  WHERE owner = 0 AND give_up_at <= $3 ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED
), ";

/// Makes a process that lives their owner.
const TAKE: &str = "\
living AS (
  SELECT owner FROM processes WHERE owner = $1 FOR KEY SHARE
), taken AS (
  UPDATE jobs SET owner = living.owner, fence = $2, in_flight = FALSE FROM picked, living
  WHERE jobs.seq = picked.seq AND picked.place <= picked.most RETURNING jobs.seq, picked.room, picked.priority, picked.due_at
)
SELECT seq, room FROM taken ORDER BY room, priority, due_at, seq";

/// What is asked of [`DUE`]: rows of a provider and a priority, and how many of them go for each room.
#[derive(Default)]
struct Asked<'a> {
    providers: Vec<&'a str>,
    rooms: Vec<i64>,
    limits: Vec<i64>,
    priorities: Vec<i64>,
    room: Vec<i64>,
    most: Vec<i64>,
    more_high: Vec<i64>,
    normal: Vec<i64>,
    low: Vec<i64>,
}

impl<'a> Asked<'a> {
    fn of(rooms: &'a [Room]) -> Self {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let mut asked = Self::default();
        for (place, room) in rooms.iter().enumerate() {
            let [_, normal, low] = room.first();
            asked.room.push(number(place));
            asked.most.push(number(room.limit));
            asked.more_high.push(number(room.more_high));
            asked.normal.push(number(normal));
            asked.low.push(number(low));
            for (provider, priority) in room
                .providers
                .iter()
                .flat_map(|provider| Priority::ALL.map(|priority| (provider, priority)))
            {
                asked.providers.push(provider.as_str());
                asked.rooms.push(number(place));
                asked.limits.push(number(room.most_of(priority)));
                asked.priorities.push(priority.number());
            }
        }
        asked
    }
}

/// Claims under a number, by which [`undo`] finds the rows if the answer is lost.
pub(super) async fn claim(
    conn: &Conn,
    claim: &Claim,
    number: i64,
) -> Result<Vec<Claimed>, Failure> {
    let (owner, now) = (claim.owner, claim.now.as_millis());
    let rows = match &claim.rows {
        ClaimRows::Overdue { limit } => {
            let update = conn.prepare_cached(&format!("{OVERDUE}{TAKE}")).await?;
            conn.query(
                &update,
                &[
                    &owner.0,
                    &number,
                    &now,
                    &i64::try_from(*limit).unwrap_or(i64::MAX),
                ],
            )
            .await?
        }
        ClaimRows::Due(rooms) => {
            let asked = Asked::of(rooms);
            let update = conn.prepare_cached(&format!("{DUE}{TAKE}")).await?;
            let Asked {
                providers,
                rooms,
                limits,
                priorities,
                room,
                most,
                more_high,
                normal,
                low,
            } = &asked;
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 12] = [
                &owner.0, &number, providers, rooms, limits, &now, priorities, room, most,
                more_high, normal, low,
            ];
            conn.query(&update, &parameters).await?
        }
    };
    let claimed = |row: &tokio_postgres::Row| {
        let room: i64 = row.try_get(1)?;
        Ok(Claimed {
            hold: Hold {
                seq: Seq(row.try_get(0)?),
                owner,
                fence: number,
            },
            room: usize::try_from(room).unwrap_or(0),
        })
    };
    rows.iter().map(claimed).collect()
}

/// Gives back what was claimed under these numbers: nobody knows that it was.
pub(super) async fn undo(conn: &Conn, owner: OwnerId, numbers: &[i64]) -> Result<u64, Failure> {
    let update = conn
        .prepare_cached(
            "UPDATE jobs SET owner = 0 WHERE owner = $1 AND owner <> 0 AND fence = ANY($2)",
        )
        .await?;
    Ok(conn.execute(&update, &[&owner.0, &numbers]).await?)
}

pub(super) async fn next_due(
    conn: &Conn,
    providers: &[ProviderName],
) -> Result<Option<Timestamp>, Failure> {
    let select = "SELECT MIN(j.due_at) FROM (SELECT * FROM unnest($1::text[]) AS n (provider), unnest($2::bigint[]) AS c (priority)) p CROSS JOIN LATERAL \
         (SELECT due_at FROM jobs WHERE owner = 0 AND provider = p.provider AND priority = p.priority ORDER BY due_at LIMIT 1) j";
    let select = conn.prepare_cached(select).await?;
    let providers: Vec<&str> = providers.iter().map(ProviderName::as_str).collect();
    let priorities = Priority::ALL.map(Priority::number);
    let due: Option<i64> = conn
        .query_one(&select, &[&providers, &&priorities[..]])
        .await?
        .try_get(0)?;
    Ok(due.map(Timestamp::from_millis))
}

pub(super) async fn count_open(conn: &Conn) -> Result<i64, Failure> {
    Ok(conn
        .query_one("SELECT COUNT(*) FROM jobs", &[])
        .await?
        .try_get(0)?)
}

/// The database's clock, in milliseconds since 1970.
pub(super) async fn clock(conn: &Conn) -> Result<i64, Failure> {
    Ok(conn
        .query_one(
            "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint",
            &[],
        )
        .await?
        .try_get(0)?)
}
