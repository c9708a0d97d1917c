//! Flows: durable state machines, and which process works on them.

mod changes;
mod claims;
mod holds;
mod look;
pub(super) mod row;

use std::sync::Arc;

use acteon_core::limits::MAX_COMMIT_QUEUE;
use acteon_core::{ActionId, BoxFuture, Scope, Timestamp};

use super::advance::Advancing;
use super::calls;
use super::connect::{Conn, in_time};
use super::error::Failure;
use super::history;
use super::store::PostgresStore;
use crate::StoreError;
use crate::flows::{
    Advance, Advanced, Flow, FlowClaim, FlowCount, FlowFilter, FlowHasten, FlowHold, FlowKey,
    FlowPage,
};
use crate::model::{OwnerId, Record};
use crate::store::Flows;

pub(super) use self::changes::{FlowChanges, FlowStatements};
pub(super) use self::holds::{retire, take_over};

impl Flows for PostgresStore {
    fn advance(&self, advance: Advance) -> BoxFuture<'_, Result<Advanced, StoreError>> {
        if self.advances.len() > MAX_COMMIT_QUEUE {
            return Box::pin(async { Err(StoreError::Busy) });
        }
        match Advancing::new(advance, &self.positions, &self.optimism, &self.queue_bytes) {
            Ok(advancing) => self.advances.send(advancing),
            Err(error) => Box::pin(async { Err(error) }),
        }
    }

    fn claim_flows(&self, claim: FlowClaim) -> BoxFuture<'_, Result<Vec<Flow>, StoreError>> {
        Box::pin(self.claim_due_flows(claim))
    }

    fn next_flow_due(
        &self,
        kinds: &[Arc<str>],
    ) -> BoxFuture<'_, Result<Option<Timestamp>, StoreError>> {
        let kinds = kinds.to_vec();
        Box::pin(async move { call!(self.claiming, conn => claims::next_due(conn, &kinds)) })
    }

    fn hasten_flows(
        &self,
        hasten: FlowHasten,
    ) -> BoxFuture<'_, Result<Option<Timestamp>, StoreError>> {
        Box::pin(async move { call!(self.own, conn => holds::hasten(conn, &hasten)) })
    }

    fn owned_flows(
        &self,
        owner: OwnerId,
        after: Option<FlowKey>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<FlowHold>, StoreError>> {
        Box::pin(async move {
            call!(self.own, conn => holds::owned(conn, owner, after.as_ref(), limit))
        })
    }

    fn free_flows(&self, holds: Vec<FlowHold>) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(async move { call!(self.own, conn => holds::free(conn, &holds)) })
    }

    fn action_for_step(
        &self,
        scope: &Scope,
        id: &ActionId,
    ) -> BoxFuture<'_, Result<Option<Record>, StoreError>> {
        let (scope, id) = (scope.clone(), id.clone());
        Box::pin(async move {
            let mut found = call!(self.own, conn => history::find(conn, &scope, &id))?;
            Ok(found.pop())
        })
    }

    fn flow_for_step(&self, key: &FlowKey) -> BoxFuture<'_, Result<Option<Flow>, StoreError>> {
        let key = key.clone();
        Box::pin(async move { call!(self.own, conn => look::get(conn, &key)) })
    }

    fn flow(&self, key: &FlowKey) -> BoxFuture<'_, Result<Option<Flow>, StoreError>> {
        let key = key.clone();
        Box::pin(async move { call!(self.pool, conn => look::get(conn, &key)) })
    }

    fn flows(&self, filter: FlowFilter) -> BoxFuture<'_, Result<FlowPage, StoreError>> {
        Box::pin(async move { call!(self.pool, conn => look::list(conn, &filter)) })
    }

    fn count_flows(&self, filter: FlowFilter) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(async move { call!(self.pool, conn => look::count(conn, &filter)) })
    }

    fn flow_counts(&self) -> BoxFuture<'_, Result<Vec<FlowCount>, StoreError>> {
        Box::pin(async move { call!(self.pool, conn => look::counts(conn)) })
    }
}
