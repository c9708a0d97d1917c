//! Claims: numbered, so that what was claimed without an answer is given back.

use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};

use acteon_core::Priority;

use super::calls;
use super::connect::{Conn, in_time};
use super::error::Failure;
use super::store::PostgresStore;
use crate::StoreError;
use crate::model::{Claim, ClaimRows, Claimed, Hold, OwnerId, Room, Seq};

/// Claims whose answer was lost that are remembered. Each breaks a connection, so there are few.
const MAX_LOST_CLAIMS: usize = 1000;

impl PostgresStore {
    pub(super) async fn claim_rows(&self, claim: Claim) -> Result<Vec<Claimed>, StoreError> {
        let lost: Vec<i64> = self
            .lost()
            .iter()
            .filter(|(owner, _)| *owner == claim.owner)
            .map(|(_, number)| *number)
            .collect();
        if !lost.is_empty() {
            let freed = call!(self.claiming, conn => undo(conn, claim.owner, &lost))?;
            if freed > 0 {
                tracing::warn!(freed, "a claim whose answer was lost was undone");
            }
        }
        let number = self.claims.fetch_add(1, Ordering::Relaxed);
        let conn = Conn::of(&self.claiming)
            .await
            .map_err(Failure::into_store)?;
        let claimed = in_time(claim_under(&conn, &claim, number)).await;
        match claimed {
            Ok(claimed) => {
                conn.done();
                Ok(claimed)
            }
            Err(failure) => {
                // However it failed: also rows that were claimed and then could not be read are nobody's work.
                let mut lost = self.lost();
                if lost.len() == MAX_LOST_CLAIMS {
                    lost.remove(0);
                }
                lost.push((claim.owner, number));
                Err(failure.of_a_look())
            }
        }
    }

    fn lost(&self) -> MutexGuard<'_, Vec<(OwnerId, i64)>> {
        self.lost_claims
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
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

/// Makes a process the owner of these rows, if it is registered.
const TAKE: &str = "\
living AS (
  SELECT owner FROM processes WHERE owner = $1 FOR KEY SHARE
), taken AS (
  UPDATE jobs SET owner = living.owner, fence = $2, in_flight = FALSE FROM picked, living
  WHERE jobs.seq = picked.seq AND picked.place <= picked.most RETURNING jobs.seq, picked.room, picked.priority, picked.due_at
)
SELECT seq, room FROM taken ORDER BY room, priority, due_at, seq";

/// Parameters of [`DUE`]: rows of a provider and a priority, and how many of them go for each room.
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
async fn claim_under(conn: &Conn, claim: &Claim, number: i64) -> Result<Vec<Claimed>, Failure> {
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

/// Gives back the rows of claims whose answers were lost.
async fn undo(conn: &Conn, owner: OwnerId, numbers: &[i64]) -> Result<u64, Failure> {
    let update = conn
        .prepare_cached(
            "UPDATE jobs SET owner = 0 WHERE owner = $1 AND owner <> 0 AND fence = ANY($2)",
        )
        .await?;
    Ok(conn.execute(&update, &[&owner.0, &numbers]).await?)
}
