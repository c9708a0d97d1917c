//! Other changes of approvals from outside: passed on, reminded of, cancelled.

use std::time::Duration;

use acteon_core::Timestamp;
use acteon_core::limits::MAX_APPROVERS;

use super::body::{Approval, Delegation, EndedBy};
use super::decide::{Voter, comment};
use super::people::Person;
use super::status::{Refusal, Status};

/// Shortest time between reminders that people ask for.
const REMINDERS_EVERY: Duration = Duration::from_mins(1);

/// Most reminders of an approval, those that come by themselves among them.
const MAX_ROUNDS: u32 = 1000;

/// Passes a person's decision on to another, who decides in their place from now on.
pub fn delegate(
    approval: &mut Approval,
    voter: Voter<'_>,
    to: Person,
    why: Option<&str>,
    (now, due_now): (Timestamp, Timestamp),
) -> Result<(), Refusal> {
    approval.check_pending(due_now)?;
    let cannot = |why| Err(Refusal::CannotPassOn(to.id.clone(), why));
    if approval.is_open_to_all() {
        return cannot("nobody is named who decides; pass on the link");
    }
    let from = approval.decider(voter)?.id.clone();
    if to.is(&from) {
        return cannot("that is who decides now");
    }
    if approval.policy.separate && to.asked(&approval.requester) {
        return cannot("who asks may not decide");
    }
    if approval.deciders().iter().any(|decider| decider.is(&to.id)) {
        return cannot("they decide about it themselves");
    }
    if approval.passed_on(&to.id).is_some() {
        return cannot("they have passed it on themselves");
    }
    if approval.delegations.len() >= MAX_APPROVERS {
        return cannot("it has been passed on as often as it may be");
    }
    let comment = comment(why)?;
    approval.delegations.push(Delegation {
        from,
        to,
        way: voter.way(),
        at: now,
        comment,
    });
    approval.updated_at = now;
    Ok(())
}

/// Whether somebody has a decision that they may pass on.
pub fn may_delegate(
    approval: &Approval,
    voter: Voter<'_>,
    due_now: Timestamp,
) -> Result<(), Refusal> {
    approval.check_pending(due_now)?;
    if approval.is_open_to_all() {
        return Ok(());
    }
    approval.decider(voter).map(drop)
}

/// Asks for a reminder of everybody who has not decided.
pub fn remind(
    approval: &mut Approval,
    (now, due_now): (Timestamp, Timestamp),
) -> Result<(), Refusal> {
    approval.check_pending(due_now)?;
    let refuse = |why| Err(Refusal::NotReminded(why));
    if approval.policy.notify_provider.is_none() {
        return refuse("it tells nobody: its policy has no notify_provider");
    }
    let last = approval
        .reminded_at
        .filter(|last| now.since(*last) < REMINDERS_EVERY && *last <= now);
    if last.is_some() {
        return refuse("everybody was reminded less than a minute ago");
    }
    if approval.rounds >= MAX_ROUNDS {
        return refuse("everybody was reminded as often as may be");
    }
    approval.remind = Some(now);
    approval.reminded_at = Some(now);
    approval.updated_at = now;
    Ok(())
}

/// Ends it without a decision.
pub fn cancel(
    approval: &mut Approval,
    by: &str,
    why: Option<&str>,
    (now, due_now): (Timestamp, Timestamp),
) -> Result<(), Refusal> {
    approval.check_pending(due_now)?;
    let comment = comment(why)?;
    approval.end(Status::Cancelled, (EndedBy::Cancelled, by), comment, now);
    Ok(())
}
