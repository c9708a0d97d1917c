//! HTTP calls of the API. Their URLs hold secrets, so that nothing of a request leaves this file but to the server.

use std::borrow::Cow;
use std::fmt;
use std::io::Read as _;
use std::time::Duration;

use acteon_http::{
    Clients, Cut, Failure, HeaderMap, HeaderValue, LinkLocal, Method, NoRemote, Proxy, ProxyChoice,
    Received, Remote, Request, Uri, Url, header, is_loopback,
};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::error::{Call, Error, Reason};

/// Base URL of WeChat Work's own servers (page 90664). Installations in a company's own network (私有化) have others.
pub const DEFAULT_BASE_URL: &str = "https://qyapi.weixin.qq.com";

/// Longest answer that is read. Those of the API are a few hundred bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Longest `Retry-After` that is kept, in bytes: a date has 29.
const MAX_RETRY_AFTER: usize = 64;

/// Endpoint of the API: its base URL, and the way to it.
#[derive(Clone)]
pub struct Endpoint {
    remote: Remote,
    base: Url,
    route: Route,
}

/// Way to a base URL: the proxy, and the time-out of calls. Endpoints that differ in it do not share a token's fetch.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Route {
    /// Proxy that is configured; `None` leaves the choice to the environment, which does not change while the process runs.
    proxy: Option<Proxy>,
    timeout: Duration,
}

/// Reason why an endpoint cannot be used. Its text is for the user whose setting it is about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// The base URL is not an absolute http or https URL, or has credentials, a query or a fragment.
    #[error("must be a URL such as https://qyapi.weixin.qq.com, without user, query and fragment")]
    NotABaseUrl,
    /// The base URL is `http://` of another machine, so that secrets would cross the network unencrypted.
    #[error(
        "uses http, which would send the secret in the clear; use https (http is accepted for loopback addresses, or with wechat.allow_insecure_base_url = true)"
    )]
    Insecure,
    /// The base URL is `http://` through a proxy, so that secrets would reach the proxy unencrypted.
    #[error(
        "uses http through wechat.proxy, which would show the secret to the proxy; use https, or leave the proxy out"
    )]
    InsecureThroughProxy,
    /// The proxy is not a URL of an HTTP or HTTPS proxy.
    #[error("must be a proxy's URL such as http://proxy.example.com:3128")]
    NotAProxy,
    /// There is a proxy although the base URL is a loopback address, which is reached directly.
    #[error(
        "has no effect for wechat.api_base_url on this machine, which is reached without a proxy; leave one of the two out"
    )]
    ProxyToLoopback,
    /// The HTTP client cannot be set up for the server.
    #[error(transparent)]
    NoRemote(#[from] NoRemote),
}

/// Address of a call, secrets included. Has no `Debug` for that reason.
#[derive(Clone)]
pub(crate) struct Address {
    call: Call,
    uri: Uri,
}

/// Body of a POST.
#[derive(Clone)]
pub(crate) struct Body {
    pub(crate) content_type: Cow<'static, str>,
    pub(crate) bytes: Vec<u8>,
}

/// Answer with a 2xx status.
pub(crate) struct Reply {
    pub(crate) body: Zeroizing<Vec<u8>>,
    /// Reason why the rest of the body is missing; `None` when it is whole.
    pub(crate) cut_short: Option<Reason>,
}

impl Endpoint {
    /// Makes an endpoint at `base_url`, with or without `/cgi-bin` at its end. A call takes no longer than `timeout`. Without a `proxy` URL, those of
    /// the environment are used; a loopback address is always reached directly. `allow_insecure` permits `http://` to other machines.
    ///
    /// Errors when the URLs cannot be used, or would send secrets unencrypted.
    pub fn new(
        base_url: &str,
        timeout: Duration,
        proxy: Option<&str>,
        allow_insecure: bool,
    ) -> Result<Self, EndpointError> {
        Self::over(
            &Clients::new("acteon-wecom"),
            base_url,
            timeout,
            proxy,
            allow_insecure,
        )
    }

