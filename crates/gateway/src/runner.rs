//! The one loop behind everything that happens later: it claims due rows and has them delivered.
//!
//! It sleeps until the next due instant or a wake-up, and looks around every few seconds all the same.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use acteon_core::ProviderName;
use acteon_store::{
    Claim, ClaimRows, Claimed, Cursor, Hold, NewsOf, RecentSend, Record, Room, Seq, StoreError,
};
use tokio::sync::oneshot;

use crate::cluster::held::Holding;
use crate::deliver::age::overdue;
use crate::deliver::breaker::Calls;
use crate::deliver::budget::COUNTS_FOR;
use crate::deliver::durable_retry::deliver;
use crate::deliver::end::put_off;
use crate::deliver::job::Job;
use crate::deliver::record::{end_unconfigured, end_unreadable, record};
use crate::deliver::repair;
use crate::lane::Lane;
use crate::lane::sharing::{load_lane_notes, load_note, recall_lanes};
use crate::lane::{Place, RowRoom};
use crate::memory::{READ_ROWS, size_of};
use crate::registry::Entry;
use crate::shared::Inner;

/// How often to look around without a wake-up.
const SCAN_EVERY: Duration = Duration::from_secs(5);
/// How often to look for overdue rows that nobody claims, which takes a look at every open row.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// Pause before a due row is asked for again that was not given: another holds it for now, or this process has lost its lease.
const NOT_OURS: Duration = Duration::from_millis(10);
/// Pause after a row was claimed as a trial: by then it is one.
const TRIAL_BEGINS_WITHIN: Duration = Duration::from_millis(500);
/// Most rows of a lane in one claim.
const CLAIM_AT_MOST: usize = 256;
/// Rows of one claim, divided among the lanes that have room: one commit, short enough that nobody waits for it.
const CLAIM_ALTOGETHER: usize = 2048;
/// Most overdue rows in one claim: each may have a request of a megabyte, and all are in memory until their ends are written; and the pause
/// before more are looked for, in which that is done.
const SWEEP_AT_MOST: usize = 16;
const SWEEP_AGAIN: Duration = Duration::from_millis(100);
/// Pause between tries to give claimed rows back.
const GIVE_BACK_EVERY: Duration = Duration::from_millis(500);
/// Longest that a start waits for the look at recent sends, and the pause before it is tried again.
const RECALL_PATIENCE: Duration = Duration::from_secs(3);
const RECALL_AGAIN: Duration = Duration::from_secs(2);
/// Most rows looked at to know the recent sends to each recipient.
const RECALL_AT_MOST: usize = 100_000;
/// Rows of a page of them.
const RECALL_AT_ONCE: usize = 500;

pub(crate) async fn run(inner: Arc<Inner>) {
    let mut next_scan = Duration::ZERO;
    let mut next_sweep = Duration::ZERO;
    let mut next_look = inner.clock.monotonic() + repair::LOOK_EVERY;
    while !inner.is_releasing() {
        let work = inner.work.notified();
        tokio::pin!(work);
        work.as_mut().enable();
        if inner.clock.monotonic() >= next_scan {
            next_scan = inner.clock.monotonic() + SCAN_EVERY;
            load_lane_notes(&inner).await;
            rescan(&inner);
        }
        if inner.clock.monotonic() >= next_sweep {
            next_sweep = inner.clock.monotonic() + SWEEP_EVERY;
            if sweep_overdue(&inner).await {
                next_sweep = inner.clock.monotonic() + SWEEP_AGAIN;
            }
        }
        if inner.clock.monotonic() >= next_look {
            next_look = inner.clock.monotonic() + repair::LOOK_EVERY;
            repair::look(&inner);
        }
        let due_in = match claim_all(&inner).await {
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
                news = inner.store.news() => handle_wakeup(&inner, news).await,
                () = inner.clock.sleep(pause) => {}
            }
        }
    }
}

/// Looks at what a process left, and at no more.
async fn handle_wakeup(inner: &Arc<Inner>, news: NewsOf) {
    match news {
        NewsOf::Work => rescan(inner),
        NewsOf::Note(name) => load_note(inner, &name).await,
        NewsOf::Anything => {
            load_lane_notes(inner).await;
            rescan(inner);
        }
    }
}

/// Continues lanes where an earlier process stood, and shares them with those that run.
pub(crate) async fn recall(inner: &Arc<Inner>) -> Result<(), StoreError> {
    let now = inner.clock.now();
    inner.providers.share(inner.store.beats().await?.len());
    recall_lanes(inner, now).await?;
    repair::recall(inner).await
}

