//! The one place that speaks HTTP. Requests carry secrets in their URLs, so nothing of a request or of a transport error gets out of here.

use std::fmt;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, Method, Url, redirect};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::error::{Call, Error, Fault};
use crate::outgoing::Departure;
use crate::way::{Way, is_loopback, proxy_name};

/// Where WeChat Work's servers answer.
pub const DEFAULT_BASE_URL: &str = "https://qyapi.weixin.qq.com";

/// Longest that the way to a connection may take: name, address, TLS and proxy.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const POOL_IDLE: Duration = Duration::from_secs(30);
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Longest `Retry-After` that is looked at: a date has 29 letters.
const MAX_RETRY_AFTER: usize = 64;

/// How to reach the API.
#[derive(Clone)]
pub struct Endpoint {
    client: Client,
    base: Url,
    timeout: Duration,
    target: Target,
    explain: Explain,
}

/// What calls connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The server, as `host:port`.
    pub server: Arc<str>,
    /// The proxy on the way, as `host:port`.
    pub proxy: Option<Arc<str>>,
}

/// Why there is no connection, in words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoConnection {
    /// What went wrong, and where.
    pub why: String,
    /// One line of what to do.
    pub advice: String,
}

/// Tells why there is no connection: whoever makes the HTTP client knows what its resolver, its TLS and its proxies fail with.
pub type Explain = fn(&reqwest::Error, &Target) -> NoConnection;

/// Why an endpoint cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// The base URL is not an absolute http or https URL, or has credentials, a query or a fragment.
    #[error("must be a URL such as https://qyapi.weixin.qq.com, without user, query and fragment")]
    NotABaseUrl,
    /// Secrets would cross the network in the clear.
    #[error(
        "uses http, which would send the secret in the clear; use https (http is accepted for loopback addresses, or with wechat.allow_insecure_base_url = true)"
    )]
    Insecure,
    /// Secrets would reach the proxy in the clear.
    #[error(
        "uses http through wechat.proxy, which would show the secret to the proxy; use https, or leave the proxy out"
    )]
    InsecureThroughProxy,
    /// The proxy is not a URL.
    #[error("must be a proxy's URL such as http://proxy.example.com:3128")]
    NotAProxy,
    /// A loopback address is reached without any proxy.
    #[error(
        "has no effect for wechat.api_base_url on this machine, which is reached without a proxy; leave one of the two out"
    )]
    ProxyToLoopback,
    /// The TLS library or its root certificates could not be set up.
    #[error("the HTTP client could not be set up: no usable TLS root certificates?")]
    Client,
}

/// What came back with a 2xx status.
pub(crate) struct Reply {
    pub(crate) body: Zeroizing<Vec<u8>>,
    /// Why not all of it came.
    pub(crate) cut_short: Option<Fault>,
}

impl Endpoint {
    /// An endpoint at `base_url`, with `timeout` for a whole call. `proxy` wins over `HTTPS_PROXY` and `NO_PROXY`, which are honoured
    /// otherwise. A loopback address is reached without any.
    pub fn new(
        base_url: &str,
        timeout: Duration,
        proxy: Option<&str>,
        allow_insecure: bool,
    ) -> Result<Self, EndpointError> {
        Self::with_client(
            base_url,
            timeout,
            proxy,
            allow_insecure,
            |way| client_builder(way)?.build().ok(),
            without_cause,
        )
    }

    /// The same over a client that `client` gives for the way, which endpoints can share, and whose failures to connect `explain` explains.
    pub fn with_client(
        base_url: &str,
        timeout: Duration,
        proxy: Option<&str>,
        allow_insecure: bool,
        client: impl FnOnce(&Way) -> Option<Client>,
        explain: Explain,
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
        let way = match proxy {
            Some(proxy) if proxy_name(proxy).is_none() => return Err(EndpointError::NotAProxy),
            Some(_) if is_loopback => return Err(EndpointError::ProxyToLoopback),
            None if is_loopback => Way::Direct,
            Some(proxy) => Way::Proxy(proxy.to_owned()),
            None => Way::Environment,
        };
        let client = client(&way).ok_or(EndpointError::Client)?;
        let target = Target {
            server: server_name(&base),
            proxy: way.proxy_for(&base),
        };
        Ok(Self {
            client,
            base,
            timeout,
            target,
            explain,
        })
    }

