//! Approvals: a world around one, and what happens in it.

mod passing_on;
pub(crate) mod random;
mod steps;
pub(crate) mod world;
