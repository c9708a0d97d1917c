//! HTTP client for calls of services whose answers, addresses and networks are not to be trusted.
//!
//! [`Clients`] makes [`Remote`]s. A remote is one server, reached directly or through a proxy ([`ProxyChoice`]); remotes that are reached the same way
//! share connections. A remote sends a [`Request`] and returns a [`Response`], whose body is read up to a limit that the caller names.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use acteon_http::{Clients, Failure, HeaderMap, LinkLocal, Method, ProxyChoice, Request, Url};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let clients = Clients::new("example/1.0");
//! let url = Url::parse("https://hooks.example.com/alerts?key=secret")?;
//! let remote = clients.remote(&url, ProxyChoice::default_for(&url), LinkLocal::Refused)?;
//! let request = Request {
//!     method: Method::POST,
//!     address: remote.address(url.as_str())?,
//!     headers: HeaderMap::new(),
//!     body: Some(br#"{"text": "the disk is full"}"#.to_vec()),
//!     timeout: Duration::from_secs(10),
//! };
//! match remote.send(request).await {
//!     Ok(response) => {
//!         let status = response.status();
//!         let received = response.body(64 * 1024).await;
//!         println!("{status}, {} bytes", received.bytes.len());
//!     }
//!     // The request did not leave this machine, so it can be sent again at once.
//!     Err(Failure::NoConnection(none)) => println!("{none}: {}", none.advice()),
//!     // The server may have done what was asked.
//!     Err(failure @ (Failure::Late | Failure::Broken)) => println!("{failure}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! [`NoRemote`] says why a remote cannot be made, before anything is sent. A [`Failure`] says of a request that got no response whether it may have
//! left. Any status is a response. A body that is cut off is returned as far as it came, with the reason ([`Cut`]).
//!
//! Requests carry secrets in their addresses and headers. Therefore requests and remotes have no `Debug`, and no error holds more of an address than
//! host and port.
//!
//! # Limits
//!
//! - A connection must be made within 5 seconds, and a request with its response's body takes no longer than its time-out, which is one hour at most.
//! - HTTP/1.1 only. Redirects are not followed, and nothing is decompressed.
//! - Names that lead to link-local addresses or to the metadata services of clouds are refused, unless [`LinkLocal::Allowed`] is asked for. Whether the
//!   host of a URL is itself such an address is for the caller to ask: [`is_forbidden_host`].
//! - Servers are checked against the certificate authorities that the machine trusts.

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
