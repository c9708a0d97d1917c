//! `/v1/approvals/{namespace}/{tenant}/{id}`: approvals, for whoever has a link. Browsers get a page, programs JSON.

use std::sync::Arc;

use acteon_core::limits::MAX_NAME_BYTES;
use acteon_flows::approval::{Choice, Refusal as Unchanged};
use acteon_gateway::{ApprovalError, Decider, Link, LinkUse, LinkedApproval};
use axum::Json;
use axum::extract::State;
use axum::response::Response;

use crate::http::approvals::body::DelegationBody;
use crate::http::approvals::form::{comment, delegation};
use crate::http::approvals::link::Visit;
use crate::http::approvals::shown::{decided, listed};
use crate::http::approvals::sign_in::{Returned, send_to_sign_in};
use crate::http::approvals::{Visitor, Written};
use crate::http::extract::body::Incoming;
use crate::http::state::AppState;

pub(in crate::http) async fn open(State(state): State<Arc<AppState>>, visit: Visit) -> Response {
    look(&state, &visit, LinkUse::Open).await
}

pub(in crate::http) async fn look_to_approve(
    State(state): State<Arc<AppState>>,
    visit: Visit,
) -> Response {
    look(&state, &visit, LinkUse::Decide(Choice::Approve)).await
}

pub(in crate::http) async fn look_to_reject(
    State(state): State<Arc<AppState>>,
    visit: Visit,
) -> Response {
    look(&state, &visit, LinkUse::Decide(Choice::Reject)).await
}

pub(in crate::http) async fn approve(
    State(state): State<Arc<AppState>>,
    visit: Visit,
    body: Incoming,
) -> Response {
    decide(&state, &visit, Choice::Approve, body).await
}

pub(in crate::http) async fn reject(
    State(state): State<Arc<AppState>>,
    visit: Visit,
    body: Incoming,
) -> Response {
    decide(&state, &visit, Choice::Reject, body).await
}

/// Shows an approval, and changes nothing.
async fn look(state: &AppState, visit: &Visit, used_to: LinkUse) -> Response {
    let _turn = match state.reads.take().await {
        Ok(turn) => turn,
        Err(refusal) => return visit.visitor.refused(refusal),
    };
    let link = state.gateway.as_given_out(visit.link(used_to));
    match state.gateway.approval_of_link(&link).await {
        Ok(found) if visit.visitor.wants_page => visit.visitor.page().of(&found, None),
        Ok(found) => Visitor::json(Json(listed(&found.shown))),
        // A browser may be several people's: who was known in it is asked again.
        Err(ApprovalError::SignInNeeded(_) | ApprovalError::NotTheirs)
            if visit.visitor.wants_page =>
        {
            send_to_sign_in(state, visit, &link).await
        }
        Err(error) => visit.visitor.failed(error),
    }
}

/// Ends a sign-in, and leads to the link with which it began.
pub(in crate::http) async fn sign_in(
    State(state): State<Arc<AppState>>,
    returned: Returned,
) -> Response {
    returned.answer(&state).await
}

/// Writes a decision down.
async fn decide(state: &AppState, visit: &Visit, choice: Choice, body: Incoming) -> Response {
    let visitor = &visit.visitor;
    let comment = match comment(state, &visitor.headers, body).await {
        Ok(comment) => comment,
        Err(refusal) => return visitor.refused(refusal),
    };
    let link = visit.link(LinkUse::Decide(choice));
    let link = state.gateway.as_given_out(link);
    let decider = Decider::Link(&link);
    let answer = state
        .gateway
        .decide_approval(decider, choice, comment.as_deref())
        .await;
    match answer {
        // It is written: whatever follows, the page says so.
        Ok(answer) if visitor.wants_page => {
            let found = LinkedApproval::of(answer.shown, &link);
            visitor.page().after_decision(&found)
        }
        Ok(answer) => Visitor::json(Json(decided(&answer))),
        Err(
            error @ ApprovalError::Refused(Unchanged::NeedsComment | Unchanged::LongComment { .. }),
        ) if visitor.wants_page => {
            let comment = comment.unwrap_or_default();
            let written = Written {
                to: None,
                comment: &comment,
            };
            form_again(state, visit, &link, &error, written).await
        }
        Err(error) => not_changed(visitor, error, comment.as_deref()),
    }
}

pub(in crate::http) async fn delegate(
    State(state): State<Arc<AppState>>,
    visit: Visit,
    body: Incoming,
) -> Response {
    let visitor = &visit.visitor;
    let DelegationBody { to, comment } = match delegation(&state, &visitor.headers, body).await {
        Ok(body) => body,
        Err(refusal) => return visitor.refused(refusal),
    };
    let comment = comment.as_deref();
    let link = visit.link(LinkUse::Open);
    let is_name = !to.is_empty() && to.len() <= MAX_NAME_BYTES && !to.contains(char::is_control);
    let answer = if is_name {
        let decider = Decider::Link(&link);
        state.gateway.delegate_approval(decider, &to, comment).await
    } else {
        let why = format!("a name is 1 to {MAX_NAME_BYTES} bytes of one line");
        Err(ApprovalError::UnknownPerson(to.clone(), why))
    };
    match answer {
        Ok(shown) if visitor.wants_page => {
            let found = state.gateway.linked(shown, &link);
            visitor.page().of(&found, None)
        }
        Ok(shown) => Visitor::json(Json(listed(&shown))),
        Err(
            error @ (ApprovalError::UnknownPerson(..)
            | ApprovalError::Refused(
                Unchanged::CannotPassOn(..) | Unchanged::LongComment { .. },
            )),
        ) if visitor.wants_page => {
            let written = Written {
                to: Some(&to),
                comment: comment.unwrap_or_default(),
            };
            form_again(&state, &visit, &link, &error, written).await
        }
        Err(error) => not_changed(visitor, error, comment),
    }
}

pub(in crate::http) async fn take_back(
    State(state): State<Arc<AppState>>,
    visit: Visit,
    body: Incoming,
) -> Response {
    let visitor = &visit.visitor;
    // Its form has no field, and a program need not send any.
    if let Err(refusal) = comment(&state, &visitor.headers, body).await {
        return visitor.refused(refusal);
    }
    let link = visit.link(LinkUse::Open);
    match state.gateway.take_back_approval(Decider::Link(&link)).await {
        Ok(shown) if visitor.wants_page => {
            let found = state.gateway.linked(shown, &link);
            visitor.page().after_taking_back(&found)
        }
        Ok(shown) => Visitor::json(Json(listed(&shown))),
        Err(error) => not_changed(visitor, error, None),
    }
}

/// Answer where nothing was changed. A form cannot be sent on to a sign-in: what was written into it is shown instead.
fn not_changed(visitor: &Visitor, error: ApprovalError, written: Option<&str>) -> Response {
    if visitor.wants_page && matches!(error, ApprovalError::SignInNeeded(_)) {
        return visitor.page().of_lost_sign_in(&error, written);
    }
    visitor.failed(error)
}

/// Form with what was written into it, and what is wrong with that.
async fn form_again(
    state: &AppState,
    visit: &Visit,
    link: &Link<'_>,
    error: &ApprovalError,
    written: Written<'_>,
) -> Response {
    let _turn = match state.reads.take().await {
        Ok(turn) => turn,
        Err(refusal) => return visit.visitor.refused(refusal),
    };
    match state.gateway.approval_of_link(link).await {
        Ok(found) => visit.visitor.page().again(&found, error, written),
        Err(error) => visit.visitor.failed(error),
    }
}
