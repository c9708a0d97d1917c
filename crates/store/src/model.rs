//! What goes into the store and comes out of it.

use std::sync::Arc;

use acteon_core::{Action, Namespace, Origin, Prepared, Tenant, Timestamp};

/// The position of an action in the journal: grows with every admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub i64);

/// A gateway process, for as long as it lives. Never 0, which is nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OwnerId(pub i64);

/// Whose rows a caller may see. `None` is everything, for a caller with wildcard grants.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Exactly this namespace.
    pub namespace: Option<Namespace>,
    /// Exactly this tenant.
    pub tenant: Option<Tenant>,
}

/// The state of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// To be worked on, now or later.
    Open,
    /// Ended well.
    Done,
    /// Ended badly: a dead letter.
    Dead,
}

/// An action to be written.
pub struct Admission {
    /// The action.
    pub action: Arc<Action>,
    /// Where it came from.
    pub origin: Origin,
    /// The request to send; `None` when none could be prepared.
    pub prepared: Option<Arc<Prepared>>,
    /// What its sends share limits with.
    pub lane: Arc<str>,
    /// Now.
    pub accepted_at: Timestamp,
    /// After this instant it is not sent any more.
    pub give_up_at: Timestamp,
    /// How its row begins.
    pub birth: Birth,
}

/// How a row begins.
pub enum Birth {
    /// Owned by the writing process, which works on it at once.
    Owned(OwnerId),
    /// Unowned and due at an instant.
    Due(Timestamp),
    /// Dead at once, with this outcome: there is nothing to send.
    Dead(Arc<str>),
}

/// What came of an admission.
pub enum Admitted {
    /// The row was written.
    New(Seq),
    /// A row with this id was there before, and stays as it is.
    Existing(Box<Record>),
}

/// A change of a row by its owner.
pub struct Settlement {
    /// The row.
    pub seq: Seq,
    /// The owner: the row changes only if it still is.
    pub owner: OwnerId,
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
    /// The change.
    pub change: Change,
}

/// What a settlement changes.
pub enum Change {
    /// Ends well with this outcome.
    Done(Arc<str>),
    /// Ends badly with this outcome.
    Dead(Arc<str>),
    /// Back to nobody, due at this instant; the outcome so far.
    Again(Timestamp, Arc<str>),
}

/// What came of a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The row was changed.
    Written,
    /// The row is no longer the owner's.
    Fenced,
}

/// The right of a process to hold rows.
#[derive(Clone, Copy, Debug)]
pub struct Fence {
    /// The process.
    pub owner: OwnerId,
    /// Until when, unless renewed.
    pub until: Timestamp,
}

/// A request for due rows.
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

/// A page of dead letters, newest first.
pub struct DeadLetterPage {
    /// The rows.
    pub records: Vec<Record>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<Seq>,
}