/// Continues budgets where an earlier process stood: waits for the look at its sends, but not for long. Where that fails or takes long, the
/// gateway starts all the same, and what has a budget is put off until the look has succeeded, or what it would find is over.
pub(crate) async fn recall_budgets(inner: &Arc<Inner>) {
    if inner.providers.budgets().next().is_none() {
        return;
    }
    for budgets in inner.providers.budgets() {
        budgets.close();
    }
    let (looked, first) = oneshot::channel();
    let task = Arc::clone(inner);
    inner.spawn(async move {
        // What is sent once the budgets open by themselves is counted then; a look that succeeded later would count it twice.
        tokio::select! {
            biased;
            () = task.until_released() => {}
            () = task.clock.sleep(COUNTS_FOR) => {}
            () = recall_sends(&task, looked) => {}
        }
    });
    tokio::select! {
        biased;
        _ = first => {}
        () = inner.clock.sleep(RECALL_PATIENCE) => {
            tracing::warn!("what was sent in the last hour is still being looked up; until then what has a budget is put off");
        }
    }
}

/// Counts recent sends for budgets, and opens these. `looked` is dropped when that is done, or failed for the first time.
async fn recall_sends(inner: &Inner, looked: oneshot::Sender<()>) {
    let mut looked = Some(looked);
    let mut before = None;
    let mut pages = 0;
    while pages < RECALL_AT_MOST / RECALL_AT_ONCE {
        match recall_page(inner, before).await {
            Ok(Some(next)) => before = Some(next),
            Ok(None) => break,
            // The pages before are counted; it goes on with this one.
            Err(error) => {
                tracing::warn!(%error, "what was sent in the last hour could not be looked up; until then what has a budget is put off");
                drop(looked.take());
                inner.clock.sleep(RECALL_AGAIN).await;
                continue;
            }
        }
        pages += 1;
    }
    for budgets in inner.providers.budgets() {
        budgets.open();
    }
    inner.work.notify_one();
}

/// Counts a page of recent sends, each of which names up to a thousand recipients, and says where the next begins.
async fn recall_page(inner: &Inner, before: Option<Cursor>) -> Result<Option<Cursor>, StoreError> {
    let hour_ago = inner.clock.now() - Duration::from_hours(1);
    let page = inner
        .store
        .recent_sends(hour_ago, before, RECALL_AT_ONCE)
        .await?;
    // Only now, since the answer may have taken long.
    let now = inner.clock.now();
    for RecentSend {
        provider,
        recipients,
        finished_at,
    } in &page.sends
    {
        let budgets = inner
            .providers
            .get(provider)
            .and_then(|entry| entry.budgets.as_ref());
        // What lies ahead was sent before the clock was set back, nobody knows when.
        if let Some(budgets) = budgets.filter(|_| *finished_at <= now) {
            budgets.remember(recipients, inner.clock.monotonic(), now.since(*finished_at));
        }
    }
    Ok(page.next)
}

/// What no wake-up tells of: lanes whose backlog was missed.
fn rescan(inner: &Inner) {
    for lane in inner.providers.lanes() {
        lane.set_backlog(true);
    }
}

/// Rows past their time that nobody here claims: their provider is no longer configured, or left alone. Says whether there may be more.
async fn sweep_overdue(inner: &Arc<Inner>) -> bool {
    let overdue = ClaimRows::Overdue {
        limit: SWEEP_AT_MOST,
    };
    match claim(inner, overdue, |_| SWEEP_AT_MOST, give_up).await {
        Ok(counts) => counts.iter().sum::<usize>() >= SWEEP_AT_MOST,
        Err(error) => {
            inner.could_not("could not look for overdue actions; trying again", &error);
            false
        }
    }
}

/// An overdue row becomes a dead letter, also when its provider is no longer configured. A clock that was set back since has what its caller said
/// expires at an instant wait for that instant: it goes on as it was, or, where nobody here sends it, is looked at again.
fn give_up(inner: &Arc<Inner>, found: Record, holding: Holding) {
    let task = Arc::clone(inner);
    let Some(entry) = inner.providers.get(&found.provider).cloned() else {
        return inner
            .spawn(async move { end_unconfigured(&task, found, holding, SWEEP_EVERY).await });
    };
    let (now, due_again) = (inner.due.now(), found.due_at);
    let place = place_of(&entry, &found);
    let mut job = Job::claimed(found, entry, holding, place);
    inner.spawn(async move {
        let end =
            overdue(&task, &job).unwrap_or_else(|| put_off(&task, &job, due_again.since(now)));
        if let Some(outcome) = record(&task, &mut job, end, false).await {
            task.waiters.reply(job.seq(), &outcome);
        }
    });
}

