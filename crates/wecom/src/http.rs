//! The one place that speaks HTTP. Requests carry secrets in their URLs, so nothing of a request or of a transport error gets out of here.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Client, Method, Url, redirect};
use secrecy::{ExposeSecret, SecretString};

use crate::error::{Call, Error, Fault};

/// Where WeChat Work's servers answer.
pub const DEFAULT_BASE_URL: &str = "https://qyapi.weixin.qq.com";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const POOL_IDLE: Duration = Duration::from_secs(30);
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// How to reach the API.
#[derive(Clone)]
pub struct Endpoint {
    client: Client,
    base: Url,
}

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
    /// The proxy is not a URL.
    #[error("must be a proxy's URL such as http://proxy.example.com:3128")]
    NotAProxy,
    /// The TLS library or its root certificates could not be set up.
    #[error("the HTTP client could not be set up: no usable TLS root certificates?")]
    Client,
}

impl Endpoint {
    /// An endpoint at `base_url`, with `timeout` for a whole call. `proxy` wins over `HTTPS_PROXY` and `NO_PROXY`, which are honoured otherwise.
    pub fn new(base_url: &str, timeout: Duration, proxy: Option<&str>, allow_insecure: bool) -> Result<Self, EndpointError> {
        let base = parse_base(base_url).ok_or(EndpointError::NotABaseUrl)?;
        if base.scheme() == "http" && !allow_insecure && !is_loopback(&base) {
            return Err(EndpointError::Insecure);
        }
        let mut builder = Client::builder()
            .timeout(timeout)
            .connect_timeout(CONNECT_TIMEOUT.min(timeout))
            .redirect(redirect::Policy::none())
            .referer(false)
            .tcp_nodelay(true)
            .pool_idle_timeout(POOL_IDLE)
            .user_agent("acteon-wecom");
        if let Some(proxy) = proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(|_| EndpointError::NotAProxy)?);
        }
        let client = builder.build().map_err(|_| EndpointError::Client)?;
        Ok(Self { client, base })
    }

    /// The base URL, which holds no secret.
    pub fn base_url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// One call. `query` values are percent-encoded.
    pub(crate) async fn call(&self, call: Call, query: &[(&str, &SecretString)], body: Option<Vec<u8>>) -> Result<Vec<u8>, Error> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{}", self.base.path().trim_end_matches('/'), call.path()));
        for (name, value) in query {
            url.query_pairs_mut().append_pair(name, value.expose_secret());
        }
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let mut request = self.client.request(method, url);
        if let Some(body) = body {
            request = request.header("content-type", "application/json; charset=utf-8").body(body);
        }
        let mut response = request.send().await.map_err(|error| transport(call, &error))?;
        let status = response.status();
        if !status.is_success() {
            let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
            let retry_after = retry_after.map(Duration::from_secs);
            return Err(Error::new(call, Fault::Status { status: status.as_u16(), retry_after }));
        }
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| transport(call, &error))? {
            if answer.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(Error::new(call, Fault::Unreadable("it is too long")));
            }
            answer.extend_from_slice(&chunk);
        }
        Ok(answer)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

fn parse_base(text: &str) -> Option<Url> {
    let url = Url::parse(text.trim()).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    (plain && matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || literal.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What a transport error means. The error itself holds the URL and ends here.
fn transport(call: Call, error: &reqwest::Error) -> Error {
    let fault = if error.is_connect() || error.is_builder() {
        Fault::Connect
    } else if error.is_timeout() {
        Fault::Timeout
    } else {
        Fault::Broken
    };
    Error::new(call, fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(base: &str) -> Result<String, EndpointError> {
        Endpoint::new(base, Duration::from_secs(1), None, false).map(|endpoint| endpoint.base_url().to_owned())
    }

    #[test]
    fn accepts_https_and_loopback() {
        assert_eq!(endpoint(DEFAULT_BASE_URL).as_deref(), Ok(DEFAULT_BASE_URL));
        assert_eq!(endpoint("http://127.0.0.1:9/").as_deref(), Ok("http://127.0.0.1:9"));
        assert_eq!(endpoint("http://[::1]:9/wecom/").as_deref(), Ok("http://[::1]:9/wecom"));
        assert_eq!(endpoint("http://qyapi.example.com"), Err(EndpointError::Insecure));
        assert_eq!(endpoint("http://127.0.0.1.example.com"), Err(EndpointError::Insecure));
        assert_eq!(endpoint("qyapi.weixin.qq.com"), Err(EndpointError::NotABaseUrl));
        assert_eq!(endpoint("https://user:pass@example.com"), Err(EndpointError::NotABaseUrl));
    }
}
