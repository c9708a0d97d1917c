//! Names of the providers of a run, which are the service's addresses.

/// May send several at a time, and has a budget for each member.
pub(super) const PLAIN: &str = "p";
/// Holds what people must repair.
pub(super) const HELD: &str = "held";
/// Sends one at a time, and so in order; holds what people must repair.
pub(super) const ORDERED: &str = "ordered";
