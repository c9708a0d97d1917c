//! What goes into the store and comes out of it.

use std::sync::Arc;

use acteon_core::{Action, Caller, Origin, Outcome, Prepared, ProviderName, Timestamp};
use serde::{Deserialize, Serialize};

use crate::gate::{Conditions, QuotaCheck};

/// The position of an action in the journal: grows with every admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub i64);

/// A gateway process, for as long as it lives. Never 0, which is nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OwnerId(pub i64);

/// The state of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
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
    /// The word of the verdict.
    pub verdict: &'static str,
    /// The rule that decided.
    pub rule: Option<Arc<str>>,
    /// Now.
    pub accepted_at: Timestamp,
    /// Who goes first to the commit.
    pub turn: Turn,
    /// What is to become of it.
    pub fate: Fate,
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

/// What is to become of an action.
pub enum Fate {
    /// It is over: nothing is to be sent.
    Ended(Outcome),
    /// It goes, if the gate lets it.
    Send {
        /// What holds for it whichever way it goes.
        conditions: Conditions,
        /// The way it goes, and those it goes instead where a quota says so. Never empty.
        ways: Vec<Way>,
    },
}

/// One way for an action to go.
pub struct Way {
    /// The provider.
    pub provider: ProviderName,
    /// The request to send.
    pub prepared: Arc<Prepared>,
    /// What its sends share limits with.
    pub lane: Arc<str>,
    /// After this instant it is not sent any more.
    pub give_up_at: Timestamp,
    /// How its row begins.
    pub birth: Birth,
    /// What it is charged to.
    pub quotas: Vec<QuotaCheck>,
}

/// How a row begins.
#[derive(Clone, Copy)]
pub enum Birth {
    /// Owned by the writing process, which works on it at once.
    Owned(OwnerId),
    /// Unowned and due at an instant.
    Due(Timestamp),
}

/// What came of an admission.
pub enum Admitted {
    /// The row was written, to go one of the ways.
    Open {
        /// Its position.
        seq: Seq,
        /// Which way.
        way: usize,
        /// Quotas of that way which it goes over all the same, by their places.
        over: Vec<usize>,
    },
    /// The row was written, and it is over. One that was to replace a dead letter is not written.
    Ended(Outcome),
    /// Nothing was written: what it was to replace is no dead letter any more.
    NoLetter,
    /// A row with this id was there before, and stays as it is.
    Existing(Box<Record>),
}

/// A change of a row by its owner.
pub struct Settlement {
    /// The row.
    pub seq: Seq,
    /// The owner: the row changes only if it still is.
    pub owner: OwnerId,
    /// The row's fence when it became the owner's: the same owner may have claimed it anew since.
    pub fence: i64,
    /// Now.
    pub at: Timestamp,
    /// Provider calls made so far, in total.
    pub attempts: u32,
    /// Durable retries so far.
    pub rounds: u32,
    /// How often it was left behind by a process that died.
    pub takeovers: u32,
    /// The calls, as a JSON array.
    pub history: String,
    /// Whether a send that failed may have arrived. Never unset again.
    pub possible_duplicate: bool,
    /// Whether a caller waits for it. What nobody waits for may stand back behind admissions for a moment.
    pub waited_for: bool,
    /// The outcome.
    pub outcome: Outcome,
    /// The outcome as JSON.
    pub text: Arc<str>,
    /// What it is to give back if it is over without having left.
    pub refund: Option<Charges>,
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

/// A sign of life of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// The process.
    pub owner: OwnerId,
    /// How often it renewed its lease.
    pub count: i64,
}

/// A request for due rows.
#[derive(Clone)]
pub struct Claim {
    /// Who will own them.
    pub owner: OwnerId,
    /// Now: rows due later stay.
    pub now: Timestamp,
    /// From where.
    pub lane: ClaimLane,
    /// How many at most.
    pub limit: usize,
}

/// Which rows to claim.
#[derive(Clone)]
pub enum ClaimLane {
    /// Those of one lane.
    Lane(Arc<str>),
    /// Those of any lane that should be given up by now: their providers may no longer be configured.
    Overdue,
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
    /// The word of the verdict.
    pub verdict: String,
    /// The rule that decided.
    pub rule: Option<Arc<str>>,
    /// The provider that it goes through.
    pub provider: ProviderName,
    /// What the gate took for it.
    pub charges: Charges,
    /// The request to send.
    pub prepared: Option<Arc<Prepared>>,
    /// When it was written.
    pub accepted_at: Timestamp,
    /// After this instant it is not sent any more.
    pub give_up_at: Timestamp,
    /// Its state.
    pub state: State,
    /// Whether a process works on it.
    pub owned: bool,
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
    /// The calls, as a JSON array.
    pub history: String,
    /// The outcome so far.
    pub outcome: Option<Arc<str>>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}
