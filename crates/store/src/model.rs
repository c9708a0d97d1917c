//! What goes into the store and comes out of it.

use std::sync::Arc;

use acteon_core::{
    Action, Attempt, Caller, Origin, Outcome, Prepared, Priority, ProviderName, Timestamp,
    VerdictKind,
};
use serde::{Deserialize, Serialize};

pub use crate::claim::{Claim, ClaimRows, Claimed, Room};
use crate::gate::{Conditions, QuotaCheck};
use crate::history::Cursor;
pub use crate::reroute::{Hasten, Reroute, Rerouted};

/// The position of an action in the journal: grows with every admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub i64);

/// A gateway process, for as long as it lives. Never 0, which is nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OwnerId(pub i64);

/// The state of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionState {
    /// To be worked on, now or later.
    Open,
    /// Ended well, or as the rules want it.
    Done,
    /// Ended badly: a dead letter.
    Dead,
    /// Refused for now: the same request is decided anew.
    Refused,
    /// A dead letter that somebody has dealt with.
    Discarded,
}

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

/// A process's hold of a row: from a claim, or its admission, until it is settled. Each has a fence of its own, so that what a process does
/// again does not touch what it claimed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hold {
    /// The row.
    pub seq: Seq,
    /// The owner.
    pub owner: OwnerId,
    /// The row's fence when it became the owner's: 0 at its admission.
    pub fence: i64,
}

/// A change of a row by its owner.
pub struct Settlement {
    /// The row changes only if this is still how it is held.
    pub hold: Hold,
    /// Now.
    pub at: Timestamp,
    /// Provider calls made so far, in total.
    pub attempts: u32,
    /// Durable retries so far.
    pub rounds: u32,
    /// How often it was left behind by a process that died.
    pub takeovers: u32,
    /// The calls, as a JSON array; `None` leaves what is stored.
    pub history: Option<String>,
    /// Whether a send that failed may have arrived. Never unset again.
    pub possible_duplicate: bool,
    /// What was added to the request's text when it was last sent, as long as the next send must be equal to it.
    pub note: Option<Arc<str>>,
    /// Whether a caller waits for it. What nobody waits for may stand back behind admissions for a moment.
    pub waited_for: bool,
    /// What happens to the row.
    pub step: Step,
}

/// What a settlement does to its row.
pub enum Step {
    /// The owner keeps it.
    Progress {
        /// Whether it may be sent from now on.
        in_flight: bool,
    },
    /// It becomes nobody's, due at an instant.
    PutOff {
        /// When it is due.
        due_at: Timestamp,
        /// The outcome so far, as JSON.
        so_far: Arc<str>,
        /// From when its age counts, where that changes.
        age: Option<crate::age::Age>,
    },
    /// It is over.
    End {
        /// The outcome.
        outcome: Outcome,
        /// The outcome as JSON.
        text: Arc<str>,
        /// What kind of failure it is, where all of a kind are sent again together, such as [`acteon_core::TO_REPAIR`].
        class: Option<&'static str>,
        /// What it gives back, if it ended without having left.
        refund: Option<Charges>,
    },
}

impl Settlement {
    /// Whether the row is no longer open afterwards.
    pub fn ends(&self) -> bool {
        matches!(self.step, Step::End { .. })
    }
}

/// What the gate took for an action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charges {
    /// Counters of quotas, with their windows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counters: Vec<String>,
    /// Its dedup key, scope included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedup: Option<String>,
}

impl Charges {
    /// Whether there is nothing to give back.
    pub fn is_empty(&self) -> bool {
        self.counters.is_empty() && self.dedup.is_none()
    }
}

/// What came of a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The row was changed.
    Written,
    /// The row is no longer the owner's.
    Fenced,
}

/// Heartbeat of a process: how often it renewed its lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// The process.
    pub owner: OwnerId,
    /// How often it renewed its lease.
    pub count: i64,
}

/// Rows that were taken from whoever held them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freed {
    /// Those that only waited in its memory.
    pub unsent: usize,
    /// Those that it may have sent: they are marked as possible duplicates, and counted as taken over.
    pub maybe_sent: usize,
}

/// What a budget must know of an action that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentSend {
    /// The provider that it went through.
    pub provider: ProviderName,
    /// To whom.
    pub recipients: Vec<String>,
    /// When it ended.
    pub finished_at: Timestamp,
}

/// A page of sends, newest first.
#[derive(Clone, Debug, Default)]
pub struct RecentSends {
    /// The sends.
    pub sends: Vec<RecentSend>,
    /// Where the next page goes on, if there is one.
    pub next: Option<Cursor>,
}

/// An action as it stands.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its position.
    pub seq: Seq,
    /// The action.
    pub action: Arc<Action>,
    /// Where it came from.
    pub origin: Origin,
    /// Who posted it.
    pub caller: String,
    /// How they said who they are.
    pub auth_method: String,
    /// Name of the verdict as it is stored. A row that was damaged may have none, one of a later version may have another than [`VerdictKind::ALL`].
    pub verdict: String,
    /// The rule that decided.
    pub rule: Option<Arc<str>>,
    /// The provider that it goes through.
    pub provider: ProviderName,
    /// What the gate took for it.
    pub charges: Charges,
    /// The request to send.
    pub prepared: Option<Arc<Prepared>>,
    /// How soon it goes, after what its rule says.
    pub priority: Priority,
    /// When it was written.
    pub accepted_at: Timestamp,
    /// From when its age counts.
    pub not_before: Timestamp,
    /// After this instant it is not sent any more.
    pub give_up_at: Timestamp,
    /// Its state.
    pub state: ActionState,
    /// Whether a process works on it.
    pub owned: bool,
    /// Whether that process may be sending it.
    pub in_flight: bool,
    /// Another after every claim; 0 before the first.
    pub fence: i64,
    /// When it is due, while open and unowned.
    pub due_at: Timestamp,
    /// Provider calls made.
    pub attempts: u32,
    /// Durable retries so far.
    pub rounds: u32,
    /// How often it was left behind by a process that died.
    pub takeovers: u32,
    /// Whether a send may have happened that is not recorded.
    pub possible_duplicate: bool,
    /// The calls.
    pub history: Vec<Attempt>,
    /// What was added to the request's text when it was last sent.
    pub note: Option<Arc<str>>,
    /// The outcome so far.
    pub outcome: Option<Arc<str>>,
    /// What kind of failure it ended with, where that has a word.
    pub class: Option<String>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// What of the row cannot be read, in words that quote nothing of it. What stands in its place then is made up.
    pub unreadable: Option<String>,
}
