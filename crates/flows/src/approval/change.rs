//! Other changes of approvals from outside: reminded of, cancelled.

use std::time::Duration;

use acteon_core::Timestamp;

use super::body::{Approval, EndedBy};
use super::decide::comment;
use super::status::{Refusal, Status};

/// Shortest time between reminders that people ask for.
const REMINDERS_EVERY: Duration = Duration::from_mins(1);

/// Most reminders of an approval, those that come by themselves among them.
const MAX_ROUNDS: u32 = 1000;

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

/// Ends it without a decision. `due_now` is `None` of one that is stuck: nothing came of the end of its time.
pub fn cancel(
    approval: &mut Approval,
    by: &str,
    why: Option<&str>,
    (now, due_now): (Timestamp, Option<Timestamp>),
) -> Result<(), Refusal> {
    match due_now {
        Some(due_now) => approval.check_pending(due_now)?,
        None if approval.status != Status::Pending => {
            return Err(Refusal::Settled(approval.status));
        }
        None => {}
    }
    let comment = comment(why)?;
    approval.end(Status::Cancelled, (EndedBy::Cancelled, by), comment, now);
    Ok(())
}
