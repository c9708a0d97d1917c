//! Calling off: the end of an action that waits and that nobody has begun to send.

use acteon_core::{Outcome, Timestamp};
use acteon_store::{ActionState, Hold, OwnerId, Record, Settlement, Step};

use crate::deliver::settle::poke_of;
use crate::observe::{OutcomeEvent, emit};
use crate::shared::Inner;

/// Whether an action waits, and nobody has begun to send it.
pub(crate) fn is_untouched(record: &Record) -> bool {
    record.state == ActionState::Open
        && !record.owned
        && record.attempts == 0
        && !record.possible_duplicate
        && record.unreadable.is_none()
}

/// Settlement that calls an action off, with nobody as the owner. What the gate took for it is given back.
pub(crate) fn call_off(inner: &Inner, record: &Record, by: &str, at: Timestamp) -> Settlement {
    let outcome = cancelled(by, at);
    let text = outcome.to_json();
    let step = Step::End {
        outcome,
        text,
        class: None,
        refund: Some(record.charges.clone()).filter(|charges| !charges.is_empty()),
    };
    change_of_waiting(inner, record, at, step)
}

/// Settlement of a row that nobody owns. Whoever claims the row in between raises its fence, and the settlement changes nothing.
pub(crate) fn change_of_waiting(
    inner: &Inner,
    record: &Record,
    at: Timestamp,
    step: Step,
) -> Settlement {
    Settlement {
        hold: Hold {
            seq: record.seq,
            owner: OwnerId::NOBODY,
            fence: record.fence,
        },
        at,
        attempts: record.attempts,
        durable_retries: record.durable_retries,
        takeovers: record.takeovers,
        history: None,
        possible_duplicate: record.possible_duplicate,
        late_mark: record.late_mark.clone(),
        waited_for: true,
        poke: poke_of(inner, record.parent.as_ref()),
        step,
    }
}

/// Tells that an action was called off, once that is committed.
pub(crate) fn called_off(inner: &Inner, record: &Record, by: &str, at: Timestamp) {
    let (provider, tenant) = (&record.provider, &record.action.tenant);
    if record.not_before > inner.due.now() {
        inner.shares.cancelled(provider, tenant);
    } else {
        inner.shares.ended(provider, tenant);
    }
    let outcome = cancelled(by, at);
    let event = OutcomeEvent::at_the_gate(&record.action, &outcome, record.rule.as_deref());
    emit(&*inner.observer, &event);
    inner.waiters.reply(record.seq, &outcome.to_json());
}

fn cancelled(by: &str, at: Timestamp) -> Outcome {
    Outcome::Cancelled {
        by: by.to_owned(),
        at,
    }
}
