//! Proxies, and the choice of one for a server: none, a configured one, or the one that the environment names.

use hyper::Uri;
use hyper::header::HeaderValue;
use hyper::http::uri::Scheme;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use url::{ParseError, Url};

/// Choice of a proxy for a server.
#[derive(Clone, PartialEq, Eq)]
pub enum ProxyChoice {
    /// The server is reached without a proxy.
    Direct,
    /// The server is reached through the proxy that the environment names for it, if any: `HTTPS_PROXY` or `HTTP_PROXY` by its scheme, else
    /// `ALL_PROXY`, unless `NO_PROXY` lists it. Names in small letters count as well.
    Environment,
    /// The server is reached through this proxy, whatever the environment says.
    Proxy(Proxy),
}

impl ProxyChoice {
    /// Choice where no proxy is configured: the environment's, but none for a loopback address, since a proxy would reach its own machine there.
    pub fn default_for(url: &Url) -> Self {
        if is_loopback(url) {
            Self::Direct
        } else {
            Self::Environment
        }
    }
}

/// Proxy that is reached by HTTP or HTTPS. Has no `Debug`: it may hold a password.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    pub(crate) uri: Uri,
    pub(crate) authorization: Option<HeaderValue>,
}

impl Proxy {
    /// Reads a proxy's URL, such as `http://user:password@proxy.example.com:3128`. An IP address may stand without `http://`. `None` when the text is
    /// no URL of an HTTP or HTTPS proxy.
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

    /// Name of the proxy for messages, as `host:port`.
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

/// Value of the `Authorization` header for the user and password in a URL (RFC 7617); `None` when the URL has neither.
pub fn credentials(url: &Url) -> Option<HeaderValue> {
    intercept(url.as_str())?.basic_auth().cloned()
}

/// Reads a URL as the proxy for every server, since the HTTP client decodes user and password only there.
fn intercept(url: &str) -> Option<Intercept> {
    Matcher::builder()
        .all(url)
        .build()
        .intercept(&Uri::from_static("http://any.example.com/"))
}

/// Whether a URL's host is `localhost` or a loopback address, so that only this machine can answer.
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
