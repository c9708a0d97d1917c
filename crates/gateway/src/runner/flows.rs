//! Flows that are due: claimed by kind, and stepped, some at a time.
//!
//! Nothing polls a flow and nothing sleeps for one: those that wait are rows, and this loop sleeps until the next is due.

use std::sync::Arc;
use std::time::Duration;

use acteon_store::{FlowClaim, StoreError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::flows::step::step;
use crate::shared::Inner;

/// Pause after which due flows are looked for without a wake-up.
const SCAN_EVERY: Duration = Duration::from_secs(5);
/// Pause before due flows are asked for again where there were more than room.
const MORE: Duration = Duration::from_millis(1);
/// Pause before a due flow is asked for again that was not given: it cannot be read, or this process has lost its lease.
const NOT_GIVEN: Duration = Duration::from_millis(500);
/// Flows that are stepped at a time: enough for their commits to go together, few enough that callers' commits do not wait for them.
const MOST_AT_A_TIME: usize = 64;

/// Claims and steps what is due, until a stop begins.
pub(crate) async fn run(inner: Arc<Inner>) {
    let permits = Arc::new(Semaphore::new(MOST_AT_A_TIME));
    while !inner.is_releasing() {
        let work = inner.flow_work.notified();
        tokio::pin!(work);
        work.as_mut().enable();
        let pause = match claim_due(&inner, &permits).await {
            Ok(pause) => pause,
            Err(error) => {
                inner.could_not("due flows could not be claimed; trying again", &error);
                SCAN_EVERY
            }
        };
        tokio::select! {
            biased;
            () = inner.until_released() => {}
            () = work => {}
            () = inner.clock.sleep(pause) => {}
        }
    }
}

/// Claims as many due flows as there is room for; says how long until the next is due.
async fn claim_due(inner: &Arc<Inner>, permits: &Arc<Semaphore>) -> Result<Duration, StoreError> {
    let mut room = Vec::new();
    while let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
        room.push(permit);
    }
    if room.is_empty() {
        // Each step that ends wakes this loop.
        return Ok(SCAN_EVERY);
    }
    let kinds = inner.options.flows.names();
    let taking = inner.held_flows.take();
    let claimed = inner
        .store
        .claim_flows(FlowClaim {
            owner: inner.lease.owner(),
            now: inner.due.now(),
            kinds: kinds.clone(),
            limit: room.len(),
        })
        .await?;
    let least = if claimed.is_empty() { NOT_GIVEN } else { MORE };
    for (flow, permit) in claimed.into_iter().zip(room) {
        let holding = taking.hold(flow.key.clone());
        let task = Arc::clone(inner);
        inner.spawn(async move {
            step(&task, flow).await;
            drop(holding);
            finished(&task, permit);
        });
    }
    drop(taking);
    let next = inner.store.next_flow_due(&kinds).await?;
    let until = |due: acteon_core::Timestamp| due.since(inner.due.now()).max(least);
    Ok(next.map_or(SCAN_EVERY, until).min(SCAN_EVERY))
}

/// Gives the room of a step to another.
fn finished(inner: &Inner, permit: OwnedSemaphorePermit) {
    drop(permit);
    inner.flow_work.notify_one();
}
