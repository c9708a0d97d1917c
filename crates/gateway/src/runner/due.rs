//! Claim of due rows: as many as each lane has room for, and the instant of the next.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::ProviderName;
use acteon_store::{ClaimRows, Record, Room, StoreError};

use super::claim::{claim, memory_of};
use crate::cluster::held::Holding;
use crate::deliver::breaker::Calls;
use crate::deliver::durable_retry::deliver;
use crate::deliver::job::Job;
use crate::deliver::schedule::came_due;
use crate::lane::{Lane, RowRoom};
use crate::shared::Inner;

/// Pause before a due row is asked for again that was not given: another holds it for now, or this process has lost its lease.
const NOT_OURS: Duration = Duration::from_millis(10);
/// Pause after a row was claimed as a trial: by then it is one.
const TRIAL_BEGINS_WITHIN: Duration = Duration::from_millis(500);
/// Most rows of a lane in one claim.
const CLAIM_AT_MOST: usize = 256;
/// Rows of one claim, divided among the lanes that have room: one commit, short enough that nobody waits for it.
const CLAIM_ALTOGETHER: usize = 2048;

/// Claims what all lanes have room for; says how long until the next row is due, at most `longest`.
pub(super) async fn claim_due(
    inner: &Arc<Inner>,
    longest: Duration,
) -> Result<Duration, StoreError> {
    let mut pause = longest;
    let open = lanes_with_room(inner, &mut pause);
    if open.is_empty() {
        return Ok(pause);
    }
    // An equal part for each lane: one with a hundred thousand rows would otherwise fill every
    // commit.
    let share = (CLAIM_ALTOGETHER / open.len()).clamp(1, CLAIM_AT_MOST);
    let rooms: Vec<Room> = open.iter().map(|lane| lane.asked(share)).collect();
    let asked: Vec<RowRoom> = rooms
        .iter()
        .map(|room| RowRoom {
            all: room.limit,
            more_high: room.more_high,
        })
        .collect();
    let at_once = |room: usize| open.get(room).map_or(0, |room| room.lane.rows_at_once());
    let counts = claim(inner, ClaimRows::Due(rooms), at_once, start).await?;
    let waiting = count_claimed(&open, asked, counts, &mut pause);
    if let Some(due) = inner.store.next_due(&waiting).await? {
        // Never zero: a row that is due and was not given is another's for now, and asking at once
        // would go round without a pause.
        pause = pause.min(due.since(inner.due.now()).max(NOT_OURS));
    }
    Ok(pause)
}

/// Room of a lane for rows of some of its providers.
struct LaneRoom<'a> {
    lane: &'a Arc<Lane>,
    providers: Vec<ProviderName>,
    room: RowRoom,
    /// Whether the room is for one row, as the trial of a provider whose breaker was open.
    is_trial: bool,
}

impl LaneRoom<'_> {
    /// Room to ask the store for, of which a lane gets `share` at most.
    fn asked(&self, share: usize) -> Room {
        Room {
            providers: self.providers.clone(),
            limit: share.min(self.room.all),
            more_high: share.min(self.room.more_high),
            turn: self.lane.claimed(),
        }
    }
}

/// Lanes that have room for rows. `pause` becomes at most what the others have to wait.
fn lanes_with_room<'a>(inner: &'a Inner, pause: &mut Duration) -> Vec<LaneRoom<'a>> {
    let mut open = Vec::new();
    for (lane, providers) in inner.providers.lanes_with_providers() {
        // Before the room: a lane that reopens in between has room then, and is not waited for.
        let reopens_in = lane.reopens_in();
        match lane.room() {
            room if room == RowRoom::default() => {
                *pause = (*pause).min(reopens_in.unwrap_or(*pause).max(NOT_OURS));
            }
            room => open.extend(rooms_of(inner, lane, providers, room, pause)),
        }
    }
    open
}

/// Rooms of a lane: one row for each provider that is on trial after failures, and none for those
/// whose breakers are open; `pause` is at most what these have to wait. Where nothing goes on by
/// itself, what was claimed hears of the breaker at once.
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

/// Counts for each lane what was claimed of it, and names the providers whose next row is worth asking for. `pause` becomes zero where a lane may
/// have more rows now.
fn count_claimed(
    open: &[LaneRoom<'_>],
    asked: Vec<RowRoom>,
    counts: Vec<usize>,
    pause: &mut Duration,
) -> Vec<ProviderName> {
    let mut waiting = Vec::new();
    for ((room, asked), count) in open.iter().zip(asked).zip(counts) {
        let LaneRoom {
            lane,
            providers,
            is_trial,
            ..
        } = room;
        let is_full = count == asked.all + asked.more_high;
        if *is_trial {
            lane.count_claimed(count);
            if is_full {
                // The end of the trial wakes the runner.
                *pause = TRIAL_BEGINS_WITHIN.min(*pause);
            }
        } else {
            lane.claimed_rows(asked, count);
        }
        if is_full && !is_trial && lane.room() != RowRoom::default() {
            *pause = Duration::ZERO;
        } else if count < asked.all {
            waiting.extend_from_slice(providers);
        }
    }
    waiting
}

/// Has a claimed row delivered.
fn start(inner: &Arc<Inner>, found: Record, holding: Holding) {
    // Only rows of providers that are configured are claimed.
    let Some(entry) = inner.providers.get(&found.provider).cloned() else {
        return;
    };
    if came_due(&found) {
        inner.shares.came_due(&entry.name, &found.action.tenant);
    }
    let memory = memory_of(&entry, &found);
    let job = Job::claimed(found, entry, holding, memory).ask_for_turn();
    let task = Arc::clone(inner);
    inner.spawn(async move { deliver(&task, job).await });
}
