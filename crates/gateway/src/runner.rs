//! Runner: the only loop that claims actions. It sleeps until the next row is due or a wake-up comes,
//! claims what is due, and has it delivered. Flows have a loop of their own beside it (`flows.rs`).
//!
//! Every few seconds it looks all the same, so that a wake-up that got lost delays a row and never
//! keeps it.

use std::sync::Arc;
use std::time::Duration;

use acteon_store::Wakeup;

use crate::deliver::repair;
use crate::lane::sharing::{load_lane_notes, load_note};
use crate::shared::Inner;

mod claim;
pub(crate) mod clock_steps;
mod due;
pub(crate) mod flows;
mod overdue;
pub(crate) mod recall;

/// Pause after which every lane is looked at without a wake-up.
const SCAN_EVERY: Duration = Duration::from_secs(5);

/// Claims and has delivered what is due, until a stop begins.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut next_scan = Duration::ZERO;
    let mut next_sweep = Duration::ZERO;
    let mut next_look = inner.clock.monotonic() + repair::LOOK_EVERY;
    while !inner.is_releasing() {
        // Registered before anything is looked for: what comes while this looks wakes it from the sleep that follows.
        let work = inner.work.notified();
        tokio::pin!(work);
        work.as_mut().enable();
        if inner.clock.monotonic() >= next_scan {
            next_scan = inner.clock.monotonic() + SCAN_EVERY;
            load_lane_notes(&inner).await;
            rescan(&inner);
        }
        if inner.clock.monotonic() >= next_sweep {
            next_sweep = overdue::sweep(&inner).await;
        }
        if inner.clock.monotonic() >= next_look {
            next_look = inner.clock.monotonic() + repair::LOOK_EVERY;
            repair::look(&inner);
        }
        let due_in = match due::claim_due(&inner, SCAN_EVERY).await {
            Ok(due_in) => due_in,
            Err(error) => {
                inner.could_not("due actions could not be claimed; trying again", &error);
                SCAN_EVERY
            }
        };
        let pause = due_in.min(
            next_scan
                .min(next_sweep)
                .saturating_sub(inner.clock.monotonic()),
        );
        if !pause.is_zero() {
            tokio::select! {
                biased;
                () = work => {}
                wakeup = inner.store.wakeups() => handle_wakeup(&inner, wakeup).await,
                () = inner.clock.sleep(pause) => {}
            }
        }
    }
}

/// Looks at what another gateway says that has changed, and at no more.
async fn handle_wakeup(inner: &Arc<Inner>, wakeup: Wakeup) {
    match wakeup {
        Wakeup::Work => {
            rescan(inner);
            inner.flow_work.notify_one();
        }
        Wakeup::Note(name) => load_note(inner, &name).await,
        Wakeup::Anything => {
            load_lane_notes(inner).await;
            rescan(inner);
            inner.flow_work.notify_one();
        }
    }
}

/// Has every lane look for rows in the store, also those that no wake-up named.
fn rescan(inner: &Inner) {
    for lane in inner.providers.lanes() {
        lane.set_backlog(true);
    }
}
