//! Clock that due times are counted by. It goes on when the wall clock is stepped.
//!
//! Rows say when they are due, when they are given up, and from when their age counts, in *due
//! time*: the wall clock less all the steps that it took. A step - the wall clock moving against
//! the monotonic one - is noticed at the next beat of the lease and added to the sum of the steps,
//! which the store keeps for later processes. So what waits neither stands still for the hour that
//! a clock was set back, nor expires for the day that it was set ahead. Slow drift is followed.
//! What people name as an instant - silences, expiry, calendars - stays on the wall clock.
//!
//! The note in the store tells the due time to others and to later processes, every minute and at
//! each step. Gateways that share a store count one due time, which each carries on by its own
//! monotonic clock. Two that differ by more than drift are told apart by the due times that they
//! told, never by the sum of the steps: due time does not go back, so the one that is behind takes
//! over the other's, within about a minute. Whatever was put off by the time behind is due early
//! then, not a day late.
//!
//! A gateway that starts goes on from what was told last. A wall clock behind that was set back.
//! One that is far ahead was set ahead, or nobody ran, or those who run are cut off from the store:
//! where gateways that share the store left beats, it waits for a word of theirs before it takes
//! part (`start.rs`). It takes the time for passed when nobody lives. Where they live and say
//! nothing, it starts from what was told, and tells nothing of its own at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::{Clock, Timestamp};
use acteon_store::{CLOCK_STEPS, NoteSwap, Store, StoreError};

mod start;

/// Difference in milliseconds from which on it is a step. What is smaller is drift, or a late
/// answer of the database's clock.
const STEP_MILLIS: i64 = 5_000;

/// Name of the note with the sum of the steps and a recent due time, in milliseconds.
const NOTE: &str = CLOCK_STEPS;

/// End of the note: it is kept for good.
const FOREVER: Timestamp = Timestamp::MAX;

/// Pause after which the due time is told again.
const TELL_EVERY: Duration = Duration::from_mins(1);

/// Age from which a due time, as it was told last, may not be carried on by the wall clock. That
/// was set ahead then, or nobody ran, or those who run are cut off from the store.
const TOLD_WITHIN: Duration = Duration::from_mins(2);

pub(crate) struct DueClock {
    clock: Arc<dyn Clock>,
    state: Mutex<ClockState>,
}

impl DueClock {
    /// Due time at this instant.
    pub(crate) fn now(&self) -> Timestamp {
        self.at(self.clock.monotonic())
    }

    /// Due time at an instant of the monotonic clock.
    pub(crate) fn at(&self, monotonic: Duration) -> Timestamp {
        self.lock().at(monotonic)
    }

    /// Instant of the wall clock for a due time, for people.
    pub(crate) fn to_wall(&self, due: Timestamp) -> Timestamp {
        shifted(
            due,
            self.lock()
                .steps_at(self.clock.monotonic(), self.clock.now()),
        )
    }

    /// Due time of an instant of the wall clock. Never before that clock shows it: what looks at
    /// the calendar once it is due would find that it is too early, and be due again at once.
    pub(crate) fn of_wall(&self, wall: Timestamp) -> Timestamp {
        let (monotonic, now) = (self.clock.monotonic(), self.clock.now());
        let state = self.lock();
        let shown = shifted(state.at(monotonic), between(now, wall));
        shifted(wall, -state.steps_at(monotonic, now)).max(shown)
    }

    /// Sum of the wall clock's steps in milliseconds, with one that nobody has noticed yet.
    pub(crate) fn steps(&self) -> i64 {
        let (monotonic, wall) = (self.clock.monotonic(), self.clock.now());
        self.lock().steps_at(monotonic, wall)
    }

