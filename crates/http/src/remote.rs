//! One server: requests to it, and its responses.

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

/// Longest that a request may take, however long its time-out is.
const LONGEST: Duration = Duration::from_hours(1);

/// Most bytes that are allocated at once for a body that announces its length: a server may announce more than it sends.
const ROOM: usize = 64 * 1024;

/// HTTP client whose connections are shared by all remotes behind one proxy, or behind none.
pub(crate) type Client = legacy::Client<Connector, Outgoing>;

/// One server, with the client that reaches it. Cloning is cheap, and clones share connections.
#[derive(Clone)]
pub struct Remote {
    client: Client,
    user_agent: &'static str,
    server: Arc<str>,
    proxy: Option<Arc<str>>,
    proxy_authorization: Option<HeaderValue>,
}

/// Request to a [`Remote`]. Has no `Debug`: its address and headers may hold secrets.
pub struct Request {
    /// Method, such as `POST`.
    pub method: Method,
    /// Whole address on the remote's server, as [`Remote::address`] reads it.
    pub address: Uri,
    /// Headers beside `Host` and the body's length. `Accept: */*` and `User-Agent` are added where they are missing.
    pub headers: HeaderMap,
    /// Body; `None` for a request without one.
    pub body: Option<Vec<u8>>,
    /// Longest time from the call of [`Remote::send`] to the end of the response's body; more than an hour counts as an hour.
    pub timeout: Duration,
}

/// Response whose body is still to be read.
pub struct Response {
    response: hyper::Response<Incoming>,
    deadline: Instant,
}

/// Body of a response, as far as it was received.
pub struct Received {
    /// Bytes that were received, from the body's beginning.
    pub bytes: Vec<u8>,
    /// Reason why the rest is missing; `None` when the body is whole.
    pub cut: Option<Cut>,
}

/// Reason why the rest of a body is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The body is longer than the caller's limit.
    TooLong,
    /// The rest did not come within the request's time-out.
    Late,
    /// The connection broke before the body's end.
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

    /// Name of the server, as `host:port`.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Reads an address for requests to this server. Errors with [`Cause::NoAddress`] when the text is not a URL.
    pub fn address(&self, text: &str) -> Result<Uri, NoConnection> {
        text.parse()
            .map_err(|_| self.no_connection((Cause::NoAddress, false)))
    }

    /// Sends a request, once. The client repeats it by itself only where it surely did not leave, as on a pooled connection that the server had closed.
    ///
    /// Errors when there is no response within the time-out; the [`Failure`] says whether the request may have left. A response of any status is not an
    /// error.
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
        // Only a proxy that forwards requests may see it in them. A tunnel gets it when it is opened, and what goes through is for the server alone.
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
    /// Status of the response.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// Value of a header; `None` when it is missing or not ASCII text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// Reads the body, up to `most` bytes. Of one that is longer, or that breaks off, the bytes before are returned with the reason.
    pub async fn body(self, most: usize) -> Received {
        let mut body = self.response.into_body();
        let expected = usize::try_from(body.size_hint().lower()).unwrap_or(ROOM);
        let mut bytes = Vec::with_capacity(expected.min(most).min(ROOM));
        let cut = loop {
            match timeout_at(self.deadline, body.frame()).await {
                Ok(Some(Ok(frame))) => {
                    // Trailers are skipped: no caller reads them.
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
