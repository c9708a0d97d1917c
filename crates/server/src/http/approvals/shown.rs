//! Approvals as the API shows them.

use acteon_api::{ApprovalBody, ApprovalDecided, ApprovalDecision, ApprovalDelegation};
use acteon_gateway::{AnyApproval, Decided, ShownApproval, UnreadableApproval};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::http::routes::dispatch::wire;

/// Word of an approval that cannot go on by itself.
const STUCK: &str = "stuck";

/// Approval as a list shows it, without the payload of its action.
pub(in crate::http) fn listed(shown: &ShownApproval) -> ApprovalBody {
    let approval = &shown.approval;
    let origin = &approval.origin;
    let status = if shown.is_stuck {
        STUCK
    } else {
        approval.status.as_str()
    };
    let parent = approval.parent.as_ref();
    ApprovalBody {
        id: shown.id.clone(),
        token: shown.id.clone(),
        namespace: shown.namespace.to_string(),
        tenant: shown.tenant.to_string(),
        status: status.to_owned(),
        rule: approval.rule.clone().unwrap_or_default(),
        chain_id: parent.map(|parent| parent.chain.clone()),
        chain_name: approval.chain_name.clone(),
        step: parent.map(|parent| parent.step.clone()),
        action_id: origin.id.to_string(),
        provider: origin.provider.to_string(),
        action_type: origin.action_type.to_string(),
        payload: None,
        requester: approval.requester.to_string(),
        message: approval.policy.message.clone(),
        approvers: approval.policy.approvers.clone(),
        approvals_needed: approval.approvals_needed(),
        approvals_missing: approval.approvals_missing(),
        decisions: decisions(shown),
        delegations: delegations(shown),
        created_at: approval.started_at.to_string(),
        expires_at: approval.expires_at.to_string(),
        escalated_at: approval.escalated_at.map(|at| at.to_string()),
        decided_at: approval.decided_at.map(|at| at.to_string()),
        decided_by: approval.decided_by.clone(),
        comment: approval.comment.clone(),
        action_expires_at: origin.expires_at.map(|at| at.to_string()),
        scheduled_at: origin.scheduled_at.map(|at| at.to_string()),
        approved_action_id: shown.approved_action_id().map(|id| id.to_string()),
        outcome: None,
    }
}

/// Approval of a list, as far as it can be read.
pub(in crate::http) fn any(found: &AnyApproval) -> ApprovalBody {
    match found {
        AnyApproval::Read(shown) => listed(shown),
        AnyApproval::Unreadable(found) => unreadable(found),
    }
}

/// Approval of which only its row can be read: its comment says why.
fn unreadable(found: &UnreadableApproval) -> ApprovalBody {
    let updated_at = found.updated_at.to_string();
    ApprovalBody {
        id: found.id.clone(),
        token: found.id.clone(),
        namespace: found.namespace.to_string(),
        tenant: found.tenant.to_string(),
        status: found.status.clone(),
        rule: String::new(),
        chain_id: None,
        chain_name: None,
        step: None,
        action_id: String::new(),
        provider: String::new(),
        action_type: String::new(),
        payload: None,
        requester: String::new(),
        message: None,
        approvers: Vec::new(),
        approvals_needed: 0,
        approvals_missing: 0,
        decisions: Vec::new(),
        delegations: Vec::new(),
        created_at: found.created_at.to_string(),
        expires_at: found.expires_at.clone().unwrap_or(updated_at),
        escalated_at: None,
        decided_at: None,
        decided_by: None,
        comment: Some(found.why.clone()),
        action_expires_at: None,
        scheduled_at: None,
        approved_action_id: None,
        outcome: None,
    }
}

/// Approval with what is written as it is stored, to the last digit.
#[derive(Serialize)]
pub(in crate::http) struct WholeApproval {
    #[serde(flatten)]
    approval: ApprovalBody,
    payload: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Box<RawValue>>,
}

/// Approval with the payload of its action.
pub(in crate::http) fn whole(shown: &ShownApproval) -> WholeApproval {
    let outcome = shown.came.as_ref().map(|came| came.outcome.to_json());
    let outcome = outcome.map(|outcome| wire(&outcome, false).into_owned());
    WholeApproval {
        approval: listed(shown),
        payload: shown.approval.origin.payload.clone(),
        outcome: outcome.and_then(|outcome| RawValue::from_string(outcome).ok()),
    }
}

/// Approval with the payload of its action, where that can be read.
pub(in crate::http) fn whole_of_any(found: &AnyApproval) -> WholeApproval {
    match found {
        AnyApproval::Read(shown) => whole(shown),
        AnyApproval::Unreadable(found) => WholeApproval {
            approval: unreadable(found),
            payload: RawValue::NULL.to_owned(),
            outcome: None,
        },
    }
}

/// Answer to a decision.
pub(in crate::http) fn decided(decided: &Decided) -> ApprovalDecided {
    let approval = &decided.shown.approval;
    let outcome = decided.outcome.as_deref();
    ApprovalDecided {
        id: decided.shown.id.clone(),
        status: approval.status.as_str().to_owned(),
        approvals_missing: approval.approvals_missing(),
        outcome: outcome.and_then(|outcome| serde_json::from_str(&wire(outcome, false)).ok()),
    }
}

fn decisions(shown: &ShownApproval) -> Vec<ApprovalDecision> {
    let decisions = shown.approval.decisions.iter();
    decisions
        .map(|decision| ApprovalDecision {
            by: decision.by.clone(),
            decision: decision.choice.as_str().to_owned(),
            way: decision.way.as_str().to_owned(),
            at: decision.at.to_string(),
            comment: decision.comment.clone(),
        })
        .collect()
}

fn delegations(shown: &ShownApproval) -> Vec<ApprovalDelegation> {
    let delegations = shown.approval.delegations.iter();
    delegations
        .map(|delegation| ApprovalDelegation {
            from: delegation.from.clone(),
            to: delegation.to.id.clone(),
            at: delegation.at.to_string(),
            comment: delegation.comment.clone(),
            taken_back_at: delegation.taken_back_at.map(|at| at.to_string()),
        })
        .collect()
}
