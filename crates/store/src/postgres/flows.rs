//! Flows: durable state machines, and which process works on them.

use std::sync::Arc;

use acteon_core::{BoxFuture, Timestamp};

use super::store::PostgresStore;
use crate::StoreError;
use crate::flows::{Advance, Advanced, Flow, FlowClaim, FlowCount, FlowFilter, FlowHold, FlowKey};
use crate::model::OwnerId;
use crate::store::Flows;

fn not_yet<T: Send + 'static>() -> BoxFuture<'static, Result<T, StoreError>> {
    Box::pin(async { Err(StoreError::Engine("not yet".into())) })
}

impl Flows for PostgresStore {
    fn advance(&self, _advance: Advance) -> BoxFuture<'_, Result<Advanced, StoreError>> {
        not_yet()
    }

    fn claim_flows(&self, _claim: FlowClaim) -> BoxFuture<'_, Result<Vec<Flow>, StoreError>> {
        not_yet()
    }

    fn next_flow_due(
        &self,
        _kinds: &[Arc<str>],
    ) -> BoxFuture<'_, Result<Option<Timestamp>, StoreError>> {
        not_yet()
    }

    fn owned_flows(
        &self,
        _owner: OwnerId,
        _after: Option<FlowKey>,
        _limit: usize,
    ) -> BoxFuture<'_, Result<Vec<FlowHold>, StoreError>> {
        not_yet()
    }

    fn free_flows(&self, _holds: Vec<FlowHold>) -> BoxFuture<'_, Result<usize, StoreError>> {
        not_yet()
    }

    fn flow(&self, _key: &FlowKey) -> BoxFuture<'_, Result<Option<Flow>, StoreError>> {
        not_yet()
    }

    fn flows(&self, _filter: FlowFilter) -> BoxFuture<'_, Result<Vec<Flow>, StoreError>> {
        not_yet()
    }

    fn count_flows(&self, _filter: FlowFilter) -> BoxFuture<'_, Result<usize, StoreError>> {
        not_yet()
    }

    fn flow_counts(&self) -> BoxFuture<'_, Result<Vec<FlowCount>, StoreError>> {
        not_yet()
    }
}
