//! Checks that every request meets before its route, and headers that every answer gets after it.

use std::sync::Arc;
use std::time::Duration;

use acteon_gateway::Gateway;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use hyper_util::service::TowerToHyperService;

use super::error::Refusal;
use super::router::router;
use super::site::{Origins, Site};
use super::state::AppState;
use crate::connection::Exchange;

/// Routes that are served also where no connection is left for others.
const RESERVED: [&str; 5] = [
    "/live",
    "/ready",
    "/health",
    "/metrics",
    "/metrics/prometheus",
];

/// Router behind the checks that every request meets.
pub(crate) struct Front {
    router: TowerToHyperService<Router>,
    site: Site,
    gateway: Gateway,
}

impl Front {
    pub(crate) fn new(state: AppState, site: Site) -> Self {
        let gateway = state.gateway.clone();
        Self {
            router: TowerToHyperService::new(router(Arc::new(state))),
            site,
            gateway,
        }
    }

    pub(crate) async fn answer(
        &self,
        mut request: Request<Body>,
        exchange: &Exchange,
    ) -> Response<Body> {
        let connection = &exchange.connection;
        if connection.is_reserved() && !RESERVED.contains(&request.uri().path()) {
            let refusal =
                Refusal::come_back("CONNECTIONS_FULL", "all connections are in use; try again");
            return closing(refusal.into_response());
        }
        if let Some(refusal) = coded(&request) {
            return closing(refusal.into_response());
        }
        let origin = match self.site.check(&request, connection.local()) {
            Ok(origin) => origin,
            Err(refusal) => return refusal.into_response(),
        };
        if let Some(answer) = origin
            .as_ref()
            .and_then(|origin| Origins::preflight(&request, origin))
        {
            return answer;
        }
        request.extensions_mut().insert(exchange.clone());
        let is_of_store = needs_store(&request);
        let answer = self.routed(request);
        let mut response = if is_of_store {
            self.unless_stalled(answer).await
        } else {
            answer.await
        };
        if let Some(origin) = origin {
            Origins::allow(response.headers_mut(), origin);
        }
        response
    }
}

/// Time that a request which may not need the disk goes on once the disk does not answer.
const GRACE: Duration = Duration::from_secs(2);

impl Front {
    async fn routed(&self, request: Request<Body>) -> Response<Body> {
        let must_end = must_end(&request);
        let answer = hyper::service::Service::call(&self.router, request);
        let answered = if must_end {
            self.gateway.to_the_end(answer).await
        } else {
            Some(answer.await)
        };
        match answered {
            Some(Ok(response)) => response,
            None => Refusal::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "INTERNAL",
                "the request broke off",
            )
            .into_response(),
        }
    }

    /// Answer of the route, or a refusal while the disk does not answer.
    async fn unless_stalled(&self, answer: impl Future<Output = Response<Body>>) -> Response<Body> {
        let stalled = async {
            self.gateway.until_stalled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            biased;
            response = answer => response,
            () = stalled => {
                let message = "the store's disk does not answer; if this was to change something, look whether it did, or ask for the same again";
                Refusal::come_back("STORE_SLOW", message).into_response()
            }
        }
    }
}

/// Whether a request may have to wait for the store without an end. A dispatch limits its own wait.
fn needs_store(request: &Request<Body>) -> bool {
    let path = request.uri().path();
    !RESERVED.contains(&path) && !path.starts_with("/v1/dispatch")
}

/// Refusal of a body in a transfer coding besides `chunked`. Nothing here decodes it, and it would
/// be read as something else.
fn coded(request: &Request<Body>) -> Option<Refusal> {
    let codings = request.headers().get_all(header::TRANSFER_ENCODING);
    if codings
        .iter()
        .map(|value| value.as_bytes().trim_ascii())
        .all(|coding| coding.eq_ignore_ascii_case(b"chunked"))
        && codings.iter().count() <= 1
    {
        return None;
    }
    let message = "transfer codings other than chunked are not taken: leave out transfer-encoding, or send `transfer-encoding: chunked` alone";
    Some(Refusal::new(
        StatusCode::NOT_IMPLEMENTED,
        "TRANSFER_CODING",
        message,
    ))
}

/// Whether a request runs to its end also when its caller leaves: half of a change would be neither
/// in force nor undone. A dispatch sees to that itself, once it is well-formed.
fn must_end(request: &Request<Body>) -> bool {
    !request.method().is_safe() && !request.uri().path().starts_with("/v1/dispatch")
}

/// Routes that take a body and change nothing.
const LOOKS: [&str; 2] = ["/v1/rules/evaluate", "/v1/silences/preview"];

/// Routes that change many things at once, with long answers.
const OF_MANY: [&str; 4] = [
    "/v1/dispatch/batch",
    "/v1/audit/replay",
    "/v1/dlq/replay",
    "/v1/dlq/drain",
];

/// Effect of a request, which decides the room for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The request changes nothing.
    Looks,
    /// The request changes one thing.
    ChangesOne,
    /// The request changes many things.
    ChangesMany,
}

/// Effect of a request, by its method and route.
pub(crate) fn effect_of<T>(request: &Request<T>) -> Effect {
    let path = request.uri().path();
    if request.method().is_safe() || LOOKS.contains(&path) {
        return Effect::Looks;
    }
    if OF_MANY.contains(&path) {
        Effect::ChangesMany
    } else {
        Effect::ChangesOne
    }
}

/// Answer in place of one for which there is no room. Nobody gets it whose request changed
/// something.
pub(crate) fn no_room_for_answer() -> Response<Body> {
    let message =
        "too many large answers wait to be read by their callers; nothing was changed; try again";
    closing(Refusal::come_back("ANSWERS_FULL", message).into_response())
}

/// Answer while the server is still starting.
pub(crate) fn while_starting(path: &str) -> Response<Body> {
    if path == "/live" {
        return closing(super::routes::health::live_now().into_response());
    }
    closing(
        Refusal::come_back("STARTING", "the server is still starting; try again").into_response(),
    )
}

/// Answer with a header that ends the connection after it.
pub(crate) fn closing(mut response: Response<Body>) -> Response<Body> {
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
