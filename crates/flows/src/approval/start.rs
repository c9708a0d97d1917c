//! Beginnings of approvals.

use std::time::Duration;

use acteon_core::limits::{MAX_APPROVERS, MAX_ERROR_BYTES};
use acteon_core::{Action, ApprovalPolicy, Timestamp, json::head};
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
    /// Who posted it.
    pub requester: String,
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
        approval.rule = Some(self.rule);
        approval
    }
}

/// Step of a chain that a body waits for.
pub(super) fn parent(body: &str) -> Result<Option<Parent>, InvalidBody> {
    let outline: Outline = serde_json::from_str(body).map_err(|error| invalid(&error))?;
    Ok(outline.parent)
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
        Ok(policy) => begin(by, policy, directory, now, due_now),
        Err(error) => {
            let mut approval = begin(by, ApprovalPolicy::plain(), directory, now, due_now);
            let why = format!("its policy cannot be read: {error}");
            approval.fault(&why, now);
            approval
        }
    };
    approval.parent = Some(start.parent);
    approval
}

fn begin(
    (mut origin, requester): (Action, String),
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
    let approvers = resolve(directory, &policy.approvers, &mut faults);
    let escalation = resolve(directory, &policy.escalate_to, &mut faults);
    let mut approval = Approval {
        v: VERSION,
        origin,
        requester,
        rule: None,
        parent: None,
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
    /// Ends what could not be asked for.
    fn fault(&mut self, why: &str, now: Timestamp) {
        let comment = Some(head(why, MAX_ERROR_BYTES).to_owned());
        self.end(Status::Cancelled, (EndedBy::Fault, ""), comment, now);
    }
}
