//! Claims: numbered, so that what was claimed without an answer is given back.

use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};

use super::connect::{Conn, in_time};
use super::error::Failure;
use super::{PostgresStore, calls, jobs};
use crate::StoreError;
use crate::model::{Claim, Claimed, OwnerId};

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
            let freed = call!(self.claiming, conn => jobs::undo(conn, claim.owner, &lost))?;
            if freed > 0 {
                tracing::warn!(freed, "a claim whose answer was lost was undone");
            }
        }
        let number = self.claims.fetch_add(1, Ordering::Relaxed);
        let conn = Conn::of(&self.claiming)
            .await
            .map_err(Failure::into_store)?;
        let claimed = in_time(jobs::claim(&conn, &claim, number)).await;
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
