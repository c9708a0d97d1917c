//! Decisions about an action: what a dispatch does with it, and what it would do.

pub(crate) mod conditions;
pub(crate) mod dry_run;
mod now;
pub(crate) mod plan;
pub(crate) mod plan_context;
mod profile_data;
pub(crate) mod route;
pub(crate) mod templated;
