//! `/v1/approvals`: approvals, for callers with a key.

use std::sync::Arc;

use acteon_api::{ApprovalDecided, ApprovalsBody};
use acteon_flows::approval::Refusal as Unchanged;
use acteon_flows::chain::is_of_a_chain;
use acteon_gateway::{ApprovalError, ApprovalList, ApprovalPart, Decider};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::http::approvals::body::{DecisionBody, DelegationBody, ReasonBody};
use crate::http::approvals::shown::{WholeApproval, any, decided, whole, whole_of_any};
use crate::http::error::Refusal;
use crate::http::extract::body::{Incoming, NoBody};
use crate::http::extract::caller::{MayDispatch, MayRead};
use crate::http::extract::json_body::JsonBody;
use crate::http::extract::path::Path;
use crate::http::extract::query::{FromQuery, NoQuery, Parameters, Query};
use crate::http::extract::scope::Scoped;
use crate::http::filter::{limit, word};
use crate::http::state::AppState;

/// Rows of a page whose caller does not say.
const DEFAULT_PAGE: usize = 100;

/// Longest id that a cursor may have.
const MAX_ID: usize = 128;

/// Letters of a UUID.
const UUID_LETTERS: usize = 36;

/// Words of statuses.
pub(in crate::http) const STATUSES: [&str; 6] = [
    "pending",
    "approved",
    "rejected",
    "expired",
    "cancelled",
    "stuck",
];

/// Which approvals to list.
pub(in crate::http) type ApprovalsQuery = (Scoped, ApprovalsPage);

/// Page of approvals.
pub(in crate::http) struct ApprovalsPage {
    status: Option<String>,
    part: ApprovalPart,
}

impl FromQuery for ApprovalsPage {
    fn names() -> Vec<&'static str> {
        vec!["status", "limit", "cursor"]
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let status = word(parameters, "status", &STATUSES)?;
        let id = |text: &str| {
            let fits = text.len() <= MAX_ID && (is_uuid(text) || is_of_a_chain(text));
            fits.then(|| Arc::from(text))
        };
        Ok(Self {
            status,
            part: ApprovalPart {
                after: parameters.parsed("cursor", "the next_cursor of the page before", id)?,
                limit: limit(parameters, DEFAULT_PAGE)?,
            },
        })
    }
}

/// Whether a text is the id of an approval that a rule asked for.
fn is_uuid(text: &str) -> bool {
    let is_of_one = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    text.len() == UUID_LETTERS && text.bytes().all(is_of_one)
}

pub(in crate::http) async fn list(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Query((asked, page)): Query<ApprovalsQuery>,
) -> Result<Json<ApprovalsBody>, Refusal> {
    let _turn = state.reads.take().await?;
    let ApprovalList { approvals, next } = state
        .gateway
        .approvals(&asked.of(&caller), page.status.as_deref(), page.part)
        .await?;
    Ok(Json(ApprovalsBody {
        count: approvals.len(),
        approvals: approvals.iter().map(any).collect(),
        next_cursor: next.map(|next| next.to_string()),
    }))
}

pub(in crate::http) async fn get(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
) -> Result<Json<WholeApproval>, Refusal> {
    let _turn = state.reads.take().await?;
    let found = state.gateway.approval(&asked.of(&caller), &id).await?;
    Ok(Json(whole(&found)))
}

pub(in crate::http) async fn decide(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    _: NoQuery,
    JsonBody(body): JsonBody<DecisionBody>,
) -> Result<Json<ApprovalDecided>, Refusal> {
    let decider = Decider::Caller(&caller, &id);
    let answer = state
        .gateway
        .decide_approval(decider, body.choice, body.comment.as_deref())
        .await?;
    Ok(Json(decided(&answer)))
}

pub(in crate::http) async fn delegate(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    _: NoQuery,
    JsonBody(body): JsonBody<DelegationBody>,
) -> Result<Json<WholeApproval>, Refusal> {
    let decider = Decider::Caller(&caller, &id);
    let found = state
        .gateway
        .delegate_approval(decider, &body.to, body.comment.as_deref())
        .await?;
    Ok(Json(whole(&found)))
}

