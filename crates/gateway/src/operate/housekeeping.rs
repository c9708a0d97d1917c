//! Housekeeping: the journal's old end, and keys and windows whose time is over, are deleted. In
//! small steps, so that nobody waits for it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use acteon_core::limits::EVENTS_KEPT;
use acteon_core::{Scope, Timestamp, with_causes};
use acteon_store::{Cursor, EventsKept, HistoryFilter, PageRequest, StoreError, Tenants};

use crate::operate::flow_retention;
use crate::operate::retention_clock::{Moved, RetentionClock};
use crate::shared::Inner;
use crate::shared::{Gateway, RetentionPolicy};

/// Pause between two looks for what has become too old.
const EVERY: Duration = Duration::from_mins(10);
/// Time after which it begins at the oldest row again, and finds what was open or not old enough
/// when it was passed over.
const ANEW_EVERY: Duration = Duration::from_hours(24);
/// Pause between two steps of a run.
const STEP: Duration = Duration::from_millis(50);
/// Time that the clock of retention may be behind without a word: it moves in steps.
const BEHIND: Duration = Duration::from_hours(1);

/// Name of the note that keeps the retention clock.
const CLOCK_NOTE: &str = "retention:clock";

pub(crate) async fn run(inner: Arc<Inner>) {
    let mut housekeeper = None;
    while !inner.is_stopping() {
        if let Err(error) = keep_house(&inner, &mut housekeeper).await {
            inner.could_not(
                "what is kept no longer could not be deleted; it is tried again in a while",
                &error,
            );
        }
        if !inner.sleep(EVERY).await {
            return;
        }
    }
}

async fn keep_house(
    inner: &Arc<Inner>,
    housekeeper: &mut Option<Housekeeper>,
) -> Result<(), StoreError> {
    let known = match housekeeper.take() {
        Some(known) => known,
        None => Housekeeper::begin(inner).await?,
    };
    housekeeper.insert(known).forget(inner).await
}

/// Housekeeper: what is remembered from one run to the next.
struct Housekeeper {
    clock: RetentionClock,
    /// Position where the last run ended, by the time for which rows are kept.
    ended: BTreeMap<Duration, Cursor>,
    began: Duration,
    said_behind: Option<Duration>,
}

impl Housekeeper {
    async fn begin(inner: &Inner) -> Result<Self, StoreError> {
        let (wall, monotonic) = (inner.clock.now(), inner.clock.monotonic());
        let kept = kept_clock(inner).await?;
        let newest = if kept.is_none() {
            newest_row(inner).await?
        } else {
            None
        };
        let clock = RetentionClock::new(kept, newest, wall, monotonic);
        Ok(Self {
            clock,
            ended: BTreeMap::new(),
            began: monotonic,
            said_behind: None,
        })
    }

    async fn forget(&mut self, inner: &Arc<Inner>) -> Result<(), StoreError> {
        let kept = kept_clock(inner).await?;
        let monotonic = inner.clock.monotonic();
        let moved = self.clock.follow(kept, inner.clock.now(), monotonic);
        if kept != Some(moved.keep) {
            let text = moved.keep.as_millis().to_string();
            inner
                .store
                .put_note(CLOCK_NOTE, &text, Timestamp::from_millis(i64::MAX))
                .await?;
        }
        self.say_behind(moved, monotonic);
        if monotonic.saturating_sub(self.began) >= ANEW_EVERY {
            self.began = monotonic;
            self.ended.clear();
        }
        match sweep(inner, moved.now).await {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            // The journal is pruned all the same: a sweep that fails again and again would keep it for ever.
            Err(error) => inner.could_not("keys and windows that are over could not all be deleted; it is tried again in a while", &error),
        }
        if let Err(error) = prune_events(inner, moved.now).await {
            // The journal is pruned all the same here too.
            inner.could_not(
                "old events could not all be deleted; it is tried again in a while",
                &error,
            );
        }
        let gateway = Gateway {
            inner: Arc::clone(inner),
        };
        if let Err(error) = gateway
            .forget_silences(moved.now - inner.options.retention.default)
            .await
        {
            tracing::warn!(error = %with_causes(&error), "old silences could not be deleted");
        }
        match flow_retention::forget(inner, moved.now).await {
            Ok(0) => {}
            Ok(deleted) => {
                tracing::info!(deleted, as_of = %moved.now, "executions of chains and approvals that are kept no longer were deleted");
            }
            Err(error) => inner.could_not(
                "old executions of chains and approvals could not all be deleted; it is tried again in a while",
                &error,
            ),
        }
        let mut deleted = 0;
        for (keep, of) in by_duration(&inner.options.retention) {
            deleted += self.prune(inner, keep, of, moved.now).await?;
        }
        if deleted > 0 {
            tracing::info!(deleted, as_of = %moved.now, "actions that are kept no longer were deleted");
        }
        inner.observer.retention(deleted, moved.behind);
        Ok(())
    }

