//! The gateway: the way of an action from its acceptance to its outcome.
//!
//! ```text
//! ADMIT   limits, authority                          the caller of this crate
//! DECIDE  verdict, request, lane                     plan.rs      pure
//! GATE    the action's row, in one group commit      dispatch.rs
//! ACT     lane, budget, send, quick retries          deliver.rs, lane/, budget.rs
//! RECORD  attempts and outcome, in one group commit  record.rs    the one place that writes an outcome
//! ```
//!
//! A synchronous dispatch is a row that its own process claimed at birth; everything else that is due - retries, rows that found no room in
//! memory, rows of a process that died - is claimed by the runner, and goes the same way from ACT on.

#![deny(missing_docs)]

mod budget;
mod dead_letters;
mod deliver;
mod dispatch;
mod gateway;
mod health;
mod lane;
mod lease;
mod observe;
mod plan;
mod record;
mod registry;
mod retry;
mod runner;
mod stats;
mod view;
mod waiters;

pub use dispatch::{Answer, DispatchError, Wait};
pub use gateway::{Gateway, GatewayOptions, Parts};
pub use health::{HealthFinding, ProviderHealth};
pub use observe::{AttemptEvent, Observer, OutcomeEvent, OutcomeKind};
pub use registry::{Registry, RegistryError};
pub use retry::RetryPolicy;
pub use stats::Snapshot;
pub use view::{ActionView, DeadLetterList};
