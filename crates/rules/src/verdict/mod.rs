//! Verdicts: what a rule says about an action that it matches, one file for each.
//!
//! A file holds the [`VerdictEntry`] of its verdict: the keys that its `action` takes in a rules file, how
//! they are read, and what the playground calls it. [`entry`] lists the files; the compiler names
//! it, and every other place, when a verdict is added to [`VerdictKind`].

mod allow;
mod chain;
mod deduplicate;
mod deny;
mod entry;
mod modify;
mod read;
mod request_approval;
mod reroute;
mod schedule;
mod suppress;
mod throttle;

use acteon_core::VerdictKind;

use entry::VerdictEntry;

/// Entry of a verdict.
pub(crate) const fn entry(kind: VerdictKind) -> &'static VerdictEntry {
    match kind {
        VerdictKind::Allow => &allow::ENTRY,
        VerdictKind::Deny => &deny::ENTRY,
        VerdictKind::Suppress => &suppress::ENTRY,
        VerdictKind::Deduplicate => &deduplicate::ENTRY,
        VerdictKind::Reroute => &reroute::ENTRY,
        VerdictKind::Throttle => &throttle::ENTRY,
        VerdictKind::Modify => &modify::ENTRY,
        VerdictKind::Schedule => &schedule::ENTRY,
        VerdictKind::Chain => &chain::ENTRY,
        VerdictKind::RequestApproval => &request_approval::ENTRY,
    }
}
