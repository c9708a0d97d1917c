//! Decisions about an action: what a dispatch does with it, and what it would do.

mod changed;
pub(crate) mod conditions;
pub(crate) mod dry_run;
pub(crate) mod now;
pub(crate) mod outgoing;
pub(crate) mod plan;
pub(crate) mod plan_context;
mod posing;
mod profile_data;
mod refused;
pub(crate) mod route;
pub(crate) mod templated;
