//! The journal: what is admitted, settled, rerouted and forgotten.

use acteon_core::{BoxFuture, Timestamp};

use super::store::{MemoryStore, ready};
use crate::StoreError;
use crate::flows::at_once;
use crate::gate::{Conditions, Counters as _, Judged, judge};
use crate::history::Cursor;
use crate::model::{Admission, Admitted, Reroute, Rerouted, Route, Settled, Settlement};
use crate::retention::{Pruned, Retention, SweepCursor};
use crate::store::Journal;

impl Journal for MemoryStore {
    fn admit(&self, admission: Admission) -> BoxFuture<'_, Result<Admitted, StoreError>> {
        ready(self.lock().admit_of(&admission, at_once()))
    }

    fn judge(
        &self,
        conditions: Conditions,
        routes: Vec<Route>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Judged, StoreError>> {
        ready(judge(&*self.lock(), &conditions, &routes, now))
    }

    fn settle(&self, settlement: Settlement) -> BoxFuture<'_, Result<Settled, StoreError>> {
        ready(self.lock().settle(&settlement))
    }

    fn reroute(&self, change: Reroute) -> BoxFuture<'_, Result<Rerouted, StoreError>> {
        ready(self.lock().reroute(&change))
    }

    fn used(&self, counter: &str) -> BoxFuture<'_, Result<u64, StoreError>> {
        ready(self.lock().used(counter))
    }

    fn prune(
        &self,
        retention: Retention,
        after: Option<Cursor>,
    ) -> BoxFuture<'_, Result<Pruned, StoreError>> {
        ready(Ok(self.lock().prune(&retention, after)))
    }

    fn sweep(
        &self,
        now: Timestamp,
        _after: Option<SweepCursor>,
    ) -> BoxFuture<'_, Result<Option<SweepCursor>, StoreError>> {
        self.lock().sweep(now);
        ready(Ok(None))
    }
}
