//! Dispatch of an action, seen from its caller: accept it in a task of its own, and wait for the
//! reply.
//!
//! The task goes on when the caller leaves; see [`crate::admit::accept`] for what it does.

use std::sync::Arc;

use acteon_core::limits::MAX_WAIT;
use acteon_core::{Action, Caller, Origin, Requesters};
use acteon_store::StoreError;

use crate::admit::accept::accept;
use crate::admit::answer::{DispatchAnswer, DispatchError, Wait};
use crate::admit::batch::{BatchItem, InOrder};
use crate::admit::reply::{ActionKey, AwaitedReply, so_far};
use crate::admit::request::DispatchRequest;
use crate::shared::Gateway;

impl Gateway {
    /// Accepts an action, works on it, and answers with its outcome, or with `Scheduled` when the wait is over before.
    ///
    /// The work goes on when the returned future is dropped.
    pub async fn dispatch(
        &self,
        action: Action,
        origin: Origin,
        caller: Caller,
        wait: Wait,
    ) -> Result<DispatchAnswer, DispatchError> {
        self.dispatch_request(
            DispatchRequest {
                requester: Requesters::of(&caller),
                action,
                origin,
                caller,
                letter: None,
                possible_duplicate: false,
            },
            wait,
        )
        .await
    }

    /// Dispatches an item of a batch, which yields to actions that were sent alone: it waits for one of the batches' permits before the commit.
    /// It is admitted, and asks for its turn to be sent, after the items before it.
    pub async fn dispatch_of_batch(
        &self,
        action: Action,
        caller: Caller,
        wait: Wait,
        InOrder {
            mut admission,
            line,
        }: InOrder,
    ) -> Result<DispatchAnswer, DispatchError> {
        let in_turn = async {
            admission.reached().await;
            Arc::clone(&self.inner.batch_permits).acquire_owned().await
        };
        let permit = tokio::select! {
            biased;
            permit = tokio::time::timeout(MAX_WAIT, in_turn) => permit,
            () = self.inner.until_stalled() => return Err(DispatchError::StoreSlow),
        };
        let Ok(Ok(permit)) = permit else {
            return Err(StoreError::Busy.into());
        };
        let request = DispatchRequest {
            requester: Requesters::of(&caller),
            action,
            origin: Origin::Api,
            caller,
            letter: None,
            possible_duplicate: false,
        };
        let batch = BatchItem {
            entering: Some((permit, admission)),
            line: Some(line),
        };
        self.dispatch_in_turn(request, wait, batch).await
    }

    pub(crate) async fn dispatch_request(
        &self,
        request: DispatchRequest,
        wait: Wait,
    ) -> Result<DispatchAnswer, DispatchError> {
        self.dispatch_in_turn(request, wait, BatchItem::default())
            .await
    }

    async fn dispatch_in_turn(
        &self,
        request: DispatchRequest,
        wait: Wait,
        batch: BatchItem,
    ) -> Result<DispatchAnswer, DispatchError> {
        let inner = &self.inner;
        if inner.is_stopping() {
            return Err(DispatchError::Stopping);
        }
        // What was asked for under this id before may be on its way to the disk.
        if inner.is_stalled() {
            return Err(DispatchError::StoreSlow);
        }
        let key = ActionKey {
            namespace: request.action.namespace.clone(),
            tenant: request.action.tenant.clone(),
            id: request.action.id.clone(),
        };
        let (mut awaited, reply) = AwaitedReply::channel(inner, wait, batch);
        inner.spawn(accept(Arc::clone(inner), request, reply));
        let received = awaited.receive(wait.limit()).await;
        match (received, awaited.action.get()) {
            (Some(reply), _) => reply.map(answer),
            (None, Some(action)) => Ok(answer(so_far(inner, &key, action).await)),
            // Nobody is left who could say whether it was stored.
            (None, None) => Err(DispatchError::StoreSlow),
        }
    }
}

fn answer(outcome: Arc<str>) -> DispatchAnswer {
    let pending = outcome.starts_with(r#"{"Scheduled""#);
    DispatchAnswer { outcome, pending }
}

#[cfg(test)]
mod tests;
