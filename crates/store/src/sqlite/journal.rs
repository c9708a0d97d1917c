//! The journal: what is admitted, settled, rerouted and forgotten.

use acteon_core::{BoxFuture, Timestamp};

use super::command::Urgency;
use super::store::SqliteStore;
use super::{advance, gate, reroute, retention, settle};
use crate::StoreError;
use crate::flows::at_once;
use crate::gate::{Conditions, Judged, judge};
use crate::history::Cursor;
use crate::model::{Admission, Admitted, Reroute, Rerouted, Route, Settled, Settlement, Turn};
use crate::retention::{Pruned, Retention, SweepCursor, sweeps_on, swept_at};
use crate::rows::{rerouted_texts, row_texts};
use crate::store::Journal;

impl Journal for SqliteStore {
    fn admit(&self, admission: Admission) -> BoxFuture<'_, Result<Admitted, StoreError>> {
        if self.writer.is_full() {
            return Box::pin(async { Err(StoreError::Busy) });
        }
        let urgency = if admission.turn == Turn::Batch {
            Urgency::Bulk
        } else {
            Urgency::Admission
        };
        let texts = row_texts(&admission)
            .and_then(|texts| Ok((self.queue_bytes.enter(&admission, &texts)?, texts)));
        match texts {
            Ok((queued, texts)) => self.write_opening(
                urgency,
                |admitted| isize::from(matches!(admitted, Admitted::Open { .. })),
                move |connection| {
                    // Until this is dropped with the command.
                    let _ = &queued;
                    advance::admit_of(connection, &admission, &texts, at_once())
                },
            ),
            Err(error) => Box::pin(async { Err(error) }),
        }
    }

    fn judge(
        &self,
        conditions: Conditions,
        routes: Vec<Route>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Judged, StoreError>> {
        self.readers.answers(move |connection| {
            judge(&gate::SqlCounters(connection), &conditions, &routes, now)
        })
    }

    fn settle(&self, settlement: Settlement) -> BoxFuture<'_, Result<Settled, StoreError>> {
        let urgency = if settlement.waited_for {
            Urgency::Waited
        } else {
            Urgency::Background
        };
        let closes: fn(&Settled) -> isize = if settlement.ends() {
            |settled| -isize::from(*settled == Settled::Written)
        } else {
            |_| 0
        };
        self.write_opening(urgency, closes, move |connection| {
            settle::settle(connection, &settlement)
        })
    }

    fn reroute(&self, change: Reroute) -> BoxFuture<'_, Result<Rerouted, StoreError>> {
        match rerouted_texts(&change) {
            Ok(texts) => self.write(Urgency::Waited, move |connection| {
                reroute::reroute(connection, &change, &texts)
            }),
            Err(error) => Box::pin(async { Err(error) }),
        }
    }

    fn used(&self, counter: &str) -> BoxFuture<'_, Result<u64, StoreError>> {
        let counter = counter.to_owned();
        self.readers
            .callers(move |connection| gate::used(connection, &counter))
    }

    fn prune(
        &self,
        retention: Retention,
        after: Option<Cursor>,
    ) -> BoxFuture<'_, Result<Pruned, StoreError>> {
        Box::pin(async move {
            let old = self
                .readers
                .callers(move |connection| retention::find_old(connection, &retention, after))
                .await?;
            let pruned = old.pruned();
            if pruned.deleted > 0 {
                self.write(Urgency::Background, move |connection| {
                    retention::delete(connection, &old.seqs)
                })
                .await?;
            }
            Ok(pruned)
        })
    }

    fn sweep(
        &self,
        now: Timestamp,
        after: Option<SweepCursor>,
    ) -> BoxFuture<'_, Result<Option<SweepCursor>, StoreError>> {
        Box::pin(async move {
            let Some((number, table, after)) = swept_at(after.as_ref()) else {
                return Ok(None);
            };
            let (over, last) = self
                .readers
                .callers(move |connection| retention::find_over(connection, table, &after, now))
                .await?;
            if !over.is_empty() {
                self.write(Urgency::Background, move |connection| {
                    retention::delete_over(connection, table, &over, now)
                })
                .await?;
            }
            Ok(sweeps_on(number, last))
        })
    }
}
