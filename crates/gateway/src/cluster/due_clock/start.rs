//! Start of the due clock: what a gateway goes on from, and its wait for a word of the others.
//!
//! The wait is for where the clock is far ahead of what was told last, and gateways have left
//! beats: the clock was set ahead, or nobody ran, or those who run were cut off from the store.
//! Their word says which. A beat of theirs says only that they live: the word may still be on its
//! way.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use acteon_core::{Clock, Timestamp, with_causes};
use acteon_store::{Heartbeat, Store, StoreError};

use super::{ClockNote, ClockState, DueClock, between, is_recent, text};
use crate::cluster::lease::LeaseTimes;

impl DueClock {
    /// Continues where the gateways before, or beside, stand. Takes up to three leases, and no longer than 45 s, where gateways that share the
    /// store left beats and it is not known whether time passed. Fails where the store does so at the first look, or until the end of that wait.
    pub(crate) async fn start(
        clock: Arc<dyn Clock>,
        store: &dyn Store,
        lease: LeaseTimes,
    ) -> Result<Self, StoreError> {
        let state = first_state(&*clock, store, lease).await?;
        Ok(Self {
            clock,
            state: Mutex::new(state),
        })
    }
}

/// Longest wait for a word of the others, unless three leases are shorter.
const LONGEST_WAIT: Duration = Duration::from_secs(45);

/// Leases that the wait lasts at most, so that a gateway whose store was away for more than its lease is still heard.
const LEASES: u32 = 3;

/// Number of looks, at most, for a word of the others.
const LOOKS: u32 = 36;

/// State to start from. An error at the first look ends the start; during the wait it is a look
/// that saw nothing.
pub(super) async fn first_state(
    clock: &dyn Clock,
    store: &dyn Store,
    lease: LeaseTimes,
) -> Result<ClockState, StoreError> {
    let mut wait = None;
    loop {
        match look(clock, store, lease, &mut wait).await {
            Ok(Some(state)) => return Ok(state),
            Ok(None) => {}
            Err(error)
                if wait
                    .as_ref()
                    .is_none_or(|wait: &Wait| wait.left(clock.monotonic()).is_zero()) =>
            {
                return Err(error);
            }
            Err(error) => {
                tracing::warn!(error = %with_causes(&error), "could not look for a word of the other gateways; trying again");
            }
        }
        if let Some(wait) = &wait {
            clock
                .sleep(wait.every.min(wait.left(clock.monotonic())))
                .await;
        }
    }
}

/// Looks once. `None` is to look again: there may still come a word, or another gateway was first to tell.
async fn look(
    clock: &dyn Clock,
    store: &dyn Store,
    lease: LeaseTimes,
    wait: &mut Option<Wait>,
) -> Result<Option<ClockState>, StoreError> {
    // Before the note: whoever takes time for passed tells so before it beats.
    let beats = store.heartbeats().await?;
    let note = ClockNote::read(store, clock.now()).await?;
    let now = (clock.monotonic(), clock.now());
    let by_wall = note.by_wall(now.1);
    match note.due {
        Some(told) if by_wall <= told => return Ok(Some(ClockState::new(note, told, now))),
        Some(told) if is_recent(told, by_wall) => {
            return Ok(Some(ClockState::new(note, by_wall, now)));
        }
        Some(told) if store.is_shared() => match Wait::go_on(wait, lease, &beats, &note, now) {
            // Others live, who have not seen the step yet. It was told since the look before.
            OthersResponse::Time => return Ok(Some(ClockState::new(note, told, now))),
            // Whatever they will say, this due time is behind theirs: it is not told to anybody who might follow it.
            OthersResponse::Beat => {
                return Ok(Some(ClockState {
                    must_tell: false,
                    ..ClockState::new(note, told, now)
                }));
            }
            OthersResponse::NothingYet => return Ok(None),
            OthersResponse::Nobody => {
                tracing::info!(
                    millis = between(told, by_wall),
                    "no gateway told the time for so long; it is taken for passed"
                );
            }
        },
        Some(_) | None => {}
    }
    if !store.is_shared() {
        return Ok(Some(ClockState::new(note, by_wall, now)));
    }
    // Told before anything is done by it, so that nobody starts from something else.
    let text = text(note.steps, by_wall);
    let is_told = note.replace(store, &text, now.1).await?;
    Ok(is_told.then(|| {
        ClockState::new(
            ClockNote {
                text: Some(text),
                ..note
            },
            by_wall,
            now,
        )
    }))
}

/// Wait for a word of the others.
struct Wait {
    /// Beats at its first look.
    beats: Vec<Heartbeat>,
    /// Text of the note at its first look.
    text: Option<String>,
    /// Whether a beat moved since.
    has_beat: bool,
    /// Pause between two looks.
    every: Duration,
    /// Instant of the monotonic clock at which it ends.
    ends: Duration,
}

/// Response of the other gateways to one that waits.
enum OthersResponse {
    /// They told the time.
    Time,
    /// They beat, and told nothing for so long that they are not waited for any more.
    Beat,
    NothingYet,
    Nobody,
}

impl Wait {
    /// Begins the wait if there is somebody to wait for, or takes in what a later look of it saw.
    fn go_on(
        wait: &mut Option<Self>,
        lease: LeaseTimes,
        beats: &[Heartbeat],
        note: &ClockNote,
        now: (Duration, Timestamp),
    ) -> OthersResponse {
        let Some(wait) = wait else {
            if beats.is_empty() {
                return OthersResponse::Nobody;
            }
            *wait = Some(Self::begin(lease, beats, note, now));
            return OthersResponse::NothingYet;
        };
        if wait.text != note.text {
            return OthersResponse::Time;
        }
        if !wait.has_beat && beats.iter().any(|later| !wait.beats.contains(later)) {
            (wait.has_beat, wait.ends) = (true, wait.ends.min(now.0 + lease.lasts()));
        }
        match (
            beats.is_empty() || wait.left(now.0).is_zero(),
            wait.has_beat,
        ) {
            (false, _) => OthersResponse::NothingYet,
            (true, true) => OthersResponse::Beat,
            (true, false) => OthersResponse::Nobody,
        }
    }

    fn begin(
        lease: LeaseTimes,
        beats: &[Heartbeat],
        note: &ClockNote,
        (monotonic, wall): (Duration, Timestamp),
    ) -> Self {
        let longest = (lease.lasts() * LEASES).min(LONGEST_WAIT);
        tracing::info!(
            ahead_ms = note.due.map(|told| between(told, note.by_wall(wall))),
            up_to_ms = longest.as_millis() as u64,
            "the clock is far ahead of the time that gateways told last, and some of them have not given their leases back; waiting for \
             a word of theirs before anything is done"
        );
        Self {
            beats: beats.to_vec(),
            text: note.text.clone(),
            has_beat: false,
            every: longest / LOOKS,
            ends: monotonic + longest,
        }
    }

    fn left(&self, monotonic: Duration) -> Duration {
        self.ends.saturating_sub(monotonic)
    }
}