pub(in crate::http) async fn take_back(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    _: NoQuery,
    _: NoBody,
) -> Result<Json<WholeApproval>, Refusal> {
    let decider = Decider::Caller(&caller, &id);
    let found = state.gateway.take_back_approval(decider).await?;
    Ok(Json(whole(&found)))
}

pub(in crate::http) async fn remind(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    _: NoQuery,
    _: NoBody,
) -> Result<Json<WholeApproval>, Refusal> {
    let found = state.gateway.remind_approval(&caller, &id).await?;
    Ok(Json(whole(&found)))
}

pub(in crate::http) async fn cancel(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    _: NoQuery,
    body: Incoming,
) -> Result<Json<WholeApproval>, Refusal> {
    let read = body
        .read_or_nothing::<ReasonBody>(state.clock.now())
        .await?;
    let reason = read.unwrap_or_default().reason;
    let found = state
        .gateway
        .cancel_approval(&caller, &id, reason.as_deref())
        .await?;
    Ok(Json(whole_of_any(&found)))
}

impl From<ApprovalError> for Refusal {
    fn from(error: ApprovalError) -> Self {
        let message = error.to_string();
        let not_found = |message| Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message);
        match error {
            ApprovalError::NotFound(_) | ApprovalError::Forged | ApprovalError::Expired { .. } => {
                not_found(message)
            }
            ApprovalError::Refused(refusal) => refused(&refusal, message),
            ApprovalError::UnknownPerson(..) => Self::refused_field("to", &message),
            ApprovalError::Contended(_) => {
                let mut refusal = Self::new(StatusCode::CONFLICT, "CONFLICT", message);
                refusal.body.retryable = true;
                refusal
            }
            ApprovalError::Stuck(_) => {
                let mut refusal = Self::new(StatusCode::CONFLICT, "STUCK", message);
                refusal.body.retryable = true;
                refusal
            }
            ApprovalError::SignInNeeded(_) => {
                Self::new(StatusCode::FORBIDDEN, "SIGN_IN_NEEDED", message)
            }
            ApprovalError::NotTheirs => {
                Self::new(StatusCode::FORBIDDEN, "NOT_AN_APPROVER", message)
            }
            ApprovalError::NoSignIn => Self::new(StatusCode::BAD_REQUEST, "NO_SIGN_IN", message),
            ApprovalError::NotIdentified(error) if error.kind().retryable() => {
                Self::come_back("NOT_IDENTIFIED", message)
            }
            ApprovalError::NotIdentified(_) => {
                Self::new(StatusCode::FORBIDDEN, "NOT_IDENTIFIED", message)
            }
            ApprovalError::Invalid(_) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "UNREADABLE", message)
            }
            ApprovalError::Store(error) => error.into(),
        }
    }
}

fn refused(refusal: &Unchanged, message: String) -> Refusal {
    match refusal {
        Unchanged::Settled(_) => Refusal::new(StatusCode::GONE, "ALREADY_DECIDED", message),
        Unchanged::NotAnApprover(_)
        | Unchanged::Requester(_)
        | Unchanged::PassedOn(..)
        | Unchanged::TakenBack(..)
        | Unchanged::NeedsPerson => Refusal::new(StatusCode::FORBIDDEN, "NOT_AN_APPROVER", message),
        Unchanged::Decided(_)
        | Unchanged::DecidedInPlace(_)
        | Unchanged::NothingPassedOn(_)
        | Unchanged::NotReminded(_) => Refusal::new(StatusCode::CONFLICT, "CONFLICT", message),
        Unchanged::NeedsComment | Unchanged::LongComment { .. } => {
            Refusal::refused_field("comment", &message)
        }
        Unchanged::CannotPassOn(..) => Refusal::refused_field("to", &message),
        Unchanged::Invalid(_) => {
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "UNREADABLE", message)
        }
    }
}
