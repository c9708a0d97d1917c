//! HTTP clients of a process. A client holds connections and root certificates, which take time to load and memory to keep: remotes that are reached
//! through the same proxy share one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper_util::client::legacy;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use url::Url;

use crate::connector::{Connector, Tls};
use crate::guard::LinkLocal;
use crate::proxy::{Proxy, ProxyChoice};
use crate::remote::{Client, Remote};

/// Time after which an unused connection is closed.
const POOL_IDLE: Duration = Duration::from_secs(30);

/// Reason why a remote cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRemote {
    /// This machine has no root certificates to check servers against.
    #[error("the HTTP client could not be set up: no usable TLS root certificates?")]
    NoRoots,
    /// The proxy that the environment names is not an HTTP proxy.
    #[error(
        "the proxy in {variable} or ALL_PROXY of the environment has the scheme {scheme}; only http and https proxies are supported: name one, or the server in NO_PROXY"
    )]
    ProxyScheme {
        /// Variable that holds proxies for the server's scheme: `HTTPS_PROXY` or `HTTP_PROXY`.
        variable: &'static str,
        /// Scheme of the proxy's URL, such as `socks5`.
        scheme: String,
    },
}

/// Factory of [`Remote`]s, and the HTTP clients that they share. The proxies of the environment are read once, when it is made.
pub struct Clients {
    user_agent: &'static str,
    environment: Matcher,
    made: Mutex<Made>,
}

#[derive(Default)]
struct Made {
    tls: Option<Tls>,
    clients: HashMap<ClientKey, Client>,
}

/// Key of a client: remotes with the same key share one.
#[derive(Clone, PartialEq, Eq, Hash)]
struct ClientKey {
    proxy: Option<Proxy>,
    link_local: LinkLocal,
}

impl Clients {
    /// Creates a factory without clients. `user_agent` is the `User-Agent` of requests that do not set their own.
    pub fn new(user_agent: &'static str) -> Self {
        Self {
            user_agent,
            environment: Matcher::from_env(),
            made: Mutex::default(),
        }
    }

    /// Makes the remote of a URL's server: only scheme, host and port count. The first remote of its kind loads the root certificates.
    pub fn remote(
        &self,
        url: &Url,
        proxy: ProxyChoice,
        link_local: LinkLocal,
    ) -> Result<Remote, NoRemote> {
        let server = server_name(url);
        let proxy = match proxy {
            ProxyChoice::Direct => None,
            ProxyChoice::Environment => self.environment_proxy(url.scheme(), &server)?,
            ProxyChoice::Proxy(proxy) => Some(proxy),
        };
        let client = self
            .client(ClientKey {
                proxy: proxy.clone(),
                link_local,
            })
            .ok_or(NoRemote::NoRoots)?;
        Ok(Remote::new(client, self.user_agent, server.into(), proxy))
    }

    /// Number of clients that were made, each with connections of its own.
    pub fn count(&self) -> usize {
        self.made
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clients
            .len()
    }

    /// Proxy that the environment names for a server (`host:port`), if any.
    fn environment_proxy(&self, scheme: &str, server: &str) -> Result<Option<Proxy>, NoRemote> {
        let address = format!("{scheme}://{server}/").parse().ok();
        let proxy = address
            .and_then(|address| self.environment.intercept(&address))
            .map(Proxy::from);
        match proxy.as_ref().and_then(|proxy| proxy.uri.scheme_str()) {
            None | Some("http" | "https") => Ok(proxy),
            Some(other) => Err(NoRemote::ProxyScheme {
                variable: if scheme == "https" {
                    "HTTPS_PROXY"
                } else {
                    "HTTP_PROXY"
                },
                scheme: other.to_owned(),
            }),
        }
    }

