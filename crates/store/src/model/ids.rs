//! What a row is known by: its position, its owner, its state.

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
