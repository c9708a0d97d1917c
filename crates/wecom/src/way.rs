//! Which way calls go: straight, through a proxy that is configured, or through one that the environment names.

use std::sync::Arc;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{ClientBuilder, Proxy, Url};

/// The way to an address. Endpoints on the same way can share a client. Prints nothing: a proxy's URL may hold a password.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Way {
    /// Through no proxy.
    Direct,
    /// Through the proxy that the environment names, if it does.
    Environment,
    /// Through the proxy with this URL.
    Proxy(String),
}

impl Way {
    /// Has a client go this way; `None` when the proxy's URL is none.
    pub fn lay(&self, builder: ClientBuilder) -> Option<ClientBuilder> {
        Some(match self {
            Self::Direct => builder.no_proxy(),
            Self::Environment => builder,
            Self::Proxy(url) => builder.proxy(Proxy::all(url).ok()?),
        })
    }

    /// The proxy on this way to an address, as `host:port`.
    pub fn proxy_for(&self, address: &Url) -> Option<Arc<str>> {
        match self {
            Self::Direct => None,
            Self::Proxy(url) => proxy_name(url),
            Self::Environment => {
                let proxy = Matcher::from_env().intercept(&address.as_str().parse().ok()?)?;
                proxy_name(&proxy.uri().to_string())
            }
        }
    }
}

/// A proxy as `host:port`, without its password; `None` when the URL is none.
pub(crate) fn proxy_name(url: &str) -> Option<Arc<str>> {
    Proxy::all(url).ok()?;
    let url = Url::parse(url)
        .or_else(|_| Url::parse(&format!("http://{url}")))
        .ok()?;
    let host = url.host_str()?;
    Some(
        url.port_or_known_default()
            .map_or_else(|| host.into(), |port| format!("{host}:{port}").into()),
    )
}

/// Whether only this machine answers at an address.
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    match literal.parse::<std::net::IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host.trim_end_matches('.').eq_ignore_ascii_case("localhost"),
    }
}
