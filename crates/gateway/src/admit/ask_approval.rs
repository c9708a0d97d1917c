//! ASK: the outcome of an action that people decide about, and the approval that begins in the commit of it.

use acteon_core::{Outcome, Requesters};
use acteon_flows::approval::{ApprovalFlow, Asked, Status};
use acteon_store::{Begin, FlowKey, FlowState};

use crate::approvals::links::UNSIGNED;
use crate::approvals::notices::tells_somebody;
use crate::decide::plan::Ask;
use crate::shared::Inner;

/// Outcome of an action that people decide about, and the first state of the approval. Its id is made here, and written with the outcome: who asks for
/// the same action again is told of the same approval. Where nobody could decide, nothing begins.
pub(super) fn asked(
    inner: &Inner,
    requester: Requesters,
    rule: Option<&str>,
    ask: Ask,
) -> (Outcome, Option<Begin>) {
    let (now, due_now) = (inner.clock.now(), inner.due.now());
    let asked = Asked {
        origin: ask.origin,
        requester,
        rule: rule.unwrap_or_default().to_owned(),
        policy: ask.policy,
    };
    let approval = asked.begin(&*inner.approvals.directory, now, due_now);
    if approval.status != Status::Pending {
        let why = approval.comment.unwrap_or_default();
        return (
            failed(format!("its approval could not be asked for: {why}")),
            None,
        );
    }
    let id = inner.entropy.action_id(now).to_string();
    let body = match approval.to_json() {
        Ok(body) => body,
        Err(error) => return (failed(error.to_string()), None),
    };
    let outcome = Outcome::PendingApproval {
        approval_id: id.clone(),
        expires_at: approval.expires_at,
        approve_url: UNSIGNED.to_owned(),
        reject_url: UNSIGNED.to_owned(),
        notification_sent: tells_somebody(&inner.providers, &approval),
        matched_rule: rule.map(str::to_owned),
    };
    let begin = Begin {
        key: FlowKey::new(ApprovalFlow::NAME, &id),
        namespace: approval.origin.namespace.clone(),
        tenant: approval.origin.tenant.clone(),
        state: FlowState {
            status: approval.status.as_str().into(),
            body: body.into(),
            due_at: Some(due_now),
            is_over: false,
        },
    };
    (outcome, Some(begin))
}

fn failed(message: String) -> Outcome {
    Outcome::Failed {
        code: "APPROVAL_NOT_ASKED".into(),
        message,
        retryable: false,
        attempts: 0,
    }
}
