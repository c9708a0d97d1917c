//! Outgoing HTTP, for whoever calls the services of others. Knows nothing of the gateway.
//!
//! A [`Remote`] is one server, reached by a [`ProxyChoice`]; it takes a [`Request`] and gives a [`Response`], or a [`Failure`]. [`Clients`] makes remotes: those
//! reached alike share connections. Whatever a server does, a request ends in its time, and a body within its limit. Redirects are not followed.
//!
//! Requests carry secrets in their addresses and headers. So requests print nothing, and a failure holds no more of an address than host and port.

#![deny(missing_docs)]

mod cause;
mod clients;
mod connector;
mod failure;
mod guard;
mod outgoing;
mod proxy;
mod remote;
mod retry_after;
#[cfg(test)]
mod tests;

pub use clients::{Clients, NoRemote};
pub use failure::{Cause, Failure, NoConnection};
pub use guard::{LinkLocal, is_forbidden_host};
pub use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
pub use hyper::{Method, StatusCode, Uri};
pub use proxy::{Proxy, ProxyChoice, credentials, is_loopback};
pub use remote::{Cut, Received, Remote, Request, Response};
pub use retry_after::retry_after;
pub use url::Url;
