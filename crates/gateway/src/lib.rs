//! The gateway: the way of an action from its acceptance to its outcome.
//!
//! ```text
//! ADMIT   limits, authority                          the caller of this crate
//! DECIDE  rules, silences, calendars, request, lane  decide/plan.rs, policies/  pure
//! GATE    keys, windows, quotas, the action's row,
//!         in one group commit                        admit/accept.rs
//! ACT     lane, budget, send, quick retries          deliver/quick_retry.rs, lane/
//! SETTLE  attempts and outcome, in one group commit  deliver/settle.rs    the only module that writes an outcome
//! ```
//!
//! A synchronous dispatch is a row that its own process claimed at birth; everything else that is due - retries, rows that found no room in
//! memory, rows of a process that died - is claimed by the runner, and goes the same way from ACT on.

mod admit;
mod approvals;
mod cards;
mod cluster;
mod decide;
mod deliver;
mod flows;
mod history;
mod lane;
mod memory;
mod observe;
mod offload;
mod operate;
mod policies;
mod registry;
mod runner;
mod shared;
mod start;
mod stop;
mod stream;
#[cfg(test)]
mod testing;

pub use admit::answer::{DispatchAnswer, DispatchError, Wait};
pub use admit::batch::{InOrder, items_in_order};
pub use admit::flow_shares::FlowLimits;
pub use admit::shares::{OpenLimits, QueueFull};
pub use approvals::{
    AnyApproval, ApprovalError, ApprovalList, ApprovalOptions, ApprovalPart, Came, Decided,
    Decider, Ended, Kept, KeyNames, KnownPeople, Link, LinkTarget, LinkUse, LinkedApproval,
    PassingOn, ShownApproval, SignInBegun, SignInEnded, SignInReturn, UnreadableApproval,
    approval_warnings,
};
pub use cards::receive::CallbackError;
pub use cluster::lease::LeaseTimes;
pub use deliver::breaker::{BreakerPolicy, Breakers};
pub use deliver::retry::RetryPolicy;
pub use deliver::to_repair::{OnRepairable, ToRepair};
pub use flows::kinds::FlowKinds;
pub use history::redaction::{InvalidPath, REDACTED, Redaction};
pub use history::search::{Search, SearchPage};
pub use history::stats::Snapshot;
pub use history::view::{ActionPage, ActionView};
pub use lane::{LaneMode, LaneStatus};
pub use observe::{AttemptEvent, Observer, OutcomeEvent, OutcomeKind};
pub use operate::backlog::Backlog;
pub use operate::chains::{ChainFilter, ChainList, ChainSummary, Execution, ExecutionError};
pub use operate::health::ProviderHealth;
pub use operate::last_check::HealthFinding;
pub use operate::recurring::{
    Backfilled, MAX_BACKFILL, Once, RecurringAction, RecurringError, RecurringList, RecurringPart,
    Upcoming, UpcomingList,
};
pub use operate::reloads::{Reloads, TroubleTurn};
pub use operate::replace::CannotReplace;
pub use operate::replay::{REPLAY_IDS, ReplayResult, Replayed};
pub use operate::replay_page::{ReplayCursor, ReplayPage, ReplayRequest};
pub use operate::scheduled::{ScheduleError, ScheduledAction, ScheduledList};
pub use policies::{
    AskCheck, ChainError, FieldSource, Made, MissingName, OverageSpec, PolicyError, Profile,
    ProfileChange, Quota, QuotaChange, QuotaUsage, Rendered, Silence, SilenceChange,
    SilencePreview, StoredInterval, Template, TemplateChange, Window, chain_problems,
    stored_people,
};
pub use registry::{Registry, RegistryError};
pub use shared::{Gateway, GatewayOptions, RetentionPolicy};
pub use start::Parts;
pub use stream::event::StreamEvent;
pub use stream::filter::StreamFilter;
pub use stream::reader::{StreamReader, Told};
pub use stream::subscribe::{ChainSubscription, Subscription};
