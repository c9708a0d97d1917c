//! HTTP clients. A client holds connections and root certificates, which take time to load and memory to keep: providers whose settings are alike share one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{Client, Proxy, Url, redirect};

use crate::guard::GuardedResolver;

/// Longest that the way to a connection may take: name, address, TLS and proxy. Apart from the time-out of a call, which each call has of its own.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const POOL_IDLE: Duration = Duration::from_secs(30);

/// What clients differ in. Prints nothing: a proxy's URL may hold a password.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ClientKind {
    pub(crate) way: Way,
    /// Whether link-local and cloud metadata addresses may be reached.
    pub(crate) allow_link_local: bool,
}

/// The way to an address.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// Through no proxy.
    Direct,
    /// Through the proxy that the environment names, if it does.
    Environment,
    /// Through the proxy with this URL.
    #[cfg_attr(
        not(feature = "wechat"),
        expect(dead_code, reason = "webhooks have no proxy of their own")
    )]
    Proxy(String),
}

impl Way {
    /// Loopback is reached without a proxy: it would be another machine's.
    pub(crate) fn to(address: &Url) -> Self {
        let host = address.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        let is_loopback = match literal.parse::<std::net::IpAddr>() {
            Ok(address) => address.to_canonical().is_loopback(),
            Err(_) => host.trim_end_matches('.').eq_ignore_ascii_case("localhost"),
        };
        if is_loopback {
            Self::Direct
        } else {
            Self::Environment
        }
    }
}

/// The clients of a process.
pub(crate) struct Clients {
    made: Mutex<HashMap<ClientKind, Client>>,
    environment: Matcher,
}

impl Default for Clients {
    fn default() -> Self {
        Self {
            made: Mutex::default(),
            environment: Matcher::from_env(),
        }
    }
}

impl Clients {
    /// The client of a kind; `None` when there are no usable root certificates.
    pub(crate) fn get(&self, kind: &ClientKind) -> Option<Client> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = made.get(kind) {
            return Some(client.clone());
        }
        let builder = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .referer(false)
            .tcp_nodelay(true)
            .pool_idle_timeout(POOL_IDLE)
            .dns_resolver(GuardedResolver {
                allow_link_local: kind.allow_link_local,
            })
            .user_agent("acteon");
        let builder = match &kind.way {
            Way::Direct => builder.no_proxy(),
            Way::Environment => builder,
            Way::Proxy(url) => builder.proxy(Proxy::all(url).ok()?),
        };
        let client = builder.build().ok()?;
        made.insert(kind.clone(), client.clone());
        Some(client)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.made
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// The proxy that the environment names for an address, as `host:port`.
    pub(crate) fn environment_proxy(&self, address: &Url) -> Option<Arc<str>> {
        let proxy = self
            .environment
            .intercept(&address.as_str().parse().ok()?)?;
        let uri = proxy.uri();
        let host = uri.host()?;
        Some(
            uri.port_u16()
                .map_or_else(|| host.into(), |port| format!("{host}:{port}").into()),
        )
    }
}
