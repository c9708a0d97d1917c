//! Calls of the database for everything that is not written in batches.

use std::time::Duration;

use deadpool_postgres::Pool;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::StoreError;

/// Number of tries of a call that meets a conflict or a broken connection.
pub(super) const TRIES: usize = 3;
/// Longest that a try to renew a lease may take, making the connection included.
pub(super) const RENEWAL_LIMIT: Duration = Duration::from_secs(2);
/// Number of tries of a renewal before it fails; the next renewal comes soon.
pub(super) const RENEWAL_TRIES: usize = 2;

/// Longest that a look waits for its turn.
const TURN_PATIENCE: Duration = Duration::from_secs(20);

/// Turns for looks that callers ask for a thousand at a time, such as what would become of each action of a batch: others need the
/// connections as well.
pub(super) struct Turns(Semaphore);

impl Turns {
    /// Turns for half the connections of a pool.
    pub(super) fn half_of(pool: &Pool) -> Self {
        Self(Semaphore::new((pool.status().max_size / 2).max(1)))
    }

    pub(super) async fn take(&self) -> Result<SemaphorePermit<'_>, StoreError> {
        let turn = tokio::time::timeout(TURN_PATIENCE, self.0.acquire()).await;
        turn.map_err(|_| StoreError::Busy)?
            .map_err(|_| StoreError::Closed)
    }
}

/// Runs something a few times if need be. `$again` says whether an earlier try may have been done: once one may, no later failure says that
/// nothing was.
macro_rules! repeated {
    ($pool:expr, $conn:ident, $again:ident => $work:expr) => {{
        let (mut tries, mut lost) = (0, None);
        loop {
            tries += 1;
            let $again = lost.is_some();
            let failure = match Conn::of(&$pool).await {
                Err(failure) => failure,
                Ok(held) => {
                    let $conn = &held;
                    match in_time($work).await {
                        Err(failure) => failure,
                        Ok(result) => {
                            held.done();
                            break Ok(result);
                        }
                    }
                }
            };
            match failure {
                Failure::Conflict if tries < calls::TRIES => {}
                Failure::Unknown(why) if tries < calls::TRIES => lost = Some(why),
                failure => break Err(lost.map_or(failure, Failure::Unknown)),
            }
        }
    }};
}

/// Asks on the lease's own connection, for no longer than a renewal may take. One that does not answer is replaced, at once, by another.
macro_rules! renewal {
    ($pool:expr, $conn:ident => $work:expr) => {{
        let mut tries = 0;
        loop {
            tries += 1;
            let asked = async {
                let held = Conn::of(&$pool).await?;
                let $conn = &held;
                let result = $work.await?;
                held.done();
                Ok::<_, Failure>(result)
            };
            let failure = match tokio::time::timeout(calls::RENEWAL_LIMIT, asked).await {
                Ok(Ok(result)) => break Ok::<_, StoreError>(result),
                Ok(Err(failure)) => failure,
                Err(_) => Failure::Unknown(
                    format!("no answer within {} s", calls::RENEWAL_LIMIT.as_secs()).into(),
                ),
            };
            if tries == calls::RENEWAL_TRIES || matches!(failure, Failure::Refused(_)) {
                break Err(failure.into_store());
            }
        }
    }};
}

/// Looks, or leaves things as one run of it does: whatever failed, it may be asked for again.
macro_rules! call {
    ($pool:expr, $conn:ident => $work:expr) => {{ repeated!($pool, $conn, _again => $work).map_err(Failure::of_a_look) }};
}

/// Changes something; the answer tells what this call changed, also when an earlier try did.
macro_rules! change {
    ($pool:expr, $conn:ident, $again:ident => $work:expr) => {{ repeated!($pool, $conn, $again => $work).map_err(Failure::into_store) }};
}
