//! The one loop behind everything that happens later: it claims due rows and has them delivered.
//!
//! It sleeps until the next due instant or a wake-up, and looks around every few seconds all the same.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Outcome, Timestamp};
use acteon_store::{Claim, ClaimLane, NewsOf, OwnerId, Record, Settlement, StoreError};

use crate::deliver::{Job, deliver, overdue};
use crate::gateway::Inner;
use crate::lane::Lane;
use crate::lane::sharing::{hear_of_lanes, hear_of_note, recall_lanes};
use crate::record::record;

/// How often to look around without a wake-up.
const SCAN_EVERY: Duration = Duration::from_secs(5);
/// How often to look for overdue rows that nobody claims, which takes a look at every open row.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// Pause before a due row is asked for again that was not given: another holds it for now, or this process has lost its lease.
const NOT_OURS: Duration = Duration::from_millis(10);
/// Most rows of a lane in one claim.
const CLAIM_AT_MOST: usize = 256;
/// Most rows looked at to know the recent sends to each recipient.
const RECALL_AT_MOST: usize = 100_000;

pub(crate) async fn run(inner: Arc<Inner>) {
    let mut next_scan = Duration::ZERO;
    let mut next_sweep = Duration::ZERO;
    while !inner.is_stopping() {
        let work = inner.work.notified();
        tokio::pin!(work);
        work.as_mut().enable();
        if inner.clock.monotonic() >= next_scan {
            next_scan = inner.clock.monotonic() + SCAN_EVERY;
            hear_of_lanes(&inner).await;
            look_around(&inner);
        }
        if inner.clock.monotonic() >= next_sweep {
            next_sweep = inner.clock.monotonic() + SWEEP_EVERY;
            sweep_overdue(&inner).await;
        }
        let due_in = match claim_all(&inner).await {
            Ok(due_in) => due_in,
            Err(error) => {
                tracing::error!(%error, "due actions could not be claimed; trying again");
                SCAN_EVERY
            }
        };
        let pause = due_in.min(next_scan.saturating_sub(inner.clock.monotonic()));
        if !pause.is_zero() {
            tokio::select! {
                biased;
                () = work => {}
                news = inner.store.news() => hear(&inner, news).await,
                () = inner.clock.sleep(pause) => {}
            }
        }
    }
}

/// Looks at what a process left, and at no more.
async fn hear(inner: &Inner, news: NewsOf) {
    match news {
        NewsOf::Work => look_around(inner),
        NewsOf::Note(name) => hear_of_note(inner, &name).await,
        NewsOf::Anything => {
            hear_of_lanes(inner).await;
            look_around(inner);
        }
    }
}

/// Continues lanes and budgets where an earlier process stood, and shares them with those that run.
pub(crate) async fn recall(inner: &Arc<Inner>) -> Result<(), StoreError> {
    let now = inner.clock.now();
    inner.providers.share(inner.store.beats().await?.len());
    recall_lanes(inner, now).await?;
    if inner.providers.entries().any(|entry| entry.budgets.is_some()) {
        let hour_ago = now - Duration::from_hours(1);
        let mut records = inner.store.recently_done(hour_ago, RECALL_AT_MOST).await?;
        records.sort_unstable_by_key(|record| record.finished_at);
        for record in &records {
            recall_send(inner, record, now);
        }
    }
    Ok(())
}

fn recall_send(inner: &Inner, record: &Record, now: Timestamp) {
    let entry = inner.providers.get(&record.provider);
    let budgets = entry.and_then(|entry| entry.budgets.as_ref());
    if let (Some(budgets), Some(prepared), Some(at)) = (budgets, &record.prepared, record.finished_at) {
        budgets.remember(&prepared.recipients, inner.clock.monotonic(), now.since(at));
    }
}

/// What no wake-up tells of: callers who left, and lanes whose backlog was missed.
fn look_around(inner: &Inner) {
    inner.waiters.sweep();
    for lane in inner.providers.lanes() {
        lane.set_backlog(true);
    }
}

