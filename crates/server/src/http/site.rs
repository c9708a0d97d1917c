//! Which web pages may reach the server. A browser lets any page send requests to a server on the same machine; only the server can tell.
//!
//! A page whose own name was made to point here shows in `Host`; a page of another site shows in `Origin` and `Sec-Fetch-Site`; a form cannot say
//! that it sends JSON.

use std::collections::HashSet;
use std::net::IpAddr;

use axum::body::Body;
use axum::http::uri::Authority;
use axum::http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header,
};
use axum::response::IntoResponse as _;

use super::error::Refusal;
use super::extract::content_type::has_json;
use super::routes::wechat_callback::is_callback;

/// Headers that no form can send.
const NO_FORM_SENDS: [&str; 3] = ["authorization", "x-api-key", "x-requested-with"];

/// Path of links to approvals.
const APPROVALS: &str = "/v1/approvals/";

/// Headers that tell a browser from other programs.
const BROWSERS_SEND: [&str; 6] = [
    "origin",
    "referer",
    "cookie",
    "sec-fetch-site",
    "sec-fetch-mode",
    "sec-fetch-dest",
];

/// Names of the server, and origins of pages that may call it.
pub(crate) struct Site {
    /// Names and addresses, without ports.
    hosts: Vec<String>,
    /// Whether requests to other names are accepted too.
    any_host: bool,
    origins: Origins,
}

/// Origins of other sites' pages that may call the API.
pub(crate) struct Origins(HashSet<String>);

impl Site {
    /// Site of a server that listens on `bound`, the configured address. Beyond loopback callers
    /// show keys, which no page has: there any name will do unless some are listed.
    pub(crate) fn new(
        bound: &str,
        is_loopback: bool,
        hosts: &[String],
        origins: &[String],
        external_url: Option<&str>,
    ) -> Self {
        let any_host = !is_loopback && hosts.is_empty();
        // Where people reach it, it goes by that name.
        let external = external_url
            .and_then(|url| url.split_once("://"))
            .and_then(|(_, rest)| rest.split('/').next()?.parse::<Authority>().ok());
        let external = external.as_ref().map(Authority::host);
        let own = ["localhost", bound]
            .into_iter()
            .chain(external)
            .map(str::to_owned)
            .chain(hosts.iter().cloned());
        let hosts = own.map(|host| bare(&host).to_owned()).collect();
        Self {
            hosts,
            any_host,
            origins: Origins(
                origins
                    .iter()
                    .map(|origin| origin.trim_end_matches('/').to_ascii_lowercase())
                    .collect(),
            ),
        }
    }

    /// Refuses a request that a page of another site may have sent. Returns the origin of one that
    /// may call.
    pub(super) fn check(
        &self,
        request: &Request<Body>,
        local: IpAddr,
    ) -> Result<Option<HeaderValue>, Refusal> {
        // No browser sends one, and each is signed: by whichever name it came, and however its body is called.
        if is_callback(request.uri().path()) {
            return Ok(None);
        }
        let headers = request.headers();
        let host = self.host(request, local)?;
        // Who was given a link may follow it from any page, and send its form: the signature says that they may.
        if is_signed(request.uri()) || ends_sign_in(request.uri()) {
            return Ok(None);
        }
        let origin = self
            .origins
            .check(request.headers(), host.as_ref().map(Authority::as_str))?;
        let is_probe_of_browser = request.method() == Method::OPTIONS;
        if !request.method().is_safe()
            && !is_probe_of_browser
            && !could_be_no_form(request.method(), headers)
        {
            let message = "a request that changes something must say `content-type: application/json`, also without a body, \
                           or send `x-requested-with`; no form of a web page can";
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UNSUPPORTED_MEDIA_TYPE",
                message,
            ));
        }
        Ok(origin)
    }

    /// Host that was asked for, with its port; `None` where an old client names none.
    fn host(&self, request: &Request<Body>, local: IpAddr) -> Result<Option<Authority>, Refusal> {
        let mut given = request.headers().get_all(header::HOST).iter();
        let first = given.next();
        if given.next().is_some() {
            return Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "INVALID_HOST",
                "the Host header is given twice",
            ));
        }
        let first = first.map(|value| {
            value
                .to_str()
                .ok()
                .and_then(|text| text.parse::<Authority>().ok())
        });
        let hosts = [request.uri().authority().cloned().map(Some), first];
        let mut found = None;
        for host in hosts.into_iter().flatten() {
            let host = host.filter(|host| !host.as_str().contains('@'));
            let host = host.ok_or_else(|| {
                Refusal::new(
                    StatusCode::BAD_REQUEST,
                    "INVALID_HOST",
                    "the Host header names no host",
                )
            })?;
            if !self.knows(host.host(), local) {
                let message = format!(
                    "this server does not go by the name {:?}; list it as `hosts` in [server] if it should",
                    host.host()
                );
                return Err(Refusal::new(StatusCode::FORBIDDEN, "UNKNOWN_HOST", message));
            }
            found = found.or(Some(host));
        }
        // Version 1.0 has no such header, and no browser speaks it.
        if found.is_none() && request.version() != Version::HTTP_10 {
            return Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "INVALID_HOST",
                "the Host header is missing",
            ));
        }
        Ok(found)
    }

    fn knows(&self, host: &str, local: IpAddr) -> bool {
        let host = bare(host);
        let is_own_address = || {
            let address = host.parse::<IpAddr>().map(|address| address.to_canonical());
            address.is_ok_and(|address| address.is_loopback() || address == local)
        };
        self.any_host
            || self
                .hosts
                .iter()
                .any(|known| known.eq_ignore_ascii_case(host))
            || is_own_address()
    }
}

