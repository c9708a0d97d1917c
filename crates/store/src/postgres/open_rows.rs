//! Number of open rows, kept without a query at every admission.

use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::time::Duration;

use deadpool_postgres::Pool;

use super::calls;
use super::connect::{Conn, in_time};
use super::error::Failure;
use crate::StoreError;

/// Pause between two counts of the open rows.
const COUNT_EVERY: Duration = Duration::from_secs(2);

pub(super) async fn count(pool: &Pool) -> Result<i64, StoreError> {
    call!(*pool, conn => count_open(conn))
}

/// Counts the open rows now and then, since other processes open and close rows as well.
pub(super) async fn keep_counting(pool: Pool, open: Arc<AtomicIsize>) {
    loop {
        tokio::time::sleep(COUNT_EVERY).await;
        if let Ok(count) = count(&pool).await {
            open.store(isize::try_from(count).unwrap_or(0), Ordering::Relaxed);
        }
    }
}

async fn count_open(conn: &Conn) -> Result<i64, Failure> {
    Ok(conn
        .query_one("SELECT COUNT(*) FROM jobs", &[])
        .await?
        .try_get(0)?)
}
