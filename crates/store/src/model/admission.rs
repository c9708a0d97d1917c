//! An admission: an action that is to be written, and what came of it.

use std::sync::Arc;

use acteon_core::{
    Action, Caller, Origin, Outcome, Prepared, Priority, ProviderName, Timestamp, VerdictKind,
};

use super::checks::{Conditions, QuotaCheck};
use super::ids::{OwnerId, Seq};

/// An action to be written.
pub struct Admission {
    /// The action.
    pub action: Arc<Action>,
    /// Where it came from.
    pub origin: Origin,
    /// Who posted it.
    pub caller: Caller,
    /// The verdict.
    pub verdict: VerdictKind,
    /// The rule that decided.
    pub rule: Option<Arc<str>>,
    /// How soon it goes.
    pub priority: Priority,
    /// Now.
    pub accepted_at: Timestamp,
    /// Who goes first to the commit.
    pub turn: Turn,
    /// Over already, or to be sent.
    pub disposition: Disposition,
    /// Whether it may have been sent before, under another id.
    pub possible_duplicate: bool,
    /// The dead letter that it is sent again for. The letter leaves the list in the commit that writes the action; an action that does not
    /// go is not written, and the letter stays.
    pub letter: Option<Seq>,
}

/// Who goes first to a commit where much waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Turn {
    /// An action that somebody sent alone.
    #[default]
    Single,
    /// One of a caller's batch, which yields to the single ones.
    Batch,
}

/// Disposition of an action at its admission: over already, or to be sent.
pub enum Disposition {
    /// It is over: nothing is to be sent.
    Ended(Outcome),
    /// It goes, if the gate lets it.
    Send {
        /// What holds for it whichever route it takes.
        conditions: Conditions,
        /// The route it takes, and those it takes instead where a quota says so. Never empty.
        routes: Vec<Route>,
    },
}

/// Route of an action: a provider, with the request to send and what it is charged to.
pub struct Route {
    /// The provider.
    pub provider: ProviderName,
    /// The request to send.
    pub prepared: Arc<Prepared>,
    /// From when its age counts.
    pub not_before: Timestamp,
    /// After this instant it is not sent any more.
    pub give_up_at: Timestamp,
    /// How its row is put into the queue.
    pub enqueue: Enqueue,
    /// What it is charged to.
    pub quotas: Vec<QuotaCheck>,
    /// The outcome so far, as JSON, where it is known why it waits.
    pub so_far: Option<Arc<str>>,
}

/// How a row is put into the queue of open rows.
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
    /// Who owns the row.
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

    /// When the row is due whose age counts from an instant.
    pub(crate) fn due_at(self, not_before: Timestamp) -> Timestamp {
        match self {
            Self::InFlight(_) | Self::Claimed(_) => not_before,
            Self::DueAt(due_at) => due_at,
        }
    }
}

/// What came of an admission.
pub enum Admitted {
    /// The row was written, to take one of the routes.
    Open {
        /// Its position.
        seq: Seq,
        /// Which route.
        route: usize,
        /// Quotas of that route which it goes over all the same, by their places.
        over: Vec<usize>,
    },
    /// The row was written, and it is over. One that was to replace a dead letter is not written.
    Ended(Outcome),
    /// Nothing was written: what it was to replace is no dead letter any more.
    NoLetter,
    /// A row with this id was there before, at this position, and stays as it is. Whoever needs more of it looks, beside the commits.
    Existing(Seq),
}
