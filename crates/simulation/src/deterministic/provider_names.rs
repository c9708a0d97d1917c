//! Names of the providers of a run; each is an address of the one service.

/// Provider that may send several messages at a time, and has a budget for each member.
pub(super) const PLAIN: &str = "p";
/// Provider that holds the actions whose failure people must repair.
pub(super) const HELD: &str = "held";
/// Provider that sends one message at a time, and so in order; holds the actions whose failure people must repair.
pub(super) const ORDERED: &str = "ordered";
