//! How many rows are open, counted without asking at every admission.

use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};

use deadpool_postgres::Pool;

use super::connect::{Conn, in_time};
use super::error::Failure;
use super::{LOOK_EVERY, calls, jobs};
use crate::StoreError;

pub(super) async fn count(pool: &Pool) -> Result<i64, StoreError> {
    call!(*pool, conn => jobs::count_open(conn))
}

/// Other processes open and close rows as well: the count is taken anew now and then.
pub(super) async fn keep_counting(pool: Pool, open: Arc<AtomicIsize>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if let Ok(count) = count(&pool).await {
            open.store(isize::try_from(count).unwrap_or(0), Ordering::Relaxed);
        }
    }
}
