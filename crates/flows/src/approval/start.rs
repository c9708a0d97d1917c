//! Beginnings of approvals.

use std::time::Duration;

use acteon_core::limits::{MAX_APPROVAL_MESSAGE_BYTES, MAX_APPROVERS, MAX_ERROR_BYTES};
use acteon_core::{Action, ApprovalPolicy, Requesters, Timestamp, json::head};
use serde::Deserialize;

use super::body::{Approval, EndedBy, VERSION, invalid};
use super::people::{Approver, Directory, UnknownApprover};
use super::status::Status;
use crate::chain::{ApprovalStart, Parent};
use crate::kind::InvalidBody;

/// Approval that a rule asks for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Action that goes if it is approved.
    pub origin: Action,
    /// Who caused it.
    pub requester: Requesters,
    /// Name of the rule.
    pub rule: String,
    /// Policy of the rule.
    pub policy: ApprovalPolicy,
}

/// What every body says, whichever shape it has.
#[derive(Deserialize)]
struct Outline {
    #[serde(default)]
    v: Option<u32>,
    #[serde(default)]
    parent: Option<Parent>,
}

impl Asked {
    /// Approval that begins. Where nobody could decide about it, it is cancelled at once, and its comment says why.
    pub fn begin(self, directory: &dyn Directory, now: Timestamp, due_now: Timestamp) -> Approval {
        let by = (self.origin, self.requester);
        let mut approval = begin(by, self.policy, directory, now, due_now);
        approval.end_with_action(due_now);
        approval.rule = Some(self.rule);
        approval
    }
}

/// Step of a chain that a body waits for.
pub fn parent(body: &str) -> Result<Option<Parent>, InvalidBody> {
    let outline: Outline = serde_json::from_str(body).map_err(|error| invalid(&error))?;
    Ok(outline.parent)
}

/// Whether a body is that of an approval that took a step, and not what a chain left for the first.
pub(super) fn has_begun(body: &str) -> Result<bool, InvalidBody> {
    let outline: Outline = serde_json::from_str(body).map_err(|error| invalid(&error))?;
    Ok(outline.v.is_some())
}

/// Approval as it is stored. One that a chain has begun and that took no step yet begins now.
pub fn open(
    body: &str,
    directory: &dyn Directory,
    now: Timestamp,
    due_now: Timestamp,
) -> Result<Approval, InvalidBody> {
    let outline: Outline = serde_json::from_str(body).map_err(|error| invalid(&error))?;
    match outline.v {
        Some(VERSION) => serde_json::from_str(body).map_err(|error| invalid(&error)),
        Some(v) => Err(InvalidBody(format!(
            "of an approval: it has the shape of version {v}, and this program knows {VERSION}; run the program that wrote it, or a newer one"
        ))),
        None => {
            let start: ApprovalStart =
                serde_json::from_str(body).map_err(|error| invalid(&error))?;
            Ok(of_chain(start, directory, now, due_now))
        }
    }
}

fn of_chain(
    start: ApprovalStart,
    directory: &dyn Directory,
    now: Timestamp,
    due_now: Timestamp,
) -> Approval {
    let by = (start.origin, start.requester);
    let read: Result<ApprovalPolicy, _> = serde_json::from_str(start.policy.get());
    let mut approval = match read {
        Ok(policy) => begin(by, shortened(policy), directory, now, due_now),
        Err(error) => {
            let mut approval = begin(by, ApprovalPolicy::plain(), directory, now, due_now);
            let why = format!("its policy cannot be read: {error}");
            approval.fault(&why, now);
            approval
        }
    };
    approval.parent = Some(start.parent);
    approval.chain_name = Some(start.chain_name);
    approval
}

/// Policy whose message is as short as it may be: its author could not know how long it would be.
fn shortened(mut policy: ApprovalPolicy) -> ApprovalPolicy {
    if let Some(message) = &mut policy.message {
        let kept = head(message, MAX_APPROVAL_MESSAGE_BYTES).len();
        message.truncate(kept);
    }
    policy
}

fn begin(
    (mut origin, requester): (Action, Requesters),
    policy: ApprovalPolicy,
    directory: &dyn Directory,
    now: Timestamp,
    due_now: Timestamp,
) -> Approval {
    // What is approved goes as long after it was posted as its caller said, and not after it was approved.
    origin.scheduled_at = origin.scheduled_for(now);
    origin.delay_seconds = None;
    let seconds = Duration::from_secs;
    let timeout = seconds(policy.timeout_seconds);
    let later = |after: u64| due_now + seconds(after);
    let mut faults: Vec<String> = Vec::new();
    for problem in policy.problems() {
        faults.push(format!("{} {}", problem.key, problem.message));
    }
    if policy.separate
        && let Some(why) = requester.lost()
    {
        faults.push(format!(
            "separate cannot be kept, since who asks is not all known: {why}"
        ));
    }
    let approvers = resolve(directory, &policy.approvers, &mut faults);
    let escalation = resolve(directory, &policy.escalate_to, &mut faults);
    let mut approval = Approval {
        v: VERSION,
        origin,
        requester,
        rule: None,
        parent: None,
        chain_name: None,
        approvers,
        escalation,
        status: Status::Pending,
        decisions: Vec::new(),
        delegations: Vec::new(),
        decided_by: None,
        ended_by: None,
        comment: None,
        started_at: now,
        updated_at: now,
        decided_at: None,
        escalated_at: None,
        expires_at: now + timeout,
        expires_due: due_now + timeout,
        escalate_due: policy.escalate_after_seconds.map(later),
        remind_due: policy.remind_every_seconds.map(later),
        told: Vec::new(),
        cards: Vec::new(),
        rounds: 0,
        remind: None,
        reminded_at: None,
        policy,
    };
    if faults.is_empty() && !approval.is_open_to_all() {
        faults.extend(approval.out_of_reach());
    }
    if !faults.is_empty() {
        approval.fault(&faults.join("; "), now);
    }
    approval
}

/// People of the entries. What is not known is a fault.
fn resolve(
    directory: &dyn Directory,
    entries: &[String],
    faults: &mut Vec<String>,
) -> Vec<Approver> {
    let mut approvers = Vec::with_capacity(entries.len());
    for entry in entries {
        match directory.resolve(entry) {
            Ok(people) => approvers.push(Approver {
                entry: entry.clone(),
                people,
            }),
            Err(UnknownApprover { entry, why }) => faults.push(format!("{entry:?} {why}")),
        }
    }
    let people: usize = approvers.iter().map(|approver| approver.people.len()).sum();
    if people > MAX_APPROVERS {
        faults.push(format!(
            "{people} people would decide, at most {MAX_APPROVERS} are allowed"
        ));
    }
    approvers
}

impl Approval {
    /// Ends the time to decide with the action's own: what is approved after it would not be sent.
    fn end_with_action(&mut self, due_now: Timestamp) {
        if let Some(end) = self.origin.expires_at.filter(|end| *end < self.expires_at) {
            self.expires_due = due_now + end.since(self.started_at);
            self.expires_at = end;
        }
    }

    /// Ends what could not be asked for.
    fn fault(&mut self, why: &str, now: Timestamp) {
        let comment = Some(head(why, MAX_ERROR_BYTES).to_owned());
        self.end(Status::Cancelled, (EndedBy::Fault, ""), comment, now);
    }
}
