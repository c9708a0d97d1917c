//! Sign-ins of who follows a link: away to the service, and back.

use std::sync::Arc;

use acteon_flows::approval::Choice;
use acteon_gateway::{
    ApprovalError, Kept, Link, LinkTarget, LinkUse, SignInBegun, SignInEnded, SignInReturn,
};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::cookie;
use super::link::{LinkPath, LinkQuery, Visit};
use super::visitor::Visitor;
use super::words::Language;
use crate::http::error::Refusal;
use crate::http::extract::path::Path;
use crate::http::extract::query::{FromQuery, Parameters, Query, read_query};
use crate::http::state::AppState;

/// Query with which a service sends people back.
struct ReturnQuery {
    code: Option<String>,
    state: Option<String>,
    language: Option<Language>,
}

impl FromQuery for ReturnQuery {
    fn names() -> Vec<&'static str> {
        vec!["code", "state", "lang"]
    }

    // The service may add some of its own.
    const IGNORES_OTHERS: bool = true;

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let given = |name| parameters.get(name).map(str::to_owned);
        Ok(Self {
            code: given("code"),
            state: given("state"),
            language: parameters.get("lang").map(Language::of_word),
        })
    }
}

/// Somebody who comes back from a service, and the link with which they went.
pub(in crate::http) struct Returned {
    path: LinkPath,
    query: ReturnQuery,
    /// What the browser kept.
    kept: Option<String>,
    visitor: Visitor,
}

impl FromRequestParts<Arc<AppState>> for Returned {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &Arc<AppState>,
    ) -> Result<Self, Response> {
        let mut visitor = Visitor::of(parts);
        // No page repeats what the service sent: where the path alone were no address, the root stands in its place, and not the whole with its code.
        visitor.uri = parts.uri.path().parse().unwrap_or_default();
        let path = Path::<LinkPath>::from_request_parts(parts, state).await;
        let query = Query::<ReturnQuery>::from_request_parts(parts, state).await;
        match (path, query) {
            (Ok(Path(path)), Ok(Query(query))) => {
                let kept = cookie::values(&parts.headers, cookie::AWAY).next();
                visitor.language = query.language.unwrap_or(visitor.language);
                Ok(Self {
                    kept: kept.map(str::to_owned),
                    path,
                    query,
                    visitor,
                })
            }
            (Err(refusal), _) | (_, Err(refusal)) => Err(private(visitor.refused(refusal))),
        }
    }
}

impl Returned {
    /// Ends the sign-in, and sends the browser to the link.
    pub(in crate::http) async fn answer(self, state: &AppState) -> Response {
        let Self {
            path,
            query,
            kept,
            mut visitor,
        } = self;
        let back = kept.as_deref().and_then(|kept| query.back(kept));
        let mut response = match &back {
            Some((back, used_to, link)) => {
                visitor.language = link.language.unwrap_or(visitor.language);
                let link = link.link(&path, *used_to, None);
                end(state, &visitor, (back, &link)).await
            }
            None => visitor.failed(ApprovalError::NoSignIn),
        };
        let (namespace, tenant, id) = &path;
        let forgotten = state.gateway.forget_sign_in(&LinkTarget {
            namespace,
            tenant,
            id,
            expires_at: 0,
        });
        let forget = cookie::header_of(cookie::AWAY, &forgotten);
        let headers = response.headers_mut();
        headers.extend(forget.map(|forget| (header::SET_COOKIE, forget)));
        private(response)
    }
}

impl ReturnQuery {
    /// What they come back with, and the link with which they went, as far as the browser says so.
    fn back<'a>(&'a self, kept: &'a str) -> Option<(SignInReturn<'a>, LinkUse, LinkQuery)> {
        let back = SignInReturn {
            kept,
            state: self.state.as_deref()?,
            code: self.code.as_deref(),
        };
        let (path, query) = back.rest()?.split_once('?')?;
        let used_to = match path {
            "" => LinkUse::Open,
            "/approve" => LinkUse::Decide(Choice::Approve),
            "/reject" => LinkUse::Decide(Choice::Reject),
            _ => return None,
        };
        Some((back, used_to, read_query(query).ok()?))
    }
}

async fn end(
    state: &AppState,
    visitor: &Visitor,
    (back, link): (&SignInReturn<'_>, &Link<'_>),
) -> Response {
    let _turn = match state.identifying.take().await {
        Ok(turn) => turn,
        Err(refusal) => return visitor.refused(refusal),
    };
    match state.gateway.end_sign_in(link, back).await {
        Ok(SignInEnded { address, kept }) => elsewhere(visitor, &address, (cookie::MEMBER, &kept)),
        Err(error) if visitor.wants_page => {
            let id = visitor.uri.path().rsplit('/').nth(1).unwrap_or_default();
            let again = back.rest().map(|rest| format!("../{id}{rest}"));
            visitor.page().of_no_sign_in(&error, again.as_deref())
        }
        Err(error) => visitor.failed(error),
    }
}

/// Sends who follows a link away to sign in.
pub(in crate::http) async fn send_to_sign_in(
    state: &AppState,
    visit: &Visit,
    link: &Link<'_>,
) -> Response {
    let visitor = &visit.visitor;
    let agent = visitor.headers.get(header::USER_AGENT);
    let agent = agent
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or_default();
    let language = visit.chosen_language().map(|language| language.words().tag);
    let begun = state.gateway.begin_sign_in(link, (language, agent)).await;
    match begun {
        Ok(SignInBegun { address, kept }) => {
            private(elsewhere(visitor, &address, (cookie::AWAY, &kept)))
        }
        Err(error) => visitor.failed(error),
    }
}

/// Sends a browser to another address, with a cookie.
fn elsewhere(visitor: &Visitor, address: &str, (name, kept): (&str, &Kept)) -> Response {
    let headers = HeaderValue::from_str(address)
        .ok()
        .zip(cookie::header_of(name, kept));
    let Some((location, cookie)) = headers else {
        let message = "external_url in [server] cannot stand in a header: write it in ASCII";
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        return visitor.refused(Refusal::new(status, "INTERNAL", message));
    };
    let headers = [(header::LOCATION, location), (header::SET_COOKIE, cookie)];
    (StatusCode::FOUND, headers).into_response()
}

/// Answer to an address that holds what nobody else may learn.
fn private(mut response: Response) -> Response {
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
