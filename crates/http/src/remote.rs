//! Requests to one server, and its responses.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::header::{ACCEPT, HeaderMap, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use hyper::http::uri::Scheme;
use hyper::{Method, StatusCode, Uri};
use hyper_util::client::legacy;
use tokio::time::{Instant, timeout_at};

use crate::cause::{cause, is_late};
use crate::connector::Connector;
use crate::failure::{Cause, Failure, NoConnection};
use crate::outgoing::{Outgoing, SendState};
use crate::proxy::Proxy;

/// Longest that a request may take, whatever its time-out says.
const LONGEST: Duration = Duration::from_hours(1);

/// Room that is made at once for a body that says how long it is.
const ROOM: usize = 64 * 1024;

/// HTTP client whose connections are shared by all remotes behind one proxy, or behind none.
pub(crate) type Client = legacy::Client<Connector, Outgoing>;

/// One server, and the client that reaches it.
#[derive(Clone)]
pub struct Remote {
    client: Client,
    user_agent: &'static str,
    server: Arc<str>,
    proxy: Option<Arc<str>>,
    proxy_authorization: Option<HeaderValue>,
}

/// A request. Prints nothing: its address and headers may hold secrets.
pub struct Request {
    /// Its method.
    pub method: Method,
    /// The whole address, on the remote's server.
    pub address: Uri,
    /// Headers, beside those that every request has.
    pub headers: HeaderMap,
    /// The body, if it has one.
    pub body: Option<Vec<u8>>,
    /// Longest that all of it may take, the response's body included.
    pub timeout: Duration,
}

/// A response, whose body is still to be read.
pub struct Response {
    response: hyper::Response<Incoming>,
    deadline: Instant,
}

/// A body as far as it was received.
pub struct Received {
    /// The bytes that came.
    pub bytes: Vec<u8>,
    /// Why they are not all; `None` when they are.
    pub cut: Option<Cut>,
}

/// The reason why a body is incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It is longer than its limit.
    TooLong,
    /// The rest did not come in time.
    Late,
    /// The connection broke.
    Broken,
}

impl Remote {
    pub(crate) fn new(
        client: Client,
        user_agent: &'static str,
        server: Arc<str>,
        proxy: Option<Proxy>,
    ) -> Self {
        let name = proxy.as_ref().map(|proxy| proxy.name().into());
        Self {
            client,
            user_agent,
            server,
            proxy: name,
            proxy_authorization: proxy.and_then(|proxy| proxy.authorization),
        }
    }

    /// The server, as `host:port`.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The address of requests that `text` is.
    pub fn address(&self, text: &str) -> Result<Uri, NoConnection> {
        text.parse()
            .map_err(|_| self.no_connection((Cause::NoAddress, false)))
    }

    /// Sends a request, once: only one that surely did not leave is sent again, as when the server closes a connection just then.
    pub async fn send(&self, request: Request) -> Result<Response, Failure> {
        let deadline = Instant::now() + request.timeout.min(LONGEST);
        let state = SendState::default();
        match timeout_at(
            deadline,
            self.client.request(self.outgoing(request, &state)),
        )
        .await
        {
            Ok(Ok(response)) => Ok(Response { response, deadline }),
            Ok(Err(error)) if state.cancel() => Err(self.no_connection(cause(&error)).into()),
            Ok(Err(error)) if is_late(&error) => Err(Failure::Late),
            Ok(Err(_)) => Err(Failure::Broken),
            Err(_) if state.cancel() => Err(self.no_connection((Cause::Late, false)).into()),
            Err(_) => Err(Failure::Late),
        }
    }

    fn outgoing(&self, request: Request, state: &SendState) -> hyper::Request<Outgoing> {
        let Request {
            method,
            address,
            mut headers,
            body,
            timeout: _,
        } = request;
        headers
            .entry(ACCEPT)
            .or_insert(HeaderValue::from_static("*/*"));
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(self.user_agent));
        // A tunnel is asked for with it; what goes through one is for the server alone.
        if let Some(authorization) = &self.proxy_authorization
            && address.scheme() == Some(&Scheme::HTTP)
        {
            headers
                .entry(PROXY_AUTHORIZATION)
                .or_insert_with(|| authorization.clone());
        }
        let mut outgoing = hyper::Request::new(state.of(body));
        *outgoing.method_mut() = method;
        *outgoing.uri_mut() = address;
        *outgoing.headers_mut() = headers;
        outgoing
    }

    fn no_connection(&self, (cause, at_proxy): (Cause, bool)) -> NoConnection {
        NoConnection {
            cause,
            server: Arc::clone(&self.server),
            proxy: self.proxy.clone(),
            at_proxy,
        }
    }
}

impl Response {
    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The text of a header, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// Its body, of which no more than `most` bytes are read.
    pub async fn body(self, most: usize) -> Received {
        let mut body = self.response.into_body();
        let expected = usize::try_from(body.size_hint().lower()).unwrap_or(ROOM);
        let mut bytes = Vec::with_capacity(expected.min(most).min(ROOM));
        let cut = loop {
            match timeout_at(self.deadline, body.frame()).await {
                Ok(Some(Ok(frame))) => {
                    // Trailers say nothing that anybody here looks at.
                    let Ok(chunk) = frame.into_data() else {
                        continue;
                    };
                    if bytes.len() + chunk.len() > most {
                        break Some(Cut::TooLong);
                    }
                    bytes.extend_from_slice(&chunk);
                }
                Ok(None) => break None,
                Ok(Some(Err(error))) if is_late(&error) => break Some(Cut::Late),
                Ok(Some(Err(_))) => break Some(Cut::Broken),
                Err(_) => break Some(Cut::Late),
            }
        };
        Received { bytes, cut }
    }
}