/// Rows that may be claimed of some providers of a lane.
struct LaneRoom<'a> {
    lane: &'a Arc<Lane>,
    providers: Vec<ProviderName>,
    room: RowRoom,
    /// Whether it is one row, to try a provider that was left alone.
    is_trial: bool,
}

/// What a lane with so much room may claim: for providers that are tried after a failure one row each, and for those that are left alone none;
/// `pause` is at most what these have to wait. Where nothing goes on by itself, what was claimed hears of the breaker at once.
fn rooms_of<'a>(
    inner: &Inner,
    lane: &'a Arc<Lane>,
    providers: &[ProviderName],
    room: RowRoom,
    pause: &mut Duration,
) -> Vec<LaneRoom<'a>> {
    let mut rooms = Vec::new();
    let mut free = Vec::new();
    for name in providers {
        let breaker = inner
            .providers
            .get(name)
            .and_then(|entry| entry.breaker.as_ref())
            .filter(|_| inner.options.retry.durable);
        match breaker.map_or(Calls::All, |breaker| breaker.calls(inner.clock.monotonic())) {
            Calls::All => free.push(name.clone()),
            Calls::One => {
                let room = RowRoom {
                    all: 1,
                    more_high: 0,
                };
                rooms.push(LaneRoom {
                    lane,
                    providers: vec![name.clone()],
                    room,
                    is_trial: true,
                });
            }
            // They go on through its fallback.
            Calls::None(_)
                if inner
                    .providers
                    .get(name)
                    .is_some_and(|entry| entry.is_gone_around(inner.clock.monotonic())) =>
            {
                free.push(name.clone());
            }
            Calls::None(wait) => *pause = wait.max(NOT_OURS).min(*pause),
        }
    }
    if !free.is_empty() {
        rooms.push(LaneRoom {
            lane,
            providers: free,
            room,
            is_trial: false,
        });
    }
    rooms
}

/// Claims what all lanes have room for; says how long until the next row is due.
async fn claim_all(inner: &Arc<Inner>) -> Result<Duration, StoreError> {
    let mut pause = SCAN_EVERY;
    let mut open = Vec::new();
    for (lane, providers) in inner.providers.lanes_with_providers() {
        let reopens_in = lane.reopens_in();
        match lane.room() {
            room if room == RowRoom::default() => {
                pause = pause.min(reopens_in.unwrap_or(SCAN_EVERY).max(NOT_OURS));
            }
            room => open.extend(rooms_of(inner, lane, providers, room, &mut pause)),
        }
    }
    if open.is_empty() {
        return Ok(pause);
    }
    let share = (CLAIM_ALTOGETHER / open.len()).clamp(1, CLAIM_AT_MOST);
    let asked = |LaneRoom {
                     lane,
                     providers,
                     room,
                     ..
                 }: &LaneRoom<'_>| Room {
        providers: providers.clone(),
        limit: share.min(room.all),
        more_high: share.min(room.more_high),
        turn: lane.claimed(),
    };
    let rooms: Vec<Room> = open.iter().map(asked).collect();
    let asked: Vec<RowRoom> = rooms
        .iter()
        .map(|room| RowRoom {
            all: room.limit,
            more_high: room.more_high,
        })
        .collect();
    let at_once = |room: usize| open.get(room).map_or(0, |room| room.lane.rows_at_once());
    let counts = claim(inner, ClaimRows::Due(rooms), at_once, start).await?;
    let mut waiting = Vec::new();
    for (
        (
            LaneRoom {
                lane,
                providers,
                is_trial,
                ..
            },
            asked,
        ),
        count,
    ) in open.iter().zip(asked).zip(counts)
    {
        let is_full = count == asked.all + asked.more_high;
        if *is_trial {
            lane.count_claimed(count);
            // The end of the trial wakes the runner.
            pause = if is_full {
                pause.min(TRIAL_BEGINS_WITHIN)
            } else {
                pause
            };
        } else {
            lane.note_claim(asked, count);
        }
        if is_full && !is_trial && lane.room() != RowRoom::default() {
            pause = Duration::ZERO;
        } else if count < asked.all {
            waiting.extend_from_slice(providers);
        }
    }
    if let Some(due) = inner.store.next_due(&waiting).await? {
        pause = pause.min(due.since(inner.due.now()).max(NOT_OURS));
    }
    Ok(pause)
}

