//! Rows that change to another provider, or become due earlier.

use std::collections::BTreeMap;

use super::connect::{Conn, in_time};
use super::error::Failure;
use super::gate;
use super::rows::key;
use super::store::PostgresStore;
use super::{calls, listen};
use crate::StoreError;
use crate::model::{Charges, Hasten, Reroute, Rerouted};
use crate::rows::{RequestTexts, charges_text, rerouted_texts};

impl PostgresStore {
    pub(super) async fn reroute_row(&self, row: Reroute) -> Result<Rerouted, StoreError> {
        let texts = rerouted_texts(&row)?;
        change!(self.own, conn, again => reroute(conn, &row, &texts, again))
    }

    pub(super) async fn hasten_rows(&self, rows: Hasten) -> Result<usize, StoreError> {
        let changed = call!(self.own, conn => hasten(conn, &rows))?;
        if changed > 0 {
            self.tell(listen::WORK).await;
        }
        Ok(changed)
    }
}

/// Reroutes a row in one transaction, which locks it before it is looked at. `again` says that an earlier try may have been done: then the row shows
/// it.
async fn reroute(
    conn: &Conn,
    change: &Reroute,
    request: &RequestTexts,
    again: bool,
) -> Result<Rerouted, Failure> {
    let (hold, through) = (change.hold, change.provider.as_str());
    conn.batch_execute("BEGIN").await?;
    let select = conn
        .prepare_cached(
            "SELECT j.provider, a.charges FROM jobs j JOIN actions a ON a.seq = j.seq \
             WHERE j.seq = $1 AND j.owner = $2 AND j.fence = $3 FOR UPDATE OF j",
        )
        .await?;
    let found = conn
        .query_opt(&select, &[&hold.seq.0, &hold.owner.0, &hold.fence])
        .await?;
    let came_to = match found {
        None => Rerouted::Fenced,
        // To the same provider a row is moved to be charged.
        Some(row)
            if again
                && row.try_get::<_, &str>(0)? == through
                && row.try_get::<_, Option<String>>(1)? == charges_text(&change.charges) =>
        {
            Rerouted::Written
        }
        Some(_) if !charge(conn, change).await? => Rerouted::NoRoom,
        Some(_) => {
            write(conn, change, request).await?;
            conn.batch_execute("COMMIT").await?;
            return Ok(Rerouted::Written);
        }
    };
    conn.batch_execute("ROLLBACK").await?;
    Ok(came_to)
}

async fn write(conn: &Conn, change: &Reroute, request: &RequestTexts) -> Result<(), Failure> {
    let (seq, through) = (change.hold.seq, change.provider.as_str());
    gate::refund(
        conn,
        &[(
            seq,
            &Charges {
                counters: change.refund.clone(),
                dedup: None,
            },
        )],
    )
    .await?;
    let update = conn
        .prepare_cached(
            "UPDATE jobs SET provider = $2, in_flight = FALSE, note = NULL WHERE seq = $1",
        )
        .await?;
    conn.execute(&update, &[&seq.0, &through]).await?;
    let update = "UPDATE actions SET through = $2, charges = $3, request_facts = $4, request = $5 WHERE seq = $1";
    let update = conn.prepare_cached(update).await?;
    let through = Some(through).filter(|through| *through != change.action.provider.as_str());
    conn.execute(
        &update,
        &[
            &seq.0,
            &through,
            &charges_text(&change.charges),
            &request.facts,
            &request.bytes(),
        ],
    )
    .await?;
    Ok(())
}

/// Charges to the quotas of the other route, in the order of their counters; `false` where one that blocks has no room.
async fn charge(conn: &Conn, change: &Reroute) -> Result<bool, Failure> {
    let needed = change
        .needed()
        .map(|quota| (quota, i64::try_from(quota.max_actions).unwrap_or(i64::MAX)));
    let all = needed.chain(change.others().map(|quota| (quota, i64::MAX)));
    let counters: BTreeMap<String, (i64, i64)> = all
        .map(|(quota, most)| (key(&quota.counter), (quota.resets_at.as_millis(), most)))
        .collect();
    let upsert = "INSERT INTO counters (name, used, until) SELECT $1, 1, $2 WHERE $3::bigint > 0 \
         ON CONFLICT (name) DO UPDATE SET used = counters.used + 1 WHERE counters.used < $3";
    let upsert = conn.prepare_cached(upsert).await?;
    for (name, (until, most)) in &counters {
        if conn.execute(&upsert, &[name, until, most]).await? == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes rows due that wait for a further attempt.
async fn hasten(conn: &Conn, hasten: &Hasten) -> Result<usize, Failure> {
    let update = "UPDATE jobs SET due_at = $2 WHERE seq IN (SELECT seq FROM jobs WHERE owner = 0 AND provider = $1 AND due_at > $2 AND (attempts > 0 OR not_before IS DISTINCT FROM due_at) \
         AND ($3 OR NOT possible_duplicate) ORDER BY priority, seq LIMIT $4 FOR UPDATE SKIP LOCKED)";
    let update = conn.prepare_cached(update).await?;
    let limit = i64::try_from(hasten.limit).unwrap_or(i64::MAX);
    let changed = conn
        .execute(
            &update,
            &[
                &hasten.provider.as_str(),
                &hasten.now.as_millis(),
                &hasten.maybe_sent,
                &limit,
            ],
        )
        .await?;
    Ok(usize::try_from(changed).unwrap_or(usize::MAX))
}