impl Origins {
    /// Origin of another site's page that may call; `None` where no other site's page calls.
    fn check(
        &self,
        headers: &HeaderMap,
        host: Option<&str>,
    ) -> Result<Option<HeaderValue>, Refusal> {
        let mut origin = None;
        for value in headers.get_all(header::ORIGIN) {
            let text = value.to_str().unwrap_or_default().to_ascii_lowercase();
            let authority = text.split_once("://").map(|(_, authority)| authority);
            if self.0.contains(&text) {
                origin = Some(value.clone());
            } else if !is_same(authority, host) {
                let message = format!(
                    "pages of {text:?} may not call this server; list it as `origins` in [server] if they should"
                );
                return Err(Refusal::new(
                    StatusCode::FORBIDDEN,
                    "FOREIGN_ORIGIN",
                    message,
                ));
            }
        }
        let from_elsewhere = headers
            .get_all("sec-fetch-site")
            .iter()
            .any(|site| site.as_bytes().eq_ignore_ascii_case(b"cross-site"));
        if from_elsewhere && origin.is_none() {
            let message = "pages of other sites may not call this server; list theirs as `origins` in [server] if they should";
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "FOREIGN_ORIGIN",
                message,
            ));
        }
        Ok(origin)
    }

    /// Answer to a browser that asks whether such a page may send a request; `None` where it does
    /// not ask.
    pub(super) fn preflight(
        request: &Request<Body>,
        origin: &HeaderValue,
    ) -> Option<Response<Body>> {
        let asks = request.method() == Method::OPTIONS
            && request
                .headers()
                .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        asks.then(|| {
            let allowed = [
                (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, DELETE"),
                (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, idempotency-key, last-event-id, prefer, x-api-key, x-requested-with"),
                (header::ACCESS_CONTROL_MAX_AGE, "600"),
            ];
            let mut response = (StatusCode::NO_CONTENT, allowed).into_response();
            Self::allow(response.headers_mut(), origin.clone());
            response
        })
    }

    /// Adds the header with which a browser shows an answer to the page.
    pub(super) fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
}

/// Whether a request is for an approval, with the signature of a link: who was given that may send it from where they please, and nobody else can.
fn is_signed(uri: &Uri) -> bool {
    let has_signature = |query: &str| query.split('&').any(|pair| pair.starts_with("sig="));
    uri.path().starts_with(APPROVALS) && uri.query().is_some_and(has_signature)
}

/// Whether a request is of somebody whom a service sends back to an approval: that is another site, and their cookie says whether they went from here.
fn ends_sign_in(uri: &Uri) -> bool {
    let below = uri.path().strip_prefix(APPROVALS);
    let parts = below.map(|below| below.split('/').collect::<Vec<_>>());
    matches!(parts.as_deref(), Some([_, _, _, "sign-in"]))
}

/// Whether no form of a web page can have sent a request. Forms name their type and send no other
/// method than POST. Programs that send neither body nor type are known by what every browser adds
/// and they do not.
fn could_be_no_form(method: &Method, headers: &HeaderMap) -> bool {
    let mozilla = |value: &HeaderValue| {
        value.as_bytes().len() >= 8 && value.as_bytes()[..8].eq_ignore_ascii_case(b"mozilla/")
    };
    let is_browser = || {
        BROWSERS_SEND.iter().any(|name| headers.contains_key(*name))
            || headers.get(header::USER_AGENT).is_some_and(mozilla)
    };
    method != Method::POST
        || has_json(headers)
        || NO_FORM_SENDS.iter().any(|name| headers.contains_key(*name))
        || (!headers.contains_key(header::CONTENT_TYPE) && !is_browser())
}

/// Host without the brackets of IPv6 and the dot at the end that some write.
fn bare(host: &str) -> &str {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.strip_suffix('.').unwrap_or(host)
}

/// Whether a page's origin and the host that was asked for are the same.
fn is_same(origin: Option<&str>, host: Option<&str>) -> bool {
    let (Some(origin), Some(host)) = (origin, host) else {
        return false;
    };
    without_default_port(origin).eq_ignore_ascii_case(without_default_port(host))
}

fn without_default_port(authority: &str) -> &str {
    authority
        .strip_suffix(":80")
        .or_else(|| authority.strip_suffix(":443"))
        .unwrap_or(authority)
}
