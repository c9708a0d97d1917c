//! `/v1/approvals/{namespace}/{tenant}/{id}`: approvals, for whoever has a link. Browsers get a page, programs JSON.

use std::sync::Arc;

use acteon_flows::approval::Choice;
use acteon_gateway::{ApprovalError, Decided, Decider, LinkUse};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};

use crate::http::approvals::link::{LinkPath, LinkQuery, comment, language_of, wants_page};
use crate::http::approvals::page::Page;
use crate::http::approvals::shown::{decided, listed};
use crate::http::error::Refusal;
use crate::http::extract::body::Incoming;
use crate::http::extract::path::Path;
use crate::http::extract::query::Query;
use crate::http::state::AppState;

pub(in crate::http) async fn open(
    State(state): State<Arc<AppState>>,
    Path(path): Path<LinkPath>,
    Query(query): Query<LinkQuery>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    look(&state, (&path, &query, LinkUse::Open), &headers, &uri).await
}

pub(in crate::http) async fn look_to_approve(
    State(state): State<Arc<AppState>>,
    Path(path): Path<LinkPath>,
    Query(query): Query<LinkQuery>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let used_to = LinkUse::Decide(Choice::Approve);
    look(&state, (&path, &query, used_to), &headers, &uri).await
}

pub(in crate::http) async fn look_to_reject(
    State(state): State<Arc<AppState>>,
    Path(path): Path<LinkPath>,
    Query(query): Query<LinkQuery>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let used_to = LinkUse::Decide(Choice::Reject);
    look(&state, (&path, &query, used_to), &headers, &uri).await
}

pub(in crate::http) async fn approve(
    State(state): State<Arc<AppState>>,
    Path(path): Path<LinkPath>,
    Query(query): Query<LinkQuery>,
    headers: HeaderMap,
    uri: Uri,
    body: Incoming,
) -> Result<Response, Refusal> {
    let comment = comment(&state, &headers, body).await?;
    let choice = Choice::Approve;
    decide(&state, (&path, &query, choice), comment, &headers, &uri).await
}

pub(in crate::http) async fn reject(
    State(state): State<Arc<AppState>>,
    Path(path): Path<LinkPath>,
    Query(query): Query<LinkQuery>,
    headers: HeaderMap,
    uri: Uri,
    body: Incoming,
) -> Result<Response, Refusal> {
    let comment = comment(&state, &headers, body).await?;
    let choice = Choice::Reject;
    decide(&state, (&path, &query, choice), comment, &headers, &uri).await
}

/// Shows an approval, and changes nothing.
async fn look(
    state: &AppState,
    (path, query, used_to): (&LinkPath, &LinkQuery, LinkUse),
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<Response, Refusal> {
    let _turn = state.reads.take().await?;
    let found = state
        .gateway
        .approval_of_link(&query.link(path, used_to))
        .await;
    if !wants_page(headers) {
        return Ok(Json(listed(&found?.shown)).into_response());
    }
    let page = Page::new(language_of(query, headers), uri);
    Ok(match found {
        Ok(found) => page.of(&found, None),
        Err(error) => page.of_refusal(&error),
    })
}

/// Writes a decision down.
async fn decide(
    state: &AppState,
    (path, query, choice): (&LinkPath, &LinkQuery, Choice),
    comment: Option<String>,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<Response, Refusal> {
    let link = query.link(path, LinkUse::Decide(choice));
    let answer = state
        .gateway
        .decide_approval(Decider::Link(&link), choice, comment.as_deref())
        .await;
    if wants_page(headers) {
        let page = Page::new(language_of(query, headers), uri);
        return Ok(shown_after(state, &link, answer, page).await);
    }
    Ok((StatusCode::OK, Json(decided(&answer?))).into_response())
}

/// Page after a decision.
async fn shown_after(
    state: &AppState,
    link: &acteon_gateway::Link<'_>,
    answer: Result<Decided, ApprovalError>,
    page: Page<'_>,
) -> Response {
    if let Err(error) = answer {
        return page.of_refusal(&error);
    }
    let recorded = page.recorded();
    match state.gateway.approval_of_link(link).await {
        Ok(mut found) => {
            // It was decided just now, and not by this page once more.
            found.decisions.clear();
            page.of(&found, Some(recorded))
        }
        Err(error) => page.of_refusal(&error),
    }
}