/// Claims rows and passes each on; says how many for each room. `at_once` says of a room how many of its rows to read at a time: none when there
/// is no memory for them, and then they go back.
async fn claim(
    inner: &Arc<Inner>,
    rows: ClaimRows,
    at_once: impl Fn(usize) -> usize,
    pass_on: impl Fn(&Arc<Inner>, Record, Holding),
) -> Result<Vec<usize>, StoreError> {
    let rooms = match &rows {
        ClaimRows::Due(rooms) => rooms.len(),
        ClaimRows::Overdue { .. } => 1,
    };
    let taking = inner.held.take();
    let claimed = inner
        .store
        .claim(Claim {
            owner: inner.lease.owner(),
            now: inner.due.now(),
            rows,
        })
        .await?;
    let mut counts = vec![0; rooms];
    let mut holdings = Vec::with_capacity(claimed.len());
    for Claimed { hold, room } in claimed {
        counts
            .iter_mut()
            .skip(room)
            .take(1)
            .for_each(|count| *count += 1);
        holdings.push((room, taking.hold(hold)));
    }
    drop(taking);
    let mut holdings = holdings.into_iter();
    let mut left = Vec::new();
    let read_all = loop {
        let mut next = Vec::new();
        let mut full = 0;
        while full < READ_ROWS
            && let Some((room, holding)) = holdings.next()
        {
            match READ_ROWS.checked_div(at_once(room)) {
                Some(part) => {
                    full += part.max(1);
                    next.push(holding);
                }
                None => left.push(holding),
            }
        }
        if next.is_empty() {
            break Ok(counts);
        }
        let seqs = next.iter().map(|holding| holding.hold().seq).collect();
        match inner.store.records(seqs).await {
            Ok(records) => read(inner, next, records, &pass_on),
            Err(error) => {
                left.extend(next);
                left.extend(holdings.map(|(_, holding)| holding));
                break Err(error);
            }
        }
    };
    if !left.is_empty() {
        let task = Arc::clone(inner);
        inner.spawn(async move { give_back(&task, left).await });
    }
    read_all
}

/// Frees claimed rows that nobody here works on, however often it takes: the store may just have gone away. Wakes nobody: while rows can be claimed
/// and not read, that would go round without a pause. The next scan finds them.
async fn give_back(inner: &Inner, rows: Vec<Holding>) {
    let holds: Vec<Hold> = rows.iter().map(Holding::hold).collect();
    while let Err(error) = inner.store.free(holds.clone(), inner.due.now()).await {
        inner.could_not(
            "claimed actions could not be given back; trying again",
            &error,
        );
        if !inner.sleep(GIVE_BACK_EVERY).await {
            return;
        }
    }
}

/// Passes on what was read, in the order of the claim. A row that cannot be read ends, alone.
fn read(
    inner: &Arc<Inner>,
    holdings: Vec<Holding>,
    records: Vec<Record>,
    pass_on: &impl Fn(&Arc<Inner>, Record, Holding),
) {
    let mut records: HashMap<Seq, Record> = records
        .into_iter()
        .map(|record| (record.seq, record))
        .collect();
    for holding in holdings {
        match records.remove(&holding.hold().seq) {
            Some(found) if found.unreadable.is_some() => {
                let task = Arc::clone(inner);
                inner.spawn(async move { end_unreadable(&task, found, holding).await });
            }
            Some(found) => pass_on(inner, found, holding),
            None => tracing::error!(seq = holding.hold().seq.0, "a claimed row is gone"),
        }
    }
}

fn start(inner: &Arc<Inner>, found: Record, holding: Holding) {
    // Only rows of providers that are configured are claimed.
    let Some(entry) = inner.providers.get(&found.provider).cloned() else {
        return;
    };
    let place = place_of(&entry, &found);
    let job = Job::claimed(found, entry, holding, place).ask_for_turn();
    let task = Arc::clone(inner);
    inner.spawn(async move { deliver(&task, job).await });
}

/// The place of a row that was claimed.
fn place_of(entry: &Entry, found: &Record) -> Place {
    let request = found.prepared.as_deref();
    entry
        .lane
        .enter_claimed(request.map_or(0, |request| size_of(&found.action, request)))
}
