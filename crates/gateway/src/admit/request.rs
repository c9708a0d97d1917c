//! Requests to dispatch, from a caller or from the gateway itself.

use acteon_core::{Action, Caller, Origin, Requesters};
use acteon_store::Seq;

/// Action to be accepted, and where it comes from.
pub(crate) struct DispatchRequest {
    pub(crate) action: Action,
    pub(crate) origin: Origin,
    pub(crate) caller: Caller,
    /// Principals that caused it: the caller, and whoever stands behind what is sent again or by the gateway itself.
    pub(crate) requester: Requesters,
    /// Dead letter that it is sent again for.
    pub(crate) letter: Option<Seq>,
    /// Whether it may have been sent before, under another id.
    pub(crate) possible_duplicate: bool,
}
