//! `/v1/subscribe/chain/{id}`: what happens in an execution of a chain, to its end.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use acteon_core::Scope;
use acteon_gateway::{ChainSubscription, Execution, StreamEvent, Told};
use acteon_store::EventKind;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use tokio::time::timeout;

use crate::http::error::Refusal;
use crate::http::extract::caller::MayRead;
use crate::http::extract::path::Path;
use crate::http::extract::query::Query;
use crate::http::routes::stream::{History, SubscriptionQuery};
use crate::http::sse::{Frames, Reading, answer, frame, ping, subscription_end, told};
use crate::http::state::AppState;

/// Longest that a ping waits for the store.
const LOOK_UP: Duration = Duration::from_secs(5);

pub(in crate::http) async fn follow(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query((asked, History(with_history))): Query<SubscriptionQuery>,
) -> Result<Response, Refusal> {
    let scope = asked.of(&caller);
    let place = state.streams.take(&caller, scope.tenant.as_ref())?;
    // It is followed before it is looked up, so that nothing is missed in between.
    let subscription = state.gateway.subscribe_to_chain(scope.clone(), &id).await?;
    let found = state.gateway.chain(&scope, &id).await?;
    let mut one = OneChain {
        state: Arc::clone(&state),
        scope,
        id,
        told: HashSet::new(),
        ready: VecDeque::new(),
        subscription: Some(subscription),
    };
    one.tell_so_far(&found, with_history);
    Ok(answer(Reading {
        frames: one,
        state,
        caller,
        place,
    }))
}

/// What is told of one execution.
struct OneChain {
    state: Arc<AppState>,
    scope: Scope,
    id: String,
    /// Ids, within the execution, of what was told, or is not to be told.
    told: HashSet<String>,
    ready: VecDeque<Bytes>,
    /// What is yet to come; `None` once the execution is over.
    subscription: Option<ChainSubscription>,
}

/// Id of an event within its execution.
#[derive(Deserialize)]
struct Within {
    event_id: String,
}

impl OneChain {
    /// Tells what happened so far and was not told; where it `is_told` not, only that it is over.
    fn tell_so_far(&mut self, found: &Execution, is_told: bool) {
        let Some(subscription) = &self.subscription else {
            return;
        };
        for event in subscription.so_far(found) {
            self.tell(&event, is_told);
        }
    }

    /// Tells an event, once, and ends with that of the execution's end.
    fn tell(&mut self, event: &StreamEvent, is_told: bool) {
        let within = serde_json::from_str::<Within>(&event.data);
        let is_new = match within {
            Ok(Within { event_id }) => self.told.insert(event_id),
            // Actions, and approvals, have none.
            Err(_) => true,
        };
        if is_new && is_told {
            self.ready.push_back(frame(event));
        }
        let is_own = event.flow() == Some(&*self.id);
        if event.kind == EventKind::ChainCompleted && is_own && self.subscription.is_some() {
            self.ready.push_back(subscription_end("chain_id", &self.id));
            self.subscription = None;
        }
    }
}

impl Frames for OneChain {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            let next = self.subscription.as_mut()?.next().await?;
            self.state.metrics.told(&next);
            match &next {
                Told::Event(event) => self.tell(event, true),
                Told::Lagged(_) => self.ready.push_back(told(&next)),
            }
        }
    }

    /// Looks the execution up: events may wait for others' transactions, and it does not.
    async fn ping(&mut self) -> Bytes {
        let found = self.state.gateway.chain(&self.scope, &self.id);
        if let Ok(Ok(found)) = timeout(LOOK_UP, found).await
            && found.body.status.is_over()
        {
            self.tell_so_far(&found, true);
        }
        self.ready.pop_front().unwrap_or_else(|| ping(None))
    }
}
