//! Settings of calls: the API's address, the app's credentials, and how fast it may be called.

use std::sync::Arc;
use std::time::Duration;

use acteon_config::{Problem, SectionReader, Settings};
use acteon_http::{Url, is_forbidden_host};
use acteon_wecom::{Credentials, DEFAULT_BASE_URL, Endpoint, EndpointError};

use crate::context::Context;

/// Settings of calls of the API.
pub(crate) struct Connection {
    pub(crate) endpoint: Endpoint,
    pub(crate) credentials: Credentials,
    pub(crate) refresh_buffer: Duration,
    pub(crate) max_concurrency: usize,
    pub(crate) max_per_second: Option<f64>,
}

impl Connection {
    /// Reads the settings; `None` where one cannot be used, which is reported.
    pub(super) fn read(reader: &mut SectionReader<'_>, context: &Context) -> Option<Self> {
        let settings = reader.settings();
        let buffer = reader.integer("wechat.token_refresh_buffer_seconds", 300, 0..=7199);
        let max_concurrency = reader.integer("wechat.max_concurrency", 512, 1..=1024);
        let max_per_second = max_per_second(reader);
        let timeout = reader.take(context.timeout(settings, "wechat.timeout_seconds", 10, 12));
        let endpoint =
            timeout.and_then(|timeout| reader.take(endpoint(settings, timeout, context)));
        let credentials = reader.take_all(credentials(settings));
        Some(Self {
            endpoint: endpoint?,
            credentials: credentials?,
            refresh_buffer: Duration::from_secs(buffer.unsigned_abs()),
            max_concurrency: usize::try_from(max_concurrency).ok()?,
            max_per_second,
        })
    }
}

fn max_per_second(reader: &mut SectionReader<'_>) -> Option<f64> {
    let rate = reader.settings().number("wechat.max_per_second")?;
    if !(0.01..=100_000.0).contains(&rate) {
        reader.wrong("wechat.max_per_second", "must be from 0.01 to 100000");
    }
    Some(rate)
}

fn endpoint(
    settings: &Settings,
    timeout: Duration,
    context: &Context,
) -> Result<Endpoint, Problem> {
    const BASE: &str = "wechat.api_base_url";
    let base = settings.text(BASE).unwrap_or(DEFAULT_BASE_URL);
    if Url::parse(base).is_ok_and(|url| is_forbidden_host(&url)) {
        return Err(Problem::new(
            BASE,
            "is a link-local or cloud metadata address",
        ));
    }
    let allow_insecure = settings.flag("wechat.allow_insecure_base_url");
    Endpoint::over(
        &context.clients,
        base,
        timeout,
        settings.text("wechat.proxy"),
        allow_insecure,
    )
    .map_err(|error| {
        let is_of_proxy = matches!(
            error,
            EndpointError::NotAProxy | EndpointError::ProxyToLoopback
        );
        let key = if is_of_proxy { "wechat.proxy" } else { BASE };
        Problem::new(key, error.to_string())
    })
}

fn credentials(settings: &Settings) -> Result<Credentials, Vec<Problem>> {
    let (id, secret) = (
        settings.secret("wechat.corp_id"),
        settings.secret("wechat.corp_secret"),
    );
    if let (Some(corp_id), Some(corp_secret)) = (id, secret) {
        return Ok(Credentials {
            corp_id: Arc::new(corp_id.clone()),
            corp_secret: Arc::new(corp_secret.clone()),
        });
    }
    let blank = |key, value: Option<_>| {
        value
            .is_none()
            .then(|| Problem::new(key, "must not be blank"))
    };
    Err([
        blank("wechat.corp_id", id),
        blank("wechat.corp_secret", secret),
    ]
    .into_iter()
    .flatten()
    .collect())
}