    fn client(&self, key: ClientKey) -> Option<Client> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = made.clients.get(&key) {
            return Some(client.clone());
        }
        let tls = match &made.tls {
            Some(tls) => tls.clone(),
            None => made.tls.insert(Tls::load()?).clone(),
        };
        let connector = Connector::new(tls, key.proxy.clone(), key.link_local, self.user_agent);
        let client = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .build(connector);
        made.clients.insert(key, client.clone());
        Some(client)
    }
}

/// Name of a URL's server, as `host:port`.
fn server_name(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port_or_known_default()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remotes_behind_the_same_proxy_share_a_client() {
        let clients = Clients::new("test");
        let remote = |url: &str, proxy, link_local| {
            let url = Url::parse(url).expect("a URL");
            clients
                .remote(&url, proxy, link_local)
                .expect("a remote")
                .server()
                .to_owned()
        };
        let proxy = |url| ProxyChoice::Proxy(Proxy::parse(url).expect("a proxy"));
        assert_eq!(
            remote(
                "https://a.example.com/x?y",
                ProxyChoice::Direct,
                LinkLocal::Refused
            ),
            "a.example.com:443"
        );
        assert_eq!(
            remote(
                "http://b.example.com:81/",
                ProxyChoice::Direct,
                LinkLocal::Refused
            ),
            "b.example.com:81"
        );
        assert_eq!(clients.count(), 1);
        remote(
            "http://b.example.com/",
            ProxyChoice::Direct,
            LinkLocal::Allowed,
        );
        remote(
            "http://b.example.com/",
            proxy("http://user:one@proxy.example.com/"),
            LinkLocal::Refused,
        );
        remote(
            "http://b.example.com/",
            proxy("http://user:one@proxy.example.com/"),
            LinkLocal::Refused,
        );
        assert_eq!(clients.count(), 3);
        remote(
            "http://b.example.com/",
            proxy("http://user:two@proxy.example.com/"),
            LinkLocal::Refused,
        );
        assert_eq!(clients.count(), 4);
    }

    #[test]
    fn the_environment_names_proxies_for_those_that_it_means() {
        let environment = Matcher::builder()
            .https("http://user:pa55@proxy.example.com:3128")
            .no("near.example.com,10.0.0.0/8")
            .build();
        let clients = Clients {
            environment,
            ..Clients::new("test")
        };
        let proxy = |scheme, server| {
            clients
                .environment_proxy(scheme, server)
                .expect("a proxy of HTTP")
                .map(|proxy| proxy.name())
        };
        assert_eq!(
            proxy("https", "hooks.example.com:443").as_deref(),
            Some("proxy.example.com:3128")
        );
        for (scheme, server) in [
            ("http", "hooks.example.com:80"),
            ("https", "a.near.example.com:443"),
            ("https", "10.1.2.3:443"),
        ] {
            assert_eq!(proxy(scheme, server), None, "{server}");
        }
    }

    #[test]
    fn a_proxy_of_the_environment_that_speaks_no_http_is_refused() {
        for scheme in ["socks4", "socks4a", "socks5", "socks5h"] {
            let environment = Matcher::builder()
                .all(format!("{scheme}://user:pa55@proxy.example.com:1080"))
                .no("near.example.com")
                .build();
            let clients = Clients {
                environment,
                ..Clients::new("test")
            };
            let remote = |url: &str, proxy| {
                clients
                    .remote(&Url::parse(url).expect("a URL"), proxy, LinkLocal::Refused)
                    .map(|_| ())
            };
            for (url, variable) in [
                ("https://hooks.example.com/", "HTTPS_PROXY"),
                ("http://hooks.example.com/", "HTTP_PROXY"),
            ] {
                let refusal = remote(url, ProxyChoice::Environment);
                assert_eq!(
                    refusal,
                    Err(NoRemote::ProxyScheme {
                        variable,
                        scheme: scheme.to_owned()
                    })
                );
            }
            assert_eq!(
                remote("https://near.example.com/", ProxyChoice::Environment),
                Ok(())
            );
            assert_eq!(
                remote("https://hooks.example.com/", ProxyChoice::Direct),
                Ok(())
            );
        }
    }
}