/// Rows past their time whose provider is no longer configured, so that no lane here claims them.
async fn sweep_overdue(inner: &Arc<Inner>) {
    let owner = inner.lease.owner();
    let claim = Claim { owner, now: inner.clock.now(), lane: ClaimLane::Overdue, limit: CLAIM_AT_MOST };
    match inner.store.claim(claim).await {
        Ok(records) => {
            for record in records {
                give_up(inner, record, owner);
            }
        }
        Err(error) => tracing::error!(%error, "could not look for overdue actions"),
    }
}

/// An overdue row becomes a dead letter, also when its provider is no longer configured.
fn give_up(inner: &Arc<Inner>, found: Record, owner: OwnerId) {
    let entry = inner.providers.get(&found.provider).or_else(|| inner.providers.entries().next());
    let Some(entry) = entry.cloned() else { return };
    let place = entry.lane.enter_claimed();
    let mut job = Job::claimed(found, entry, owner, place);
    let task = Arc::clone(inner);
    inner.spawn(async move {
        let end = overdue(&job, task.clock.now());
        if let Some(outcome) = record(&task, &mut job, end, false).await {
            task.waiters.tell(job.seq, &outcome);
        }
    });
}

/// Claims what every lane has room for; says how long until the next row is due.
async fn claim_all(inner: &Arc<Inner>) -> Result<Duration, StoreError> {
    let mut pause = SCAN_EVERY;
    for lane in inner.providers.lanes() {
        let reopens_in = lane.reopens_in();
        let room = lane.room();
        if room == 0 {
            pause = pause.min(reopens_in.unwrap_or(SCAN_EVERY).max(Duration::from_millis(10)));
            continue;
        }
        let limit = room.min(CLAIM_AT_MOST);
        let now = inner.clock.now();
        let owner = inner.lease.owner();
        let records = inner.store.claim(Claim { owner, now, lane: ClaimLane::Lane(Arc::clone(lane.name())), limit }).await?;
        let more = records.len() == limit;
        lane.set_backlog(more);
        for record in records {
            start(inner, record, owner, lane);
        }
        if more {
            pause = if lane.room() > 0 { Duration::ZERO } else { pause };
        } else if let Some(due) = inner.store.next_due(lane.name()).await? {
            pause = pause.min(due.since(inner.clock.now()).max(NOT_OURS));
        }
    }
    Ok(pause)
}

/// `owner` is who claimed the row: the process may have got a new lease since.
fn start(inner: &Arc<Inner>, found: Record, owner: OwnerId, lane: &Arc<Lane>) {
    let Some(entry) = inner.providers.get(&found.provider).cloned() else {
        return give_back(inner, found, owner);
    };
    let job = Job::claimed(found, entry, owner, lane.enter_claimed());
    let task = Arc::clone(inner);
    inner.spawn(async move { deliver(&task, job, None).await });
}

/// A row of a lane of ours, but of a provider that is not configured here: due again in a while, unchanged.
fn give_back(inner: &Arc<Inner>, found: Record, owner: OwnerId) {
    let inner = Arc::clone(inner);
    tokio::spawn(async move {
        let scheduled_for = inner.clock.now() + Duration::from_mins(1);
        let before = found.outcome.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let last_error = match before {
            Some(Outcome::Scheduled { last_error, .. }) => last_error,
            _ => None,
        };
        let outcome = Outcome::Scheduled { action_id: found.action.id.clone(), scheduled_for, attempts: found.attempts, last_error };
        let settlement = Settlement {
            seq: found.seq,
            owner,
            fence: found.fence,
            at: inner.clock.now(),
            attempts: found.attempts,
            rounds: found.rounds,
            takeovers: found.takeovers,
            history: found.history,
            possible_duplicate: found.possible_duplicate,
            waited_for: false,
            text: outcome.to_json(),
            outcome,
            refund: None,
        };
        if let Err(error) = inner.store.settle(settlement).await {
            tracing::error!(%error, "a claimed action could not be given back; it is taken over after this process");
        }
    });
}
