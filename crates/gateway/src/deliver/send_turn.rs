//! Turns to send: a slot of the provider, and a permit of its lane.

use crate::lane::Rank;
use crate::lane::{AskedTurn, Permit};
use crate::registry::ProviderEntry;

/// Turn to make one call of a provider.
pub(crate) struct SendTurn {
    /// Permit of the lane, with a slot of the provider. Given back when it is dropped.
    pub(crate) permit: Permit,
}

impl SendTurn {
    /// Turn that is free now, at a provider that is ready. Taken before the commit that admits an
    /// action, it lets that commit say that the action may be sent: what has to wait needs another
    /// to say so.
    pub(crate) fn at_once(entry: &ProviderEntry) -> Option<Self> {
        if entry.provider().make_ready().is_some() {
            return None;
        }
        entry
            .lane
            .try_acquire(entry.sender)
            .map(|permit| Self { permit })
    }

    /// Asks for the next turn of an action's rank. Actions that are to keep their order ask before their tasks begin, which run as they come.
    pub(crate) fn ask(entry: &ProviderEntry, rank: Rank) -> AskedTurn {
        entry.lane.ask(entry.sender, rank)
    }
}
