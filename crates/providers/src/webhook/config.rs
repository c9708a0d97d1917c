//! The section of a webhook.

use std::time::Duration;

use acteon_core::{Key, Kind, Problem, Settings};
use acteon_crypto::ExposeSecret as _;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url, redirect};

use super::guard::{self, GuardedResolver};

pub(super) const KEYS: &[Key] = &[
    Key::required("url", Kind::Secret, "Where to post. May be a secret, since addresses of webhooks often hold one."),
    Key::optional("headers", Kind::SecretTable, "Headers to send, such as Authorization."),
    Key::optional("timeout_seconds", Kind::Integer, "Longest a call may take, 1 to 25. Default 10."),
    Key::optional("max_concurrency", Kind::Integer, "Most calls in flight. Default 64."),
    Key::optional("allow_link_local", Kind::Flag, "Allow link-local and cloud metadata addresses. Default false."),
];

pub(super) struct Config {
    pub(super) client: Client,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) max_concurrency: usize,
}

impl Config {
    pub(super) fn read(settings: &Settings) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let allow_link_local = settings.flag("allow_link_local");
        let url = read_url(settings, allow_link_local).map_err(|problem| problems.push(problem)).ok();
        let headers = read_headers(settings).map_err(|found| problems.extend(found)).ok();
        let timeout = bounded(settings, "timeout_seconds", 10, 25).map_err(|problem| problems.push(problem)).ok();
        let max_concurrency = bounded(settings, "max_concurrency", 64, 1024).map_err(|problem| problems.push(problem)).ok();
        let (Some(url), Some(headers), Some(timeout), Some(max_concurrency)) = (url, headers, timeout, max_concurrency) else {
            return Err(problems);
        };
        let timeout = Duration::from_secs(timeout as u64);
        let client = Client::builder()
            .timeout(timeout)
            .connect_timeout(timeout.min(Duration::from_secs(5)))
            .redirect(redirect::Policy::none())
            .dns_resolver(GuardedResolver { allow_link_local })
            .user_agent("acteon")
            .build()
            .map_err(|_| vec![Problem::new("url", "the HTTP client could not be set up: no usable TLS root certificates?")])?;
        Ok(Self { client, url, headers, max_concurrency })
    }
}

fn read_url(settings: &Settings, allow_link_local: bool) -> Result<Url, Problem> {
    let text = settings.secret("url").ok_or_else(|| Problem::new("url", "must not be blank"))?;
    let url = Url::parse(text.expose_secret().trim()).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.ok_or_else(|| Problem::new("url", "must be an address such as https://hooks.example.com/alerts"))?;
    if !allow_link_local && guard::is_forbidden_host(&url) {
        let message = "is a link-local or cloud metadata address; set allow_link_local = true if that is meant";
        return Err(Problem::new("url", message));
    }
    Ok(url)
}

fn read_headers(settings: &Settings) -> Result<HeaderMap, Vec<Problem>> {
    let mut headers = HeaderMap::new();
    let mut problems = Vec::new();
    for (name, value) in settings.table("headers").into_iter().flatten() {
        let parsed = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.expose_secret()));
        if let (Ok(header), Ok(mut value)) = parsed {
            value.set_sensitive(true);
            headers.insert(header, value);
        } else {
            problems.push(Problem::new("headers", format!("{name:?} is not a header name, or its value holds control characters")));
        }
    }
    if problems.is_empty() { Ok(headers) } else { Err(problems) }
}

fn bounded(settings: &Settings, key: &'static str, default: usize, most: usize) -> Result<usize, Problem> {
    let Some(value) = settings.integer(key) else { return Ok(default) };
    usize::try_from(value)
        .ok()
        .filter(|value| (1..=most).contains(value))
        .ok_or_else(|| Problem::new(key, format!("must be from 1 to {most}, is {value}")))
}