    /// Makes an endpoint as [`Self::new`] does, over `clients` whose connections others share.
    pub fn over(
        clients: &Clients,
        base_url: &str,
        timeout: Duration,
        proxy: Option<&str>,
        allow_insecure: bool,
    ) -> Result<Self, EndpointError> {
        let base = parse_base(base_url).ok_or(EndpointError::NotABaseUrl)?;
        let is_loopback = is_loopback(&base);
        if base.scheme() == "http" && !allow_insecure {
            if proxy.is_some() {
                return Err(EndpointError::InsecureThroughProxy);
            }
            if !is_loopback {
                return Err(EndpointError::Insecure);
            }
        }
        let proxy = proxy
            .map(|proxy| Proxy::parse(proxy).ok_or(EndpointError::NotAProxy))
            .transpose()?;
        if proxy.is_some() && is_loopback {
            return Err(EndpointError::ProxyToLoopback);
        }
        let choice = proxy
            .clone()
            .map_or_else(|| ProxyChoice::default_for(&base), ProxyChoice::Proxy);
        let remote = clients.remote(&base, choice, LinkLocal::Refused)?;
        Ok(Self {
            remote,
            base,
            route: Route { proxy, timeout },
        })
    }

    /// Longest time of a call.
    pub(crate) fn timeout(&self) -> Duration {
        self.route.timeout
    }

    pub(crate) fn route(&self) -> &Route {
        &self.route
    }

    /// Base URL without a slash at its end. It holds no secret.
    pub fn base_url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Makes a call within the endpoint's time-out and `within`: a POST with a body, or a GET. The values of `query` are percent-encoded here.
    ///
    /// Errors when no 2xx answer came; an `errcode` is not looked at.
    pub(crate) async fn call(
        &self,
        call: Call,
        query: &[(&str, &SecretString)],
        body: Option<Body>,
        within: Duration,
    ) -> Result<Reply, Error> {
        self.call_at(self.address(call, query)?, body, within).await
    }

    /// Builds the address of a call, for several calls of it. The values of `query` are percent-encoded here.
    pub(crate) fn address(
        &self,
        call: Call,
        query: &[(&str, &SecretString)],
    ) -> Result<Address, Error> {
        let uri = self
            .remote
            .address(&self.url(call, query))
            .map_err(|none| Error::new(call, Reason::Connect(none)))?;
        Ok(Address { call, uri })
    }

    /// Makes a call of an address, as [`Self::call`] does.
    pub(crate) async fn call_at(
        &self,
        Address { call, uri }: Address,
        body: Option<Body>,
        within: Duration,
    ) -> Result<Reply, Error> {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static("identity"),
        );
        let kind = body.as_ref().map(|body| body.content_type.as_ref());
        if let Some(Ok(kind)) = kind.map(HeaderValue::from_str) {
            headers.insert(header::CONTENT_TYPE, kind);
        }
        let method = if body.is_some() {
            Method::POST
        } else {
            Method::GET
        };
        let request = Request {
            method,
            address: uri,
            headers,
            body: body.map(|body| body.bytes),
            timeout: self.timeout().min(within),
        };
        let response = self
            .remote
            .send(request)
            .await
            .map_err(|failure| Error::new(call, failure.into()))?;
        let status = response.status();
        if !status.is_success() {
            let retry_after = response
                .header("retry-after")
                .filter(|value| value.len() <= MAX_RETRY_AFTER)
                .map(Box::from);
            return Err(Error::new(
                call,
                Reason::Status {
                    status: status.as_u16(),
                    retry_after,
                },
            ));
        }
        Ok(Reply::from(response.body(MAX_ANSWER_BYTES).await).unpacked())
    }

    /// Builds a URL in one allocation that is wiped when it is dropped. The copies that the HTTP client makes are not.
    fn url(&self, call: Call, query: &[(&str, &SecretString)]) -> Zeroizing<String> {
        let values: usize = query
            .iter()
            .map(|(name, value)| name.len() + 2 + 3 * value.expose_secret().len())
            .sum();
        let mut text = Zeroizing::new(String::with_capacity(
            self.base.as_str().len() + call.path().len() + values,
        ));
        text.push_str(self.base_url());
        text.push_str(call.path());
        for (place, (name, value)) in query.iter().enumerate() {
            text.push(if place == 0 { '?' } else { '&' });
            text.push_str(name);
            text.push('=');
            for byte in value.expose_secret().bytes() {
                match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                        text.push(byte.into());
                    }
                    _ => text.extend(
                        ['%']
                            .into_iter()
                            .chain([byte >> 4, byte & 15].into_iter().filter_map(hexadecimal)),
                    ),
                }
            }
        }
        text
    }
}

