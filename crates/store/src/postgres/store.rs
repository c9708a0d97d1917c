//! The store in a PostgreSQL database, and what its calls share.

use std::sync::atomic::{AtomicI64, AtomicIsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acteon_core::with_causes;
use deadpool_postgres::Pool;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::admit::{Admit, Optimism};
use super::advance::Advances;
use super::batch::Batcher;
use super::connect::{Conn, in_time};
use super::error::Failure;
use super::listen::Wakeups;
use super::positions::Positions;
use super::settle::Settle;
use super::{calls, listen};
use crate::StoreError;
use crate::error::Ended;
use crate::flows::FlowHold;
use crate::model::OwnerId;
use crate::queue_bytes::QueueBytes;

/// Pause between two looks at the documents' revision where no notification comes.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The store in a PostgreSQL database.
pub struct PostgresStore {
    /// Connections for the gateway's own short calls.
    pub(super) own: Pool,
    /// Connections for callers, and for what may take long.
    pub(super) pool: Pool,
    pub(super) judging: calls::Turns,
    pub(super) ended: Ended,
    pub(super) queue_bytes: QueueBytes,
    /// Connection for the lease alone: nothing delays its renewals.
    pub(super) lease: Pool,
    /// For claims, which look rows up as batches do.
    pub(super) claiming: Pool,
    pub(super) admissions: Batcher<Admit>,
    /// Admissions with a gate to pass: what they lock is locked by one batch at a time.
    pub(super) gated: Batcher<Admit>,
    pub(super) settlements: Batcher<Settle>,
    pub(super) advances: Batcher<Advances>,
    pub(super) positions: Arc<Positions>,
    pub(super) optimism: Arc<Optimism>,
    pub(super) open: Arc<AtomicIsize>,
    /// Notified of each event that this process commits.
    pub(super) told: Arc<Notify>,
    pub(super) wakeups: Arc<Wakeups>,
    pub(super) channel: Option<String>,
    pub(super) claims: AtomicI64,
    pub(super) lost_claims: Mutex<Vec<(OwnerId, i64)>>,
    pub(super) lost_flows: Mutex<Vec<FlowHold>>,
    pub(super) tasks: Vec<JoinHandle<()>>,
    pub(super) place: String,
}

impl PostgresStore {
    /// Description of the database, without secrets.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Notifies other processes, if that is not turned off.
    pub(super) async fn tell(&self, what: &str) {
        let Some(channel) = &self.channel else { return };
        let told: Result<(), StoreError> =
            async { call!(self.own, conn => listen::tell(conn, channel, what)) }.await;
        if let Err(error) = told {
            tracing::debug!(error = %with_causes(&error), "other processes could not be told; they find it by looking around");
        }
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
