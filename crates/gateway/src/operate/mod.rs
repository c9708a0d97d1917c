//! Operation: health, backlog, replays, reloads and retention, as operators see them.

mod as_posted;
pub(crate) mod backlog;
pub(crate) mod breakers;
pub(crate) mod call_off;
pub(crate) mod chains;
mod contended;
pub(crate) mod count_backlog;
pub(crate) mod flow_retention;
pub(crate) mod health;
pub(crate) mod housekeeping;
pub(crate) mod lanes;
pub(crate) mod last_check;
pub(crate) mod providers;
pub(crate) mod recurring;
pub(crate) mod reloads;
pub(crate) mod replace;
pub(crate) mod replay;
pub(crate) mod replay_page;
pub(crate) mod requesters;
pub(crate) mod retention_clock;
pub(crate) mod scheduled;
pub(crate) mod store_health;
pub(crate) mod store_watch;
pub(crate) mod used_calendars;
