//! Identity of a row: position, owner, hold; and its state.

/// Position of an action in the journal; higher with every admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub i64);

/// Id of a gateway process, for as long as it lives. 0 stands for no owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OwnerId(pub i64);

impl OwnerId {
    /// No process: the owner of a row that waits.
    pub const NOBODY: Self = Self(0);
}

/// State of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionState {
    /// Accepted and not over: to be delivered now or later.
    Open,
    /// Over, sent or as the rules want it.
    Done,
    /// Over, as a dead letter.
    Dead,
    /// Refused for now: the same request is decided again.
    Refused,
    /// Dead letter that was replayed, drained or taken off the list.
    Discarded,
}

/// Hold of a process on a row, from its claim or admission until the row is settled. Each has a fence of its own, so that a change that a process
/// repeats does not touch what it claimed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hold {
    /// Position of the row.
    pub seq: Seq,
    /// Process that owns it.
    pub owner: OwnerId,
    /// Fence of the row when the process became its owner: 0 at the admission.
    pub fence: i64,
}