    /// Says that the clock of retention is behind, once a day.
    fn say_behind(&mut self, moved: Moved, monotonic: Duration) {
        let due = self
            .said_behind
            .is_none_or(|said| monotonic.saturating_sub(said) >= ANEW_EVERY);
        if moved.behind > BEHIND && due {
            self.said_behind = Some(monotonic);
            tracing::warn!(
                retention_goes_by = %moved.now,
                behind_hours = moved.behind.as_secs() / 3600,
                "the clock of this machine is ahead of the time that was seen to pass: the gateway was stopped for long, or the clock is \
                 wrong; retention follows it slowly"
            );
        }
    }

    /// Deletes what is kept for so long, and says how many actions it was.
    async fn prune(
        &mut self,
        inner: &Inner,
        keep: Duration,
        of: Tenants,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let range = acteon_store::Retention {
            before: now - keep,
            of,
        };
        let mut deleted = 0;
        loop {
            let pruned = inner
                .store
                .prune(range.clone(), self.ended.get(&keep).copied())
                .await?;
            deleted += pruned.deleted;
            if let Some(last) = pruned.last {
                self.ended.insert(keep, last);
            }
            if pruned.next.is_none() || !inner.sleep(STEP).await {
                return Ok(deleted);
            }
        }
    }
}

/// Forgets keys, counters and notes that are over; `false` when the gateway stops meanwhile.
async fn sweep(inner: &Inner, now: Timestamp) -> Result<bool, StoreError> {
    let mut next = inner.store.sweep(now, None).await?;
    while let Some(cursor) = next {
        if !inner.sleep(STEP).await {
            return Ok(false);
        }
        next = inner.store.sweep(now, Some(cursor)).await?;
    }
    Ok(true)
}

/// Deletes the events that are kept no longer. Those that are a day ahead of the clock were written while it was wrong, and would be in the way for as long.
async fn prune_events(inner: &Inner, now: Timestamp) -> Result<(), StoreError> {
    let kept = EventsKept {
        from: now - EVENTS_KEPT,
        to: inner.clock.now() + EVENTS_KEPT,
    };
    while inner.store.prune_events(kept).await? > 0 {
        if !inner.sleep(STEP).await {
            break;
        }
    }
    Ok(())
}

/// Tenants by the time for which their actions are kept, each time once.
fn by_duration(retention: &RetentionPolicy) -> Vec<(Duration, Tenants)> {
    let mut named: BTreeMap<Duration, Vec<String>> = BTreeMap::new();
    for (tenant, duration) in retention
        .tenants
        .iter()
        .filter(|(_, duration)| *duration != retention.default)
    {
        named.entry(*duration).or_default().push(tenant.clone());
    }
    let others = Tenants::AllBut(named.values().flatten().cloned().collect());
    let named = named
        .into_iter()
        .map(|(duration, tenants)| (duration, Tenants::Only(tenants)));
    std::iter::once((retention.default, others))
        .chain(named)
        .collect()
}

async fn kept_clock(inner: &Inner) -> Result<Option<Timestamp>, StoreError> {
    let note = inner.store.note(CLOCK_NOTE, inner.clock.now()).await?;
    Ok(note
        .and_then(|text| text.parse().ok())
        .map(Timestamp::from_millis))
}

async fn newest_row(inner: &Inner) -> Result<Option<Timestamp>, StoreError> {
    let newest = PageRequest {
        after: None,
        offset: 0,
        limit: 1,
        count: false,
    };
    let page = inner
        .store
        .history(HistoryFilter::of(Scope::everything()), newest)
        .await?;
    Ok(page.records.first().map(|record| record.accepted_at))
}
