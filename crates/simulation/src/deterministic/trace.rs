//! A hash of all events of a run.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use acteon_core::ProviderName;
use acteon_gateway::{AttemptEvent, Observer, OutcomeEvent};

/// Secret text in every payload. It is redacted, and must be shown nowhere.
pub(super) const CANARY: &str = "canary-5f3a";

#[derive(Default)]
struct State {
    hasher: DefaultHasher,
    /// Whether the canary was in the text of an event.
    leaked: bool,
}

/// Hash of the events of a run, in their order.
#[derive(Default)]
pub(super) struct Trace(Mutex<State>);

impl Trace {
    pub(super) fn note(&self, what: &str, number: u64, text: &str) {
        let mut state = self.lock();
        (what, number, text).hash(&mut state.hasher);
        state.leaked |= text.contains(CANARY);
    }

    pub(super) fn hash(&self) -> u64 {
        self.lock().hasher.finish()
    }

    pub(super) fn has_leaked(&self) -> bool {
        self.lock().leaked
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Trace {
    fn outcome(&self, event: &OutcomeEvent<'_>) {
        let took = event.took.as_millis() as u64;
        self.note(
            "outcome",
            took,
            &format!(
                "{} {:?} {:?} {}",
                event.action.id, event.kind, event.error, event.attempts
            ),
        );
    }

    fn attempt(&self, event: &AttemptEvent<'_>) {
        self.note(
            "attempt",
            event.took.as_millis() as u64,
            &format!("{:?}", event.error),
        );
    }

    fn rule_error(&self, rule: &str) {
        self.note("rule", 0, rule);
    }

    fn quota(&self, overage: &'static str) {
        self.note("quota", 0, overage);
    }

    fn breaker(&self, _provider: &ProviderName, state: &'static str) {
        self.note("breaker", 0, state);
    }

    fn unreadable(&self) {
        self.note("unreadable", 0, "");
    }
}