    /// Longest that a call may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The base URL, which holds no secret.
    pub fn base_url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// One call, which ends within its time-out and `within`. `query` values are percent-encoded.
    pub(crate) async fn call(
        &self,
        call: Call,
        query: &[(&str, &SecretString)],
        body: Option<Vec<u8>>,
        within: Duration,
    ) -> Result<Reply, Error> {
        let departure = Departure::default();
        let has_body = body.is_some();
        let left = || !has_body || departure.happened();
        let url = self
            .url(call, query)
            .ok_or_else(|| Error::new(call, Fault::Connect(Arc::new(no_address(&self.target)))))?;
        let method = if has_body { Method::POST } else { Method::GET };
        let mut request = self
            .client
            .request(method, url)
            .timeout(self.timeout.min(within))
            .header("accept-encoding", "identity");
        if let Some(body) = body {
            let body = reqwest::Body::wrap(departure.of(body));
            request = request
                .header("content-type", "application/json; charset=utf-8")
                .body(body);
        }
        let mut response = request
            .send()
            .await
            .map_err(|error| Error::new(call, self.transport(&error, left())))?;
        let status = response.status();
        if !status.is_success() {
            let retry_after = response
                .headers()
                .get("retry-after")
                .and_then(|value| value.to_str().ok());
            let retry_after = retry_after
                .filter(|value| value.len() <= MAX_RETRY_AFTER)
                .map(Box::from);
            return Err(Error::new(
                call,
                Fault::Status {
                    status: status.as_u16(),
                    retry_after,
                },
            ));
        }
        let mut reply = Reply {
            body: Zeroizing::default(),
            cut_short: None,
        };
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if reply.body.len() + chunk.len() <= MAX_ANSWER_BYTES => {
                    reply.body.extend_from_slice(&chunk)
                }
                Ok(Some(_)) => reply.cut_short = Some(Fault::Unreadable("it is too long")),
                Ok(None) => break,
                Err(error) if error.is_timeout() => reply.cut_short = Some(Fault::Timeout),
                Err(_) => reply.cut_short = Some(Fault::Broken),
            }
            if reply.cut_short.is_some() {
                break;
            }
        }
        Ok(reply.unpacked())
    }

    /// Put together in one piece that is wiped. The HTTP client keeps copies of its own while it needs them.
    fn url(&self, call: Call, query: &[(&str, &SecretString)]) -> Option<Url> {
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
                        text.push(byte.into())
                    }
                    _ => text.extend(
                        ['%']
                            .into_iter()
                            .chain([byte >> 4, byte & 15].into_iter().filter_map(hexadecimal)),
                    ),
                }
            }
        }
        Url::parse(&text).ok()
    }

    /// What a transport error means. The error itself holds the URL and ends here.
    fn transport(&self, error: &reqwest::Error, left: bool) -> Fault {
        if error.is_connect() || error.is_builder() || !left {
            return Fault::Connect(Arc::new((self.explain)(error, &self.target)));
        }
        if error.is_timeout() {
            Fault::Timeout
        } else {
            Fault::Broken
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

impl Reply {
    /// Without the compression that was not asked for.
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
            self.cut_short = Some(Fault::Unreadable("it is compressed, and broken"));
        }
        self.body = Zeroizing::new(plain);
        self
    }
}

/// A server as `host:port`.
fn server_name(url: &Url) -> Arc<str> {
    let host = url.host_str().unwrap_or_default();
    url.port_or_known_default()
        .map_or_else(|| host.into(), |port| format!("{host}:{port}").into())
}

/// Says no more than that there is none.
fn without_cause(_error: &reqwest::Error, Target { server, proxy }: &Target) -> NoConnection {
    let through = proxy
        .as_ref()
        .map_or(String::new(), |proxy| format!(" through the proxy {proxy}"));
    let advice = "check the network, the proxy settings and the base URL".into();
    NoConnection {
        why: format!("no connection to {server}{through}"),
        advice,
    }
}

fn no_address(Target { server, .. }: &Target) -> NoConnection {
    let why =
        format!("no connection to {server}: the address of the call could not be put together");
    NoConnection {
        why,
        advice: "check the base URL".into(),
    }
}

fn hexadecimal(digit: u8) -> Option<char> {
    char::from_digit(digit.into(), 16).map(|digit| digit.to_ascii_uppercase())
}

/// What a client for this way must be like; `None` when the way is none.
fn client_builder(way: &Way) -> Option<ClientBuilder> {
    let builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(redirect::Policy::none())
        .referer(false)
        .tcp_nodelay(true)
        .pool_idle_timeout(POOL_IDLE)
        .user_agent("acteon-wecom");
    way.lay(builder)
}

/// The base that was meant, also where its paths were copied with it.
fn parse_base(text: &str) -> Option<Url> {
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
