//! `/v1/wechat/{provider}/callback`: what WeChat Work tells an app. It calls nobody else's program, and so is not among the routes of the document.

use std::sync::Arc;

use acteon_gateway::CallbackError;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use crate::http::error::Refusal;
use crate::http::extract::body::Incoming;
use crate::http::extract::path::Path;
use crate::http::state::AppState;

/// Path of the callback URL that the admin console is given.
const PATH: &str = "/v1/wechat/{provider}/callback";

/// Whether a path is that of a callback.
pub(in crate::http) fn is_callback(path: &str) -> bool {
    let provider = path
        .strip_prefix("/v1/wechat/")
        .and_then(|rest| rest.strip_suffix("/callback"));
    provider.is_some_and(|provider| !provider.contains('/'))
}

/// Longest body that is read, in bytes. One of WeChat Work has a few thousand.
const MAX_BODY: usize = 128 * 1024;

/// Adds the route.
pub(in crate::http) fn with_callbacks(router: Router<Arc<AppState>>) -> Router<Arc<AppState>> {
    router.route(PATH, get(verify).post(receive))
}

/// Answers the test of the URL with the bare text, within the second that WeChat Work waits.
async fn verify(
    State(state): State<Arc<AppState>>,
    Path(provider): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    match state.gateway.callback_test(&provider, &query) {
        Ok(text) => {
            let plain = HeaderValue::from_static("text/plain; charset=utf-8");
            let nosniff = HeaderValue::from_static("nosniff");
            let headers = [
                (header::CONTENT_TYPE, plain),
                (header::X_CONTENT_TYPE_OPTIONS, nosniff),
            ];
            (headers, text).into_response()
        }
        Err(error) => refused(&error),
    }
}

/// Takes an event: it is on disk when the answer goes, which is empty, and is done afterwards.
async fn receive(
    State(state): State<Arc<AppState>>,
    Path(provider): Path<String>,
    RawQuery(query): RawQuery,
    body: Incoming,
) -> Response {
    let query = query.unwrap_or_default();
    let body = match body.raw(MAX_BODY).await {
        Ok(body) => body,
        Err(refusal) => return refusal.into_response(),
    };
    let taken = state.gateway.receive_callback(&provider, &query, &body);
    match taken.await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => refused(&error),
    }
}

/// Answer to what is not taken. It says nothing of why to who cannot sign: the log does.
fn refused(error: &CallbackError) -> Response {
    let refusal = match error {
        CallbackError::NoCallbacks(_) => Refusal::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "there is no callback here; the log of the server says why",
        ),
        CallbackError::Refused(_) | CallbackError::Stale { .. } => Refusal::new(
            StatusCode::FORBIDDEN,
            "FORBIDDEN",
            "this callback is not taken; the log of the server says why",
        ),
        // It is sent again.
        CallbackError::Store(_) | CallbackError::Invalid(_) => Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "UNAVAILABLE",
            "this callback was not written down; send it again",
        ),
    };
    refusal.into_response()
}
