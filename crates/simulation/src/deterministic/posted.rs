//! Actions of a run. A number always gives the same action, however often it is posted.

use acteon_core::{Action, Entropy as _, Priority, Timestamp};
use serde_json::{Map, Value, json};

use super::provider_names::{HELD, ORDERED, PLAIN};
use super::trace::CANARY;
use crate::harness::SeededEntropy;

/// When an action may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goes {
    AtOnce,
    /// Outside the first three minutes of a day.
    Later,
    /// Outside the second minute of a day.
    Between,
    /// Outside the five minutes after noon.
    AfterNoon,
    /// So many seconds after its acceptance.
    After(u32),
}

/// Action as a client posts it.
#[derive(Clone, Debug)]
pub(super) struct Posted {
    pub(super) id: String,
    pub(super) provider: &'static str,
    number: u64,
    goes: Goes,
    said: Priority,
    is_urgent: bool,
}

impl Posted {
    /// Action with this number, id `a<number>`.
    pub(super) fn of(seed: u64, number: u64) -> Self {
        let draws = draws(seed, number);
        let goes = match draws.bits() % 8 {
            0 => Goes::Later,
            1 => Goes::Between,
            2 => Goes::After(10 + (draws.bits() % 60) as u32),
            _ => Goes::AtOnce,
        };
        let provider = if draws.bits().is_multiple_of(3) {
            HELD
        } else {
            PLAIN
        };
        // The first rule that matches decides, so what is urgent is not made to wait as well.
        let is_urgent = goes == Goes::AtOnce && draws.bits().is_multiple_of(6);
        Self {
            id: format!("a{number}"),
            provider,
            number,
            goes,
            said: any_priority(&draws),
            is_urgent,
        }
    }

    /// Action of the queue with this number, id `q<number>`.
    pub(super) fn in_queue(seed: u64, number: u64, goes: Goes) -> Self {
        let said = any_priority(&draws(!seed, number));
        Self {
            id: format!("q{number}"),
            provider: ORDERED,
            number,
            goes,
            said,
            is_urgent: false,
        }
    }

    /// Seconds after its acceptance before which it may not be sent.
    pub(super) fn delay(&self) -> Option<u32> {
        match self.goes {
            Goes::After(seconds) => Some(seconds),
            Goes::AtOnce | Goes::Later | Goes::Between | Goes::AfterNoon => None,
        }
    }

    pub(super) fn action(&self) -> Option<Action> {
        let mut metadata = Map::new();
        let word = match self.goes {
            Goes::AtOnce | Goes::After(_) => None,
            Goes::Later => Some("later"),
            Goes::Between => Some("between"),
            Goes::AfterNoon => Some("after noon"),
        };
        let facts = [
            ("goes", word),
            ("urgent", self.is_urgent.then_some("yes")),
            ("member", self.number.is_multiple_of(4).then_some("m")),
        ];
        metadata.extend(
            facts
                .into_iter()
                .filter_map(|(name, fact)| Some((name.to_owned(), Value::from(fact?)))),
        );
        let whole = json!({ "id": self.id, "namespace": "n", "tenant": "t", "provider": self.provider, "action_type": "x",
            "payload": { "number": self.number, "secret": CANARY }, "metadata": metadata, "priority": self.said,
            "created_at": "2026-01-01T00:00:00Z", "delay_seconds": self.delay() });
        serde_json::from_value(whole).ok()
    }

    /// Priority after the rules, by which the action is sent.
    pub(super) fn priority(&self) -> Priority {
        if self.is_urgent {
            Priority::High
        } else {
            self.said
        }
    }

    /// Whether a time interval mutes the action at this instant of the wall clock.
    pub(super) fn is_muted(&self, wall: Timestamp) -> bool {
        let minute = wall.as_millis().div_euclid(60_000).rem_euclid(24 * 60);
        match self.goes {
            Goes::AtOnce | Goes::After(_) => false,
            Goes::Later => minute < 3,
            Goes::Between => minute == 1,
            Goes::AfterNoon => (12 * 60..12 * 60 + 5).contains(&minute),
        }
    }
}

fn draws(seed: u64, number: u64) -> SeededEntropy {
    SeededEntropy::new(SeededEntropy::new(seed ^ number.rotate_left(32)).bits())
}

fn any_priority(draws: &SeededEntropy) -> Priority {
    Priority::ALL[(draws.bits() % 3) as usize]
}
