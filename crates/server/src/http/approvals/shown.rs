//! Approvals as the API shows them.

use acteon_api::{ApprovalBody, ApprovalDecided, ApprovalDecision, ApprovalDelegation};
use acteon_gateway::{Decided, ShownApproval};

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
    let chain = approval.parent.as_ref().map(|parent| &parent.chain);
    ApprovalBody {
        id: shown.id.clone(),
        token: shown.id.clone(),
        namespace: shown.namespace.to_string(),
        tenant: shown.tenant.to_string(),
        status: status.to_owned(),
        rule: approval.rule.clone().unwrap_or_default(),
        chain_id: chain.cloned(),
        action_id: origin.id.to_string(),
        provider: origin.provider.to_string(),
        action_type: origin.action_type.to_string(),
        payload: None,
        requester: approval.requester.clone(),
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
    }
}

/// Approval with the payload of its action.
pub(in crate::http) fn whole(shown: &ShownApproval) -> ApprovalBody {
    let payload = shown.approval.origin.payload.get();
    ApprovalBody {
        payload: serde_json::from_str(payload).ok(),
        ..listed(shown)
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
        outcome: outcome.and_then(|outcome| {
            serde_json::from_str(&crate::http::routes::dispatch::wire(outcome, false)).ok()
        }),
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
        })
        .collect()
}
