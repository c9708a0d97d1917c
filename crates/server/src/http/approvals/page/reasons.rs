//! Words of why nothing was done, with the statuses of their pages.

use std::borrow::Cow;

use acteon_core::ProviderError;
use acteon_flows::approval::{Refusal, Status};
use acteon_gateway::ApprovalError;
use axum::http::StatusCode;

use crate::http::approvals::words::Words;

/// Status and words of an error.
pub(super) fn of_error(words: &Words, error: &ApprovalError) -> (StatusCode, Cow<'static, str>) {
    let (status, text) = match error {
        ApprovalError::Refused(refusal) => return of_refused(words, refusal),
        ApprovalError::Expired { became, .. } => {
            let became = became.map(|ended| match ended.status {
                Status::Approved if ended.by_time => words.approved_by_time,
                status => words.status_of(status, ended.is_step),
            });
            let text = [Some(words.over), became].into_iter().flatten();
            let text = text.collect::<Vec<_>>().join("\n");
            return (StatusCode::NOT_FOUND, text.into());
        }
        ApprovalError::NotFound(_) => (StatusCode::NOT_FOUND, words.unknown),
        ApprovalError::Forged => (StatusCode::NOT_FOUND, words.forged),
        ApprovalError::UnknownPerson(..) => {
            (StatusCode::UNPROCESSABLE_ENTITY, words.unknown_person)
        }
        ApprovalError::SignInNeeded(_) => (StatusCode::FORBIDDEN, words.sign_in_over),
        ApprovalError::NotTheirs => (StatusCode::FORBIDDEN, words.not_their_link),
        ApprovalError::NoSignIn => (StatusCode::BAD_REQUEST, words.no_sign_in),
        ApprovalError::NotIdentified(error) => of_service(words, error),
        ApprovalError::Stuck(_) => (StatusCode::CONFLICT, words.stuck),
        ApprovalError::Contended(_) => (StatusCode::SERVICE_UNAVAILABLE, words.try_again),
        // It will not be read in a moment either.
        ApprovalError::Invalid(_) => (StatusCode::INTERNAL_SERVER_ERROR, words.stuck),
        // What the store was told to write it may have written.
        ApprovalError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, words.unsure),
    };
    (status, text.into())
}

/// Status and words of a service that does not say who somebody is (page 90313 of the documentation of WeChat Work has the codes).
fn of_service(words: &Words, error: &ProviderError) -> (StatusCode, &'static str) {
    match error.code_of_service() {
        Some(40029) => (StatusCode::BAD_REQUEST, words.sign_in_used),
        Some(50001) => (StatusCode::INTERNAL_SERVER_ERROR, words.sign_in_domain),
        Some(60020) => (StatusCode::INTERNAL_SERVER_ERROR, words.sign_in_address),
        _ if error.kind().retryable() => (StatusCode::SERVICE_UNAVAILABLE, words.sign_in_later),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, words.sign_in_failed),
    }
}

/// Status and words of a refusal.
pub(super) fn of_refused(words: &Words, refusal: &Refusal) -> (StatusCode, Cow<'static, str>) {
    let (status, text) = match refusal {
        // It may be a step of a chain.
        Refusal::Settled(status) => (StatusCode::GONE, words.status_of(*status, true)),
        Refusal::NotAnApprover(_) => (StatusCode::FORBIDDEN, words.not_yours),
        Refusal::NeedsPerson => (StatusCode::FORBIDDEN, words.only_named),
        Refusal::Requester(_) => (StatusCode::FORBIDDEN, words.requester),
        Refusal::PassedOn(_, to) => {
            return (StatusCode::FORBIDDEN, (words.passed_on)(to).into());
        }
        Refusal::TakenBack(..) => (StatusCode::FORBIDDEN, words.taken_back),
        Refusal::NothingPassedOn(_) => (StatusCode::CONFLICT, words.nothing_passed_on),
        Refusal::DecidedInPlace(_) => (StatusCode::CONFLICT, words.decided_in_place),
        Refusal::Decided(_) => (StatusCode::CONFLICT, words.already),
        Refusal::NeedsComment => (StatusCode::UNPROCESSABLE_ENTITY, words.needs_comment),
        Refusal::LongComment { .. } => (StatusCode::UNPROCESSABLE_ENTITY, words.long_comment),
        Refusal::CannotPassOn(_, why) => {
            (StatusCode::UNPROCESSABLE_ENTITY, (words.cannot_get)(*why))
        }
        Refusal::NotReminded(_) => (StatusCode::SERVICE_UNAVAILABLE, words.try_again),
        Refusal::Invalid(_) => (StatusCode::INTERNAL_SERVER_ERROR, words.stuck),
    };
    (status, text.into())
}

/// Whether a page says why its reader may not decide: of what is over, and of links that name nobody, it says so elsewhere.
pub(super) const fn is_told(refusal: &Refusal) -> bool {
    !matches!(refusal, Refusal::Settled(_) | Refusal::NeedsPerson)
}
