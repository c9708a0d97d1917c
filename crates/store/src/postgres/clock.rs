//! The database's clock, which all gateways share: due times and windows mean the same to each, whatever its own machine's clock says.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use acteon_core::{BoxFuture, Clock, Timestamp, with_causes};

use super::calls;
use super::connect::{Conn, in_time};
use super::error::Failure;
use super::store::PostgresStore;
use crate::StoreError;

/// Pause between two questions to the database.
const ASK_EVERY: Duration = Duration::from_secs(10);
/// An answer that took longer says too little.
const GOOD_ANSWER: Duration = Duration::from_millis(500);

/// The database's wall clock, carried on by this machine's monotonic one.
struct DatabaseClock {
    local: Arc<dyn Clock>,
    /// Milliseconds of the database's clock at this machine's monotonic zero.
    offset: AtomicI64,
}

impl Clock for DatabaseClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.offset.load(Ordering::Relaxed)) + self.local.monotonic()
    }

    fn monotonic(&self) -> Duration {
        self.local.monotonic()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.local.sleep(duration)
    }
}

impl PostgresStore {
    /// Instant of the database's clock.
    pub async fn now(&self) -> Result<Timestamp, StoreError> {
        let millis = call!(self.own, conn => clock(conn))?;
        Ok(Timestamp::from_millis(millis))
    }

    /// The database's clock, for as long as the store and the clock are there.
    pub async fn clock(
        self: &Arc<Self>,
        local: Arc<dyn Clock>,
    ) -> Result<Arc<dyn Clock>, StoreError> {
        let (offset, _) = self.offset(&*local).await?;
        let clock = Arc::new(DatabaseClock {
            local: Arc::clone(&local),
            offset: AtomicI64::new(offset),
        });
        let (store, kept) = (Arc::downgrade(self), Arc::downgrade(&clock));
        tokio::spawn(async move {
            loop {
                local.sleep(ASK_EVERY).await;
                let (Some(store), Some(kept)) = (store.upgrade(), kept.upgrade()) else {
                    return;
                };
                match store.offset(&*local).await {
                    Ok((offset, took)) if took <= GOOD_ANSWER => {
                        kept.offset.store(offset, Ordering::Relaxed);
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::debug!(error = %with_causes(&error), "the database's clock could not be read; it is carried on");
                    }
                }
            }
        });
        Ok(clock)
    }

    /// The offset, and how long the answer took.
    async fn offset(&self, local: &dyn Clock) -> Result<(i64, Duration), StoreError> {
        let before = local.monotonic();
        let now = self.now().await?;
        let took = local.monotonic().saturating_sub(before);
        let middle = i64::try_from((before + took / 2).as_millis()).unwrap_or(i64::MAX);
        Ok((now.as_millis().saturating_sub(middle), took))
    }
}

/// The database's clock, in milliseconds since 1970.
async fn clock(conn: &Conn) -> Result<i64, Failure> {
    Ok(conn
        .query_one(
            "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint",
            &[],
        )
        .await?
        .try_get(0)?)
}