    /// Takes in whether the wall clock was stepped and what other gateways told, and tells them in
    /// turn. To be called every few seconds.
    pub(crate) async fn follow(&self, store: &dyn Store) -> Result<(), StoreError> {
        let note = ClockNote::read(store, self.clock.now()).await?;
        let (monotonic, wall) = (self.clock.monotonic(), self.clock.now());
        let Some(text) = self.lock().look(&note, monotonic, wall) else {
            return Ok(());
        };
        if note.replace(store, &text, wall).await? {
            self.lock().has_told(text);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, ClockState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct ClockState {
    /// Instant of the monotonic clock of the last look.
    monotonic: Duration,
    /// Due time at that instant.
    due: Timestamp,
    /// Sum of the wall clock's steps as this gateway sees it: wall time less due time, in
    /// milliseconds.
    steps: i64,
    /// Whether this gateway knows what the note does not have yet: a step, or a due time that is ahead. What the note has and this
    /// gateway does not see is no reason to change it: each asks the database for its clock every few seconds, and another was told first.
    must_tell: bool,
    /// Text of the note as it was when it was looked at last.
    seen: Option<String>,
    /// Due time at that look.
    seen_at: Timestamp,
}

impl ClockState {
    fn new(note: ClockNote, due: Timestamp, (monotonic, wall): (Duration, Timestamp)) -> Self {
        let steps = between(due, wall);
        Self {
            monotonic,
            due,
            steps,
            must_tell: is_step(steps.saturating_sub(note.steps)),
            seen: note.text,
            seen_at: due,
        }
    }

    fn at(&self, monotonic: Duration) -> Timestamp {
        self.due + monotonic.saturating_sub(self.monotonic)
    }

    /// Takes in what the clocks and the note say. Returns what the note should say, if that is something else.
    fn look(&mut self, note: &ClockNote, monotonic: Duration, wall: Timestamp) -> Option<String> {
        self.carry_on(monotonic, wall);
        if let Some(told) = note.due.filter(|_| note.text != self.seen) {
            // It was told since the last look: by the same due time it lies between that look and now.
            if between(self.due, told) >= STEP_MILLIS {
                self.take_over(told, note.by_wall(wall), wall);
            }
            self.must_tell |= between(told, self.seen_at) >= STEP_MILLIS;
        }
        let off = between(self.due, note.by_wall(wall));
        if !is_step(off) {
            (self.due, self.steps, self.must_tell) = (shifted(self.due, off), note.steps, false);
        }
        (self.seen, self.seen_at) = (note.text.clone(), self.due);
        let is_old = |told| between(told, self.due) >= TELL_EVERY.as_millis() as i64;
        let tells = self.must_tell || note.due.is_none_or(is_old);
        // A sum that does not fit, and no step seen here: another saw one.
        let steps = if self.must_tell {
            self.steps
        } else {
            note.steps
        };
        tells.then(|| text(steps, self.due))
    }

    /// Goes on by the monotonic clock. What the wall clock moved against it is a step, or drift, which is followed.
    fn carry_on(&mut self, monotonic: Duration, wall: Timestamp) {
        (self.due, self.monotonic) = (self.at(monotonic), monotonic);
        let moved = self.moved(monotonic, wall);
        if is_step(moved) {
            self.steps = self.steps.saturating_add(moved);
            self.must_tell = true;
            tracing::warn!(
                step_ms = moved,
                "the wall clock was stepped; what waits goes on as if it had not been"
            );
        } else {
            self.due = shifted(self.due, moved);
        }
    }

    /// Sum of the steps, with a step that nobody has noticed yet.
    fn steps_at(&self, monotonic: Duration, wall: Timestamp) -> i64 {
        let moved = self.moved(monotonic, wall);
        if is_step(moved) {
            self.steps.saturating_add(moved)
        } else {
            self.steps
        }
    }

    /// Milliseconds by which the wall clock moved against the monotonic one.
    fn moved(&self, monotonic: Duration, wall: Timestamp) -> i64 {
        between(self.at(monotonic), wall).saturating_sub(self.steps)
    }

    /// Goes on from a due time that another gateway told. By the wall clock it is known exactly, unless that was stepped since.
    fn take_over(&mut self, told: Timestamp, by_wall: Timestamp, wall: Timestamp) {
        tracing::warn!(
            ahead_ms = between(self.due, told),
            "another gateway's due time is ahead of this one's, and is taken over"
        );
        self.due = if is_recent(told, by_wall) {
            by_wall
        } else {
            told
        };
        self.steps = between(self.due, wall);
    }

    fn has_told(&mut self, text: String) {
        (self.seen, self.seen_at, self.must_tell) = (Some(text), self.due, false);
    }
}

/// Note that the store keeps of the clock.
struct ClockNote {
    text: Option<String>,
    /// Sum of the wall clock's steps, in milliseconds.
    steps: i64,
    /// Due time as a gateway told it.
    due: Option<Timestamp>,
}

impl ClockNote {
    async fn read(store: &dyn Store, now: Timestamp) -> Result<Self, StoreError> {
        let Some(text) = store.note(NOTE, now).await? else {
            return Ok(Self {
                text: None,
                steps: 0,
                due: None,
            });
        };
        let numbers: Option<Vec<i64>> = text.split(' ').map(|number| number.parse().ok()).collect();
        match numbers.as_deref() {
            Some([steps, due]) => Ok(Self {
                steps: *steps,
                due: Some(Timestamp::from_millis(*due)),
                text: Some(text),
            }),
            _ => Err(StoreError::Engine(
                format!("the note {NOTE:?} is {text:?}, not two numbers of milliseconds").into(),
            )),
        }
    }

    /// Replaces the note, unless another gateway did meanwhile.
    async fn replace(
        &self,
        store: &dyn Store,
        text: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        store
            .swap_note(NoteSwap {
                name: NOTE.to_owned(),
                expected: self.text.clone(),
                text: text.to_owned(),
                now,
                until: FOREVER,
            })
            .await
    }

    /// Due time of an instant of the wall clock, if that was not stepped since.
    fn by_wall(&self, wall: Timestamp) -> Timestamp {
        shifted(wall, -self.steps)
    }
}

fn text(steps: i64, due: Timestamp) -> String {
    format!("{steps} {}", due.as_millis())
}

fn shifted(instant: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_millis(instant.as_millis().saturating_add(millis))
}

/// Milliseconds from one instant to another.
fn between(from: Timestamp, to: Timestamp) -> i64 {
    to.as_millis().saturating_sub(from.as_millis())
}

/// Whether the wall clock moved by so many milliseconds that it was stepped.
pub(crate) fn is_step(millis: i64) -> bool {
    millis.saturating_abs() >= STEP_MILLIS
}

/// Whether a due time was told lately, if it is `due` now.
fn is_recent(told: Timestamp, due: Timestamp) -> bool {
    (0..=TOLD_WITHIN.as_millis() as i64).contains(&between(told, due))
}

#[cfg(test)]
mod tests;
