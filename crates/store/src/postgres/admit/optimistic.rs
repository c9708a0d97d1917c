//! A batch that has nothing but quotas to pass, and probably fits: written first, and charged as the last thing before its commit, if it does.
//! A counter that everybody is charged to is then locked for no longer than the commit takes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use super::admitting::{Admitting, Goes};
use super::optimism::Optimism;
use crate::model::Admitted;
use crate::postgres::batch::Effects;
use crate::postgres::connect::Conn;
use crate::postgres::error::Failure;
use crate::postgres::insert::{InsertAll, insert_all};
use crate::postgres::rows::columns::{columns, table_of};
use crate::postgres::rows::key;

const LOCK: &str = "SELECT 1 FROM counters WHERE name = ANY($1) ORDER BY name FOR UPDATE";

columns! {
    /// Counter, and what a batch charges to it: how many actions, if so many are there at most, and until when they count.
    Charge in Charges {
        name: &'a str,
        count: i64,
        most: i64,
        until: i64,
    }
}

/// Charges all, or fails and ends its transaction.
static CHARGE: LazyLock<String> = LazyLock::new(|| {
    let charges = table_of(Charges::COLUMNS);
    format!(
        "\
WITH charged AS (
  UPDATE counters c SET used = c.used + i.count, until = GREATEST(c.until, i.until)
  FROM {charges}
  WHERE c.name = i.name AND c.used + i.count <= i.most RETURNING 1
)
SELECT 1 / CASE WHEN (SELECT COUNT(*) FROM charged) = cardinality($1::text[]) THEN 1 ELSE 0 END"
    )
});

/// Writes all in one round trip; `None` when something does not fit, or is there, and nothing was written.
pub(super) async fn write(
    conn: &Conn,
    items: &[Arc<Admitting>],
    optimism: &Optimism,
) -> Result<Option<Effects<Admitted>>, Failure> {
    let (insert, lock, charge) = (
        InsertAll::prepare(conn).await?,
        conn.prepare_cached(LOCK).await?,
        conn.prepare_cached(&CHARGE).await?,
    );
    let goes: Vec<Goes> = items.iter().map(|item| item.first_route()).collect();
    let rows = items
        .iter()
        .zip(&goes)
        .map(|(item, goes)| item.row(goes))
        .collect::<Result<Vec<_>, _>>()?;
    for (item, goes) in items.iter().zip(&goes) {
        item.decide(Some(goes.clone()));
    }
    let counters = counters(items);
    let charges: Charges<'_> = charges(&counters);
    let arrays = charges.parameters();
    let full = AtomicBool::new(false);
    let begin = async { Ok::<_, Failure>(conn.batch_execute("BEGIN").await?) };
    let locking = async { Ok::<_, Failure>(conn.execute(&lock, &[&charges.name]).await?) };
    let charging = async {
        let done = conn.query(&charge, &arrays).await.map_err(Failure::from);
        full.store(matches!(done, Err(Failure::Conflict)), Ordering::Relaxed);
        done
    };
    let commit = async { Ok::<_, Failure>(conn.batch_execute("COMMIT").await?) };
    match tokio::try_join!(biased; begin, insert_all(conn, &insert, &rows), locking, charging, commit)
    {
        Ok(_) => Ok(Some(
            items
                .iter()
                .zip(goes)
                .map(|(item, goes)| Some(Ok(goes.admitted(item.seq()))))
                .collect(),
        )),
        Err(Failure::Conflict) => {
            if full.load(Ordering::Relaxed) {
                optimism.pause();
            }
            // The transaction is over; this only waits until the connection has nothing more to say of it.
            conn.batch_execute("ROLLBACK").await?;
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

/// Counters that a batch is charged to, by name: how many actions, the lowest limit, and the latest end of a window.
fn counters(items: &[Arc<Admitting>]) -> BTreeMap<String, (i64, i64, i64)> {
    let mut counters = BTreeMap::new();
    for quota in items
        .iter()
        .filter_map(|item| item.routes().first())
        .flat_map(|route| &route.quotas)
    {
        let (count, most, until) = counters
            .entry(key(&quota.counter))
            .or_insert((0, i64::MAX, 0));
        *count += 1;
        *most = (*most).min(i64::try_from(quota.max_actions).unwrap_or(i64::MAX));
        *until = (*until).max(quota.resets_at.as_millis());
    }
    counters
}

/// Rows of these counters in the order of the names, in which they are locked.
fn charges(counters: &BTreeMap<String, (i64, i64, i64)>) -> Charges<'_> {
    counters
        .iter()
        .map(|(name, (count, most, until))| Charge {
            name,
            count: *count,
            most: *most,
            until: *until,
        })
        .collect()
}
