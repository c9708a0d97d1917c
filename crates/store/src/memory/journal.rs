//! The journal: what is admitted, settled, rerouted and forgotten.

use acteon_core::Timestamp;

use super::store::{MemoryStore, ready};
use crate::gate::{Conditions, Counters as _, Judged, judge};
use crate::history::Cursor;
use crate::model::{Admission, Admitted, Reroute, Rerouted, Route, Settled, Settlement};
use crate::retention::{Pruned, Retention, SweepCursor};
use crate::store::{Journal, Later};

impl Journal for MemoryStore {
    fn admit(&self, admission: Admission) -> Later<'_, Admitted> {
        ready(self.lock().admit(&admission))
    }

    fn judge(
        &self,
        conditions: Conditions,
        routes: Vec<Route>,
        now: Timestamp,
    ) -> Later<'_, Judged> {
        ready(judge(&*self.lock(), &conditions, &routes, now))
    }

    fn settle(&self, settlement: Settlement) -> Later<'_, Settled> {
        ready(self.lock().settle(&settlement))
    }

    fn reroute(&self, change: Reroute) -> Later<'_, Rerouted> {
        ready(self.lock().reroute(&change))
    }

    fn used(&self, counter: &str) -> Later<'_, u64> {
        ready(self.lock().used(counter))
    }

    fn prune(&self, retention: Retention, after: Option<Cursor>) -> Later<'_, Pruned> {
        ready(Ok(self.lock().prune(&retention, after)))
    }

    fn sweep(&self, now: Timestamp, _after: Option<SweepCursor>) -> Later<'_, Option<SweepCursor>> {
        self.lock().sweep(now);
        ready(Ok(None))
    }
}
