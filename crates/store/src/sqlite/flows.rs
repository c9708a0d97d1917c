//! Flows: durable state machines, and which process works on them.

use std::sync::Arc;

use acteon_core::{ActionId, BoxFuture, Scope, Timestamp};

use super::Result;
use super::command::Urgency;
use super::flow_claims::ClaimedFlows;
use super::store::SqliteStore;
use super::{advance, flow_claims, flow_rows, history};
use crate::StoreError;
use crate::flows::{
    Advance, Advanced, Flow, FlowClaim, FlowCount, FlowFilter, FlowHasten, FlowHold, FlowKey,
    FlowPage,
};
use crate::model::{Admitted, OwnerId, Record, Settled};
use crate::rows::row_texts;
use crate::store::Flows;

impl Flows for SqliteStore {
    fn advance(&self, advance: Advance) -> BoxFuture<'_, Result<Advanced>> {
        if !advance.admissions.is_empty() && self.writer.is_full() {
            return Box::pin(async { Err(StoreError::Busy) });
        }
        let texts = advance
            .check()
            .and_then(|()| {
                advance
                    .admissions
                    .iter()
                    .map(row_texts)
                    .collect::<Result<Vec<_>>>()
            })
            .and_then(|texts| {
                let queued = self.queue_bytes.enter_all(&advance.admissions, &texts)?;
                Ok((queued, texts))
            });
        match texts {
            Ok((queued, texts)) => {
                self.write_opening(Urgency::Waited, opened, move |connection| {
                    // Until this is dropped with the command.
                    let _ = &queued;
                    advance::advance(connection, &advance, &texts)
                })
            }
            Err(error) => Box::pin(async { Err(error) }),
        }
    }

    fn claim_flows(&self, claim: FlowClaim) -> BoxFuture<'_, Result<Vec<Flow>>> {
        Box::pin(async move {
            let wanted = claim.clone();
            let claimed = self
                .write(Urgency::Background, move |connection| {
                    flow_claims::claim(connection, &wanted)
                })
                .await;
            let ClaimedFlows { flows, unreadable } = match claimed {
                Err(StoreError::Damaged(_)) => self.claim_readable_flows(claim).await?,
                claimed => claimed?,
            };
            self.tell_unreadable(&unreadable);
            Ok(flows)
        })
    }

    fn next_flow_due(&self, kinds: &[Arc<str>]) -> BoxFuture<'_, Result<Option<Timestamp>>> {
        let kinds = kinds.to_vec();
        self.readers
            .own(move |connection| flow_claims::next_due(connection, &kinds))
    }

    fn hasten_flows(&self, hasten: FlowHasten) -> BoxFuture<'_, Result<Option<Timestamp>>> {
        self.write(Urgency::Background, move |connection| {
            flow_claims::hasten(connection, &hasten)
        })
    }

    fn owned_flows(
        &self,
        owner: OwnerId,
        after: Option<FlowKey>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<FlowHold>>> {
        self.readers
            .own(move |connection| flow_rows::owned(connection, owner, after.as_ref(), limit))
    }

    fn free_flows(&self, holds: Vec<FlowHold>) -> BoxFuture<'_, Result<usize>> {
        self.write(Urgency::Waited, move |connection| {
            flow_claims::free(connection, &holds)
        })
    }

    fn action_for_step(
        &self,
        scope: &Scope,
        id: &ActionId,
    ) -> BoxFuture<'_, Result<Option<Record>>> {
        let (scope, id) = (scope.clone(), id.clone());
        self.readers
            .own(move |connection| Ok(history::find(connection, &scope, &id)?.pop()))
    }

    fn flow_for_step(&self, key: &FlowKey) -> BoxFuture<'_, Result<Option<Flow>>> {
        let key = key.clone();
        self.readers
            .own(move |connection| flow_rows::find(connection, &key))
    }

    fn flow(&self, key: &FlowKey) -> BoxFuture<'_, Result<Option<Flow>>> {
        let key = key.clone();
        self.readers
            .answers(move |connection| flow_rows::find(connection, &key))
    }

    fn flows(&self, filter: FlowFilter) -> BoxFuture<'_, Result<FlowPage>> {
        Box::pin(async move {
            let (page, unreadable) = self
                .readers
                .callers(move |connection| flow_rows::list(connection, &filter))
                .await?;
            self.tell_unreadable(&unreadable);
            Ok(page)
        })
    }

    fn count_flows(&self, filter: FlowFilter) -> BoxFuture<'_, Result<usize>> {
        self.readers
            .callers(move |connection| flow_rows::count(connection, &filter))
    }

    fn flow_counts(&self) -> BoxFuture<'_, Result<Vec<FlowCount>>> {
        self.readers.callers(flow_rows::counts)
    }
}

/// Number by which an advance makes the open rows grow.
fn opened(advanced: &Advanced) -> isize {
    let Advanced::Written {
        admitted,
        cancelled,
        ..
    } = advanced
    else {
        return 0;
    };
    let is_open = |admitted: &&Admitted| matches!(admitted, Admitted::Open { .. });
    let is_written = |settled: &&Settled| **settled == Settled::Written;
    admitted.iter().filter(is_open).count().cast_signed()
        - cancelled.iter().filter(is_written).count().cast_signed()
}

impl SqliteStore {
    /// Claims due flows one by one, past what cannot be read: an error ends a transaction, and with it what would come after.
    async fn claim_readable_flows(&self, claim: FlowClaim) -> Result<ClaimedFlows> {
        let (disk, wanted) = (Arc::clone(&self.disk), claim.clone());
        let found = self
            .readers
            .own(move |connection| flow_claims::find_readable(connection, &disk, &wanted))
            .await?;
        let claims = found.into_iter().map(|rowid| {
            let wanted = claim.clone();
            self.write(Urgency::Background, move |connection| {
                flow_claims::take(connection, &wanted, &[rowid])
            })
        });
        let (mut all, mut failed) = (ClaimedFlows::default(), None);
        // All are queued before the first is waited for, and each is: what was claimed is this process's to work on.
        for one in claims.collect::<Vec<_>>() {
            match one.await {
                Ok(one) => {
                    all.flows.extend(one.flows);
                    all.unreadable.extend(one.unreadable);
                }
                Err(StoreError::Damaged(_)) => {}
                Err(error) => drop(failed.get_or_insert(error)),
            }
        }
        failed.filter(|_| all.flows.is_empty()).map_or(Ok(all), Err)
    }

    /// Counts and logs flows that cannot be read.
    fn tell_unreadable(&self, unreadable: &[String]) {
        for why in unreadable {
            self.disk.count_damage(why);
            tracing::error!(why, "a flow is passed over");
        }
    }
}
