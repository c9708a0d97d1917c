//! Admission: an action that is to be written, and its result.

use std::sync::Arc;

use acteon_core::{
    Action, Caller, Origin, Outcome, Prepared, Priority, ProviderName, Timestamp, VerdictKind,
};

use super::checks::{Conditions, QuotaCheck};
use super::flow::{Begin, FlowKey};
use super::ids::{OwnerId, Seq};

/// Action to be written, with what was decided about it.
pub struct Admission {
    /// Action as it was posted.
    pub action: Arc<Action>,
    /// Origin of the action.
    pub origin: Origin,
    /// Caller who posted the action.
    pub caller: Caller,
    /// Verdict of the rules.
    pub verdict: VerdictKind,
    /// Name of the rule that decided.
    pub rule: Option<Arc<str>>,
    /// Priority, after what the rules say.
    pub priority: Priority,
    /// Instant of the admission, of the wall clock.
    pub accepted_at: Timestamp,
    /// Order in which it goes to the commit.
    pub turn: Turn,
    /// Whether the action is over already, or to be sent.
    pub disposition: Disposition,
    /// Whether it may have been sent before, under another id.
    pub possible_duplicate: bool,
    /// Dead letter that the action replaces. The letter leaves the list in the commit that writes the action; an action that the gate refuses is not
    /// written, and the letter stays; so is one that ended at the gate, unless flows begin with it.
    pub letter: Option<Seq>,
    /// Flow that wants the action. It is poked when the action is over, and where it is over at once or its id is there already.
    pub parent: Option<FlowKey>,
    /// Flows that begin with the action, in the commit that writes it. Where its id is there already, or it is refused, none does.
    pub begins: Vec<Begin>,
}

/// Order in which admissions go to a commit where many wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Turn {
    /// Action that was posted alone.
    #[default]
    Single,
    /// Action of a batch, which yields to those posted alone.
    Batch,
}

/// Disposition of an action at its admission: over already, or to be sent.
pub enum Disposition {
    /// Over already, with its outcome; nothing is to be sent.
    Ended(Outcome),
    /// To be sent, if it passes the gate.
    Send {
        /// Conditions of the gate that hold for every route.
        conditions: Conditions,
        /// Routes in the order of preference: the first, and those it takes where a quota degrades. Never empty.
        routes: Vec<Route>,
    },
}

/// Route of an action: a provider, with the request to send and what it is charged to.
pub struct Route {
    /// Provider that the action goes through.
    pub provider: ProviderName,
    /// Request to send, as the provider prepared it.
    pub prepared: Arc<Prepared>,
    /// Instant from which the age of the action counts, in due time.
    pub not_before: Timestamp,
    /// Instant, in due time, after which it is not sent any more.
    pub give_up_at: Timestamp,
    /// State in which its row is put into the queue.
    pub enqueue: Enqueue,
    /// Quotas that it is charged to.
    pub quotas: Vec<QuotaCheck>,
    /// Outcome so far, as JSON, where it is known why the action waits.
    pub so_far: Option<Arc<str>>,
}

/// State of a row at its admission.
#[derive(Clone, Copy)]
pub enum Enqueue {
    /// Owned by the writing process, which has a turn for it and sends it as soon as it is written.
    InFlight(OwnerId),
    /// Owned by the writing process, in whose memory it waits.
    Claimed(OwnerId),
    /// Unowned and due at an instant.
    DueAt(Timestamp),
}

impl Enqueue {
    /// Owner of the row; `None` where it is unowned.
    pub fn owner(self) -> Option<OwnerId> {
        match self {
            Self::InFlight(owner) | Self::Claimed(owner) => Some(owner),
            Self::DueAt(_) => None,
        }
    }

    /// Whether the row may be sent as soon as it is written.
    pub fn is_in_flight(self) -> bool {
        matches!(self, Self::InFlight(_))
    }

    /// Due time of a row whose age counts from `not_before`.
    pub(crate) fn due_at(self, not_before: Timestamp) -> Timestamp {
        match self {
            Self::InFlight(_) | Self::Claimed(_) => not_before,
            Self::DueAt(due_at) => due_at,
        }
    }
}

/// Result of an admission.
pub enum Admitted {
    /// The row was written, for one of the routes.
    Open {
        /// Position of the action in the journal.
        seq: Seq,
        /// Index of the route that it takes.
        route: usize,
        /// Indexes of that route's quotas that are used up and let it pass all the same.
        over: Vec<usize>,
    },
    /// The row was written, with its outcome. An action that was to replace a dead letter is not written.
    Ended(Outcome),
    /// Nothing was written: the action that it was to replace is not a dead letter any more.
    NoLetter,
    /// Nothing was written: an action with this id stands at this position. Whoever needs more of it reads the record.
    Existing(Seq),
}