impl Body {
    pub(crate) const fn json(bytes: Vec<u8>) -> Self {
        Self {
            content_type: Cow::Borrowed("application/json; charset=utf-8"),
            bytes,
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

impl From<Failure> for Reason {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NoConnection(none) => Self::Connect(none),
            Failure::Late => Self::Timeout,
            Failure::Broken => Self::Broken,
        }
    }
}

impl From<Received> for Reply {
    fn from(Received { bytes, cut }: Received) -> Self {
        let cut_short = cut.map(|cut| match cut {
            Cut::TooLong => Reason::Unreadable("it is too long"),
            Cut::Late => Reason::Timeout,
            Cut::Broken => Reason::Broken,
        });
        Self {
            body: Zeroizing::new(bytes),
            cut_short,
        }
    }
}

impl Reply {
    /// Decompresses the body where it is compressed although no compression was asked for, as some proxies do.
    fn unpacked(mut self) -> Self {
        let mut plain = Vec::new();
        let most = MAX_ANSWER_BYTES as u64;
        let read = match &self.body[..] {
            packed @ [0x1f, 0x8b, ..] => flate2::read::MultiGzDecoder::new(packed)
                .take(most)
                .read_to_end(&mut plain),
            packed @ [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => {
                flate2::read::ZlibDecoder::new(packed)
                    .take(most)
                    .read_to_end(&mut plain)
            }
            _ => return self,
        };
        if read.is_err() && self.cut_short.is_none() {
            self.cut_short = Some(Reason::Unreadable("it is compressed, and broken"));
        }
        self.body = Zeroizing::new(plain);
        self
    }
}

fn hexadecimal(digit: u8) -> Option<char> {
    char::from_digit(digit.into(), 16).map(|digit| digit.to_ascii_uppercase())
}

/// Reads a base URL; `/cgi-bin` at its end is dropped, since people copy it from the documentation.
pub(crate) fn parse_base(text: &str) -> Option<Url> {
    let mut url = Url::parse(text.trim()).ok()?;
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !plain || !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return None;
    }
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/cgi-bin").unwrap_or(path).to_owned();
    url.set_path(&path);
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(base: &str) -> Result<String, EndpointError> {
        Endpoint::new(base, Duration::from_secs(1), None, false)
            .map(|endpoint| endpoint.base_url().to_owned())
    }

    #[test]
    fn accepts_https_and_loopback() {
        assert_eq!(endpoint(DEFAULT_BASE_URL).as_deref(), Ok(DEFAULT_BASE_URL));
        assert_eq!(
            endpoint("http://127.0.0.1:9/").as_deref(),
            Ok("http://127.0.0.1:9")
        );
        assert_eq!(
            endpoint("http://[::1]:9/wecom/").as_deref(),
            Ok("http://[::1]:9/wecom")
        );
        assert_eq!(
            endpoint("http://qyapi.example.com"),
            Err(EndpointError::Insecure)
        );
        assert_eq!(
            endpoint("http://127.0.0.1.example.com"),
            Err(EndpointError::Insecure)
        );
        assert_eq!(
            endpoint("qyapi.weixin.qq.com"),
            Err(EndpointError::NotABaseUrl)
        );
        assert_eq!(
            endpoint("https://user:pass@example.com"),
            Err(EndpointError::NotABaseUrl)
        );
        assert_eq!(
            endpoint("https://qyapi.weixin.qq.com/cgi-bin/").as_deref(),
            Ok(DEFAULT_BASE_URL)
        );
        assert_eq!(
            endpoint("https://proxy.example.com/wecom/cgi-bin").as_deref(),
            Ok("https://proxy.example.com/wecom")
        );
    }
}
