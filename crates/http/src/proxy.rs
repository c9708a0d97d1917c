//! Proxies, and the choice among them: none, one that is configured, or one that the environment names.

use hyper::Uri;
use hyper::header::HeaderValue;
use hyper::http::uri::Scheme;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use url::{ParseError, Url};

/// The choice of a proxy for a server.
#[derive(Clone, PartialEq, Eq)]
pub enum ProxyChoice {
    /// Through no proxy.
    Direct,
    /// Through the proxy that the environment names for it, if it does: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, and `NO_PROXY`.
    Environment,
    /// Through this proxy.
    Proxy(Proxy),
}

impl ProxyChoice {
    /// The choice where no proxy is configured. Loopback is reached without one: it would be another machine's.
    pub fn default_for(url: &Url) -> Self {
        if is_loopback(url) {
            Self::Direct
        } else {
            Self::Environment
        }
    }
}

/// A proxy, over HTTP or HTTPS. Prints nothing: it may hold a password.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    pub(crate) uri: Uri,
    pub(crate) authorization: Option<HeaderValue>,
}

impl Proxy {
    /// The proxy at a URL, which may hold user and password, and leave `http://` out before an address; `None` when it is no proxy's URL.
    pub fn parse(text: &str) -> Option<Self> {
        let url = match Url::parse(text) {
            Err(ParseError::RelativeUrlWithoutBase) => {
                Url::parse(&format!("http://{text}")).ok()?
            }
            url => url.ok()?,
        };
        let is_proxy = matches!(url.scheme(), "http" | "https") && url.has_host();
        intercept(url.as_str()).filter(|_| is_proxy).map(Self::from)
    }

    /// The proxy as `host:port`.
    pub(crate) fn name(&self) -> String {
        let port = self
            .uri
            .port_u16()
            .unwrap_or(if self.uri.scheme() == Some(&Scheme::HTTPS) {
                443
            } else {
                80
            });
        format!("{}:{port}", self.uri.host().unwrap_or_default())
    }
}

impl From<Intercept> for Proxy {
    fn from(proxy: Intercept) -> Self {
        Self {
            uri: proxy.uri().clone(),
            authorization: proxy.basic_auth().cloned(),
        }
    }
}

/// User and password of a URL, as the value of an `Authorization` header; `None` when it has none.
pub fn credentials(url: &Url) -> Option<HeaderValue> {
    intercept(url.as_str())?.basic_auth().cloned()
}

/// A URL as a proxy for everything, which is what reads user and password out of it.
fn intercept(url: &str) -> Option<Intercept> {
    Matcher::builder()
        .all(url)
        .build()
        .intercept(&Uri::from_static("http://any.example.com/"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_has_a_name_without_its_password() {
        let name = |url| Proxy::parse(url).map(|proxy| proxy.name());
        assert_eq!(
            name("http://user:pa55@proxy.example.com:3128").as_deref(),
            Some("proxy.example.com:3128")
        );
        assert_eq!(
            name("http://user:pa55@proxy.example.com/").as_deref(),
            Some("proxy.example.com:80")
        );
        assert_eq!(
            name("https://proxy.example.com").as_deref(),
            Some("proxy.example.com:443")
        );
        assert_eq!(name("127.0.0.1:3128").as_deref(), Some("127.0.0.1:3128"));
        assert_eq!(name("http://[::1]:3128").as_deref(), Some("[::1]:3128"));
        for url in [
            "",
            "http://",
            "ftp://proxy.example.com",
            "socks5://proxy.example.com:1080",
            "proxy.example.com:3128",
        ] {
            assert_eq!(name(url), None, "{url}");
        }
    }

    #[test]
    fn credentials_of_a_url_are_those_that_were_meant() {
        let of = |url| {
            credentials(&Url::parse(url).expect("a URL"))
                .map(|value| value.to_str().expect("text").to_owned())
        };
        assert_eq!(
            of("https://Aladdin:open%20sesame@example.com/a?b").as_deref(),
            Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
        );
        assert_eq!(
            of("https://Aladdin@example.com/").as_deref(),
            Some("Basic QWxhZGRpbjo=")
        );
        assert_eq!(of("https://example.com/@"), None);
    }

    #[test]
    fn loopback_is_reached_without_a_proxy() {
        let direct =
            |url| ProxyChoice::default_for(&Url::parse(url).expect("a URL")) == ProxyChoice::Direct;
        for url in [
            "http://localhost:1/",
            "http://LocalHost./",
            "http://127.0.0.2/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert!(direct(url), "{url}");
        }
        for url in [
            "http://localhost.example.com/",
            "http://10.0.0.1/",
            "http://127.0.0.1.example.com/",
        ] {
            assert!(!direct(url), "{url}");
        }
    }
}
