//! The gateway: the way of an action from its acceptance to its outcome.
//!
//! ```text
//! ADMIT   limits, authority                          the caller of this crate
//! DECIDE  rules, silences, calendars, request, lane  plan.rs, policies/      pure
//! GATE    keys, windows, quotas, the action's row,
//!         in one group commit                        dispatch.rs
//! ACT     lane, budget, send, quick retries          deliver.rs, lane/, budget.rs
//! RECORD  attempts and outcome, in one group commit  record.rs    the one place that writes an outcome
//! ```
//!
//! A synchronous dispatch is a row that its own process claimed at birth; everything else that is due - retries, rows that found no room in
//! memory, rows of a process that died - is claimed by the runner, and goes the same way from ACT on.

#![deny(missing_docs)]

mod age;
mod answer;
mod asking;
mod attempt;
mod backlog;
mod batch;
mod breaker;
mod budget;
mod call;
mod deliver;
mod dispatch;
mod dry_run;
mod due_clock;
mod elsewhere;
mod gateway;
mod health;
mod held;
mod history;
mod housekeeping;
mod known;
mod lane;
mod lease;
mod lease_keeper;
mod memory;
mod notices;
mod observe;
mod offload;
mod outage;
mod pending;
mod plan;
mod policies;
mod ready;
mod reconcile;
mod record;
mod redaction;
mod registry;
mod reloads;
mod repair;
mod repeat;
mod replay;
mod retention_clock;
mod retry;
mod runner;
mod send_turn;
mod sender;
mod shares;
mod stats;
mod store_health;
mod view;
mod waiters;
mod ways;

pub use answer::{Answer, DispatchError, Wait};
pub use backlog::Backlog;
pub use batch::{InOrder, places_in_order};
pub use breaker::{BreakerPolicy, Breakers};
pub use gateway::{Gateway, GatewayOptions, Keep, Parts};
pub use health::{HealthFinding, ProviderHealth};
pub use lane::{LaneMode, LaneStatus};
pub use lease::LeaseTimes;
pub use observe::{AttemptEvent, Observer, OutcomeEvent, OutcomeKind};
pub use policies::{
    OverageSpec, PolicyError, Quota, QuotaChange, QuotaUsage, Silence, SilenceChange,
    SilencePreview, StoredInterval, Window,
};
pub use redaction::{InvalidPath, Redaction};
pub use registry::{Registry, RegistryError};
pub use reloads::{Reloads, TroubleTurn};
pub use repair::{OnRepairable, ToRepair};
pub use replay::{REPLAY_IDS, ReplayCursor, ReplayPage, ReplayRequest, ReplayResult, Replayed};
pub use retry::RetryPolicy;
pub use shares::{OpenLimits, QueueFull};
pub use stats::Snapshot;
pub use view::{ActionPage, ActionView};
