//! Notes in the store by which gateways tell each other of a breaker: whether it is open, until
//! when, and who moved it.
//!
//! A note is changed only if it is still the one that was read, so that of two who move a breaker
//! at once the later one knows of the other. A change by hand stands against one that follows from
//! calls of the time before it.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Timestamp, with_causes};
use acteon_store::{NoteSwap, StoreError};
use serde::{Deserialize, Serialize};

use super::{Breaker, BreakerState, OTHERS_WAIT};
use crate::registry::ProviderEntry;
use crate::shared::Inner;

/// Time for which the state of a breaker is remembered beyond its recovery time. Then a new process
/// finds out for itself within a few calls.
const NOTE_KEEPS: Duration = Duration::from_hours(1);

const NOTE_PREFIX: &str = "breaker:";

/// Number of tries to write a note that others write as well.
const TRIES: usize = 8;

/// Breaker as its note tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct BreakerNote {
    /// Owner id of the gateway that made the last change, and the number of that change among its
    /// own.
    change: (i64, u64),
    /// Due time until which nobody may call; `None` for a breaker that is closed.
    open_until: Option<Timestamp>,
    by_hand: bool,
    /// Whether it is open because people must repair something.
    #[serde(default)]
    for_repair: bool,
    changed_at: Timestamp,
}

/// Cause of a breaker's move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MovedBy {
    /// The calls of the provider moved it.
    Calls,
    /// A person moved it by hand.
    Hand,
}

impl Breaker {
    fn note_of(&self, owner: i64, by: MovedBy, inner: &Inner) -> BreakerNote {
        let mut state = self.lock();
        state.heard.change = (owner, state.heard.change.1 + 1);
        let (now, monotonic) = (inner.due.now(), inner.clock.monotonic());
        let open_until = match state.state {
            BreakerState::Closed { .. } => None,
            BreakerState::Open { until } => Some(now + until.saturating_sub(monotonic)),
            BreakerState::HalfOpen { .. } => Some(now),
        };
        let for_repair = state.for_repair && open_until.is_some();
        BreakerNote {
            change: state.heard.change,
            open_until,
            by_hand: by == MovedBy::Hand,
            for_repair,
            changed_at: now,
        }
    }

    /// Moves the breaker as another gateway says, unless that was heard before; returns the name of
    /// its state if it changed.
    fn adopt(&self, note: &BreakerNote, own: i64, inner: &Inner) -> Option<&'static str> {
        let mut state = self.lock();
        if state.heard.change == note.change || note.change.0 == own {
            return None;
        }
        state.heard.change = note.change;
        let before = super::state_name(state.state);
        state.state = match note.open_until {
            None => BreakerState::Closed { failures: 0 },
            Some(until) => {
                let left = until.since(inner.due.now()).min(self.policy.recovery);
                BreakerState::Open {
                    until: inner.clock.monotonic() + left + OTHERS_WAIT,
                }
            }
        };
        state.for_repair = note.for_repair;
        let after = super::state_name(state.state);
        if after != before {
            state.put_off = 0;
        }
        (after != before).then_some(after)
    }

    fn has_heard(&self, note: &BreakerNote) -> bool {
        self.lock().heard.change == note.change
    }

    /// Continues where an earlier process stood: a trial is due when it was then.
    fn restore(&self, note: &BreakerNote, inner: &Inner) {
        let mut state = self.lock();
        state.heard.change = note.change;
        if let Some(until) = note.open_until {
            let left = until.since(inner.due.now()).min(self.policy.recovery);
            state.state = BreakerState::Open {
                until: inner.clock.monotonic() + left,
            };
            state.for_repair = note.for_repair;
        }
    }
}

/// Continues breakers where an earlier process stood.
pub(crate) async fn recall_breakers(inner: &Inner, now: Timestamp) -> Result<(), StoreError> {
    for (entry, breaker) in breakers(inner) {
        if let Some(note) = read(inner.store.note(&note_name(entry), now).await?.as_deref()) {
            breaker.restore(&note, inner);
        }
    }
    Ok(())
}

/// Takes over what other gateways found out.
pub(crate) async fn load_breaker_notes(inner: &Inner) {
    for (entry, breaker) in breakers(inner) {
        match inner.store.note(&note_name(entry), inner.clock.now()).await {
            Ok(text) => {
                if let Some(note) = read(text.as_deref()) {
                    adopt_note(inner, entry, breaker, &note);
                }
            }
            Err(error) => {
                tracing::debug!(error = %with_causes(&error), "what the others know of a breaker could not be read");
            }
        }
    }
}

fn adopt_note(inner: &Inner, entry: &ProviderEntry, breaker: &Breaker, note: &BreakerNote) {
    if let Some(state) = breaker.adopt(note, inner.lease.owner().0, inner) {
        tracing::warn!(provider = %entry.name, state, by_hand = note.by_hand, "another gateway moved the circuit breaker");
        inner.observer.breaker(&entry.name, state);
        inner.work.notify_one();
    }
}

/// Tells the others that a breaker moved here, unless another gateway's later change, which was not heard yet, stands against that.
pub(crate) async fn tell(
    inner: &Inner,
    entry: &ProviderEntry,
    by: MovedBy,
) -> Result<(), StoreError> {
    let Some(breaker) = &entry.breaker else {
        return Ok(());
    };
    let moved_at = inner.due.now();
    let name = note_name(entry);
    for _ in 0..TRIES {
        let now = inner.clock.now();
        let text = inner.store.note(&name, now).await?;
        let owner = inner.lease.owner().0;
        let theirs =
            read(text.as_deref()).filter(|note| note.change.0 != owner && !breaker.has_heard(note));
        if by == MovedBy::Calls
            && let Some(note) = theirs.filter(|note| note.by_hand || note.changed_at >= moved_at)
        {
            adopt_note(inner, entry, breaker, &note);
            return Ok(());
        }
        let note = breaker.note_of(owner, by, inner);
        let until = now + breaker.policy.recovery + NOTE_KEEPS;
        let Ok(new) = serde_json::to_string(&note) else {
            return Ok(());
        };
        if inner
            .store
            .swap_note(NoteSwap {
                name: name.clone(),
                expected: text,
                text: new,
                now,
                until,
            })
            .await?
        {
            return Ok(());
        }
    }
    tracing::warn!(provider = %entry.name, "the state of a circuit breaker could not be told: too many gateways tell theirs");
    Ok(())
}

/// Tells the others in the background.
pub(crate) fn tell_soon(inner: &Arc<Inner>, entry: &Arc<ProviderEntry>) {
    let (inner, entry) = (Arc::clone(inner), Arc::clone(entry));
    tokio::spawn(async move {
        if let Err(error) = tell(&inner, &entry, MovedBy::Calls).await {
            tracing::warn!(provider = %entry.name, error = %with_causes(&error), "the state of a circuit breaker could not be told to the other gateways");
        }
    });
}

fn breakers(inner: &Inner) -> impl Iterator<Item = (&Arc<ProviderEntry>, &Arc<Breaker>)> {
    inner
        .providers
        .entries()
        .filter_map(|entry| Some((entry, entry.breaker.as_ref()?)))
}

fn read(text: Option<&str>) -> Option<BreakerNote> {
    serde_json::from_str(text?).ok()
}

/// Whether a note of this name tells of a breaker.
pub(crate) fn is_note(name: &str) -> bool {
    name.starts_with(NOTE_PREFIX)
}

fn note_name(entry: &ProviderEntry) -> String {
    format!("{NOTE_PREFIX}{}", entry.name)
}
