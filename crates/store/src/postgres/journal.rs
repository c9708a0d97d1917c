//! The journal: what is admitted, settled, rerouted and forgotten.

use acteon_core::{BoxFuture, Timestamp};

use super::admit::Admitting;
use super::connect::{Conn, in_time};
use super::error::Failure;
use super::store::PostgresStore;
use super::{calls, gate, retention, rows};
use crate::StoreError;
use crate::gate::{Conditions, Judged, judge};
use crate::history::Cursor;
use crate::model::{Admission, Admitted, Reroute, Rerouted, Route, Settled, Settlement};
use crate::retention::{Pruned, Retention, SweepCursor};
use crate::store::Journal;
use acteon_core::limits::MAX_COMMIT_QUEUE;

impl Journal for PostgresStore {
    fn admit(&self, admission: Admission) -> BoxFuture<'_, Result<Admitted, StoreError>> {
        if self.admissions.len() + self.gated.len() > MAX_COMMIT_QUEUE {
            return Box::pin(async { Err(StoreError::Busy) });
        }
        match Admitting::new(
            admission,
            &self.positions,
            &self.optimism,
            &self.queue_bytes,
        ) {
            Ok(admitting) if admitting.is_free() => self.admissions.send(admitting),
            Ok(admitting) => self.gated.send(admitting),
            Err(error) => Box::pin(async { Err(error) }),
        }
    }

    fn judge(
        &self,
        conditions: Conditions,
        routes: Vec<Route>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Judged, StoreError>> {
        Box::pin(async move {
            let _turn = self.judging.take().await?;
            let counters = call!(self.pool, conn => gate::look(conn, &conditions, &routes))?;
            judge(&counters, &conditions, &routes, now)
        })
    }

    fn settle(&self, settlement: Settlement) -> BoxFuture<'_, Result<Settled, StoreError>> {
        self.settlements.send(settlement)
    }

    fn reroute(&self, change: Reroute) -> BoxFuture<'_, Result<Rerouted, StoreError>> {
        Box::pin(self.reroute_row(change))
    }

    fn used(&self, counter: &str) -> BoxFuture<'_, Result<u64, StoreError>> {
        let counter = rows::key(counter);
        Box::pin(async move {
            call!(self.pool, conn => gate::used(conn, &counter)).map(i64::unsigned_abs)
        })
    }

    fn prune(
        &self,
        retention: Retention,
        after: Option<Cursor>,
    ) -> BoxFuture<'_, Result<Pruned, StoreError>> {
        Box::pin(async move { call!(self.pool, conn => retention::prune(conn, &retention, after)) })
    }

    fn sweep(
        &self,
        now: Timestamp,
        after: Option<SweepCursor>,
    ) -> BoxFuture<'_, Result<Option<SweepCursor>, StoreError>> {
        Box::pin(self.sweep_a_table(now, after))
    }
}
