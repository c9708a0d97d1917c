//! Section of a webhook.

use std::sync::Arc;
use std::time::Duration;

use acteon_config::{Key, Kind, Problem, SectionReader, Settings, Takes};
use acteon_core::Clock;
use acteon_crypto::{ExposeSecret as _, SecretString};
use acteon_http::{
    HeaderMap, HeaderName, HeaderValue, LinkLocal, ProxyChoice, Remote, Uri, Url, credentials,
    header, is_forbidden_host,
};

use crate::context::Context;

pub(super) const KEYS: &[Key] = &[
    Key::required(
        "url",
        Kind::Secret,
        "Where to post. May be a secret, since addresses of webhooks often hold one.",
    ),
    Key::optional(
        "headers",
        Kind::SecretTable,
        "Headers to send, such as Authorization.",
    ),
    Key::optional(
        "timeout_seconds",
        Kind::Integer,
        "Longest a call may take, 1 to 25. Default 10.",
    )
    .taking(Takes::WithinLease),
    Key::optional(
        "max_concurrency",
        Kind::Integer,
        "Most calls in flight. Default 64.",
    )
    .taking(Takes::AtStart),
    Key::optional(
        "retry",
        Kind::Text,
        "What is repeated: \"safe\" (default), at once only what surely did not arrive, and what may have arrived once, later; \"5xx\", every answer \
         5xx like what did not arrive; \"never\", nothing that may have arrived.",
    ),
    Key::optional(
        "allow_link_local",
        Kind::Flag,
        "Allow link-local and cloud metadata addresses. Default false.",
    ),
];

/// Choice of what is repeated after a failed send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RetryMode {
    /// What surely did not arrive is repeated at once, and what may have arrived once, later.
    Safe,
    /// A 5xx answer is repeated as what surely did not arrive: the webhook can cope with copies.
    ServerErrors,
    /// What may have arrived is not repeated.
    Never,
}

impl RetryMode {
    const ALL: [(&str, Self); 3] = [
        ("safe", Self::Safe),
        ("5xx", Self::ServerErrors),
        ("never", Self::Never),
    ];
}

pub(super) struct Config {
    pub(super) remote: Remote,
    pub(super) address: Uri,
    pub(super) headers: HeaderMap,
    /// Texts that are taken out of answers, the longest first, so that a part of another does not spoil it.
    pub(super) secrets: Vec<SecretString>,
    pub(super) timeout: Duration,
    pub(super) retry: RetryMode,
    pub(super) max_concurrency: usize,
    pub(super) clock: Arc<dyn Clock>,
}

impl Config {
    pub(super) fn read(settings: &Settings, context: &Context) -> Result<Self, Vec<Problem>> {
        let mut reader = SectionReader::new(settings);
        let link_local = if settings.flag("allow_link_local") {
            LinkLocal::Allowed
        } else {
            LinkLocal::Refused
        };
        let url = reader.take(read_url(settings, link_local));
        let headers = reader.take_all(read_headers(settings));
        if let (Some((url, _)), Some(headers)) = (&url, &headers)
            && credentials(url).is_some()
            && headers.contains_key(header::AUTHORIZATION)
        {
            let message = "user and password of the URL have no effect beside the header authorization: leave one of them out";
            reader.wrong("url", message);
        }
        let timeout = reader.take(context.timeout(settings, "timeout_seconds", 10, 25));
        let retry = reader.word("retry", RetryMode::ALL);
        let max_concurrency = reader.integer("max_concurrency", 64, 1..=1024);
        let (Some((url, address)), Some(mut headers), Some(timeout), Some(retry), true) =
            (url, headers, timeout, retry, reader.is_clean())
        else {
            return Err(reader.finish());
        };
        let remote = context
            .clients
            .remote(&url, ProxyChoice::default_for(&url), link_local);
        let remote = remote.map_err(|error| vec![Problem::new("url", error.to_string())])?;
        if let Some(credentials) = credentials(&url) {
            headers.entry(header::AUTHORIZATION).or_insert(credentials);
        }
        let secrets = secrets(&url, &headers);
        let clock = Arc::clone(&context.clock);
        Ok(Self {
            remote,
            address,
            headers,
            secrets,
            timeout,
            retry,
            max_concurrency: usize::try_from(max_concurrency).unwrap_or(1),
            clock,
        })
    }
}

/// Reads the URL. Returns it with the address of requests, which is without user and password: those become a header.
fn read_url(settings: &Settings, link_local: LinkLocal) -> Result<(Url, Uri), Problem> {
    let text = settings
        .secret("url")
        .ok_or_else(|| Problem::new("url", "must not be blank"))?;
    let url = Url::parse(text.expose_secret().trim()).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let both = url.and_then(|url| {
        let mut plain = url.clone();
        plain.set_username("").ok()?;
        plain.set_password(None).ok()?;
        let address = plain.as_str().parse().ok()?;
        Some((url, address))
    });
    let (url, address) = both.ok_or_else(|| {
        Problem::new(
            "url",
            "must be an address such as https://hooks.example.com/alerts",
        )
    })?;
    if let Some(part) = url.fragment() {
        let message = format!(
            "has a fragment, #{part}, which is never sent: leave it out, or write # as %23"
        );
        return Err(Problem::new("url", message));
    }
    if url.port() == Some(0) {
        return Err(Problem::new(
            "url",
            "has the port 0, where nothing can listen",
        ));
    }
    if link_local == LinkLocal::Refused && is_forbidden_host(&url) {
        let message = "is a link-local or cloud metadata address; set allow_link_local = true if that is meant";
        return Err(Problem::new("url", message));
    }
    Ok((url, address))
}

/// Headers that describe the connection or the body. They are made with each request, and others would contradict it.
const NOT_TAKEN: [&str; 13] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

fn read_headers(settings: &Settings) -> Result<HeaderMap, Vec<Problem>> {
    let mut headers = HeaderMap::new();
    let mut problems = Vec::new();
    for (name, value) in settings.table("headers").into_iter().flatten() {
        let parsed = (
            HeaderName::try_from(name.as_str()),
            HeaderValue::try_from(value.expose_secret()),
        );
        if let (Ok(header), Ok(mut value)) = parsed {
            value.set_sensitive(true);
            if NOT_TAKEN.contains(&header.as_str()) {
                let message = format!(
                    "{name:?} cannot be set: it says how a request is carried, and is made with each; leave it out"
                );
                problems.push(Problem::new("headers", message));
            } else if headers.insert(header, value).is_some() {
                problems.push(Problem::new(
                    "headers",
                    format!("{name:?} is there twice: a header's name is the same in capitals"),
                ));
            }
        } else {
            problems.push(Problem::new(
                "headers",
                format!("{name:?} is not a header name, or its value holds control characters"),
            ));
        }
    }
    if problems.is_empty() {
        Ok(headers)
    } else {
        Err(problems)
    }
}

/// Shortest secret, in bytes: a shorter text stands in many answers by chance.
const SHORTEST_SECRET: usize = 8;

/// Texts of a request that may be secret: values of headers, with and without a scheme such as `Bearer`, and all of the URL but its host. Each is
/// listed as it stands in the request, and as its reader decodes it.
fn secrets(url: &Url, headers: &HeaderMap) -> Vec<SecretString> {
    let behind_scheme = |text: &str| text.split_once(' ').map(|(_, rest)| rest.trim().to_owned());
    let of_headers = headers
        .values()
        .filter_map(|value| std::str::from_utf8(value.as_bytes()).ok())
        .flat_map(|text| [Some(text.to_owned()), behind_scheme(text)]);
    let mut texts: Vec<String> = of_headers.flatten().collect();
    texts.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
    let parts = url
        .path_segments()
        .into_iter()
        .flatten()
        .filter(|part| part.len() >= 2 * SHORTEST_SECRET);
    let pairs = url.query().into_iter().flat_map(|query| query.split('&'));
    let values = pairs.filter_map(|pair| pair.split_once('=').map(|(_, value)| value));
    let as_written = parts
        .chain(values)
        .chain([url.password(), url.query()].into_iter().flatten())
        .chain([url.username()]);
    for text in as_written {
        texts.push(percent_decoded(url, text));
        texts.push(text.to_owned());
    }
    texts.retain(|text| text.len() >= SHORTEST_SECRET);
    texts
        .sort_unstable_by(|left, right| right.len().cmp(&left.len()).then_with(|| left.cmp(right)));
    texts.dedup();
    texts.into_iter().map(SecretString::from).collect()
}

/// Part of a URL, percent-decoded.
fn percent_decoded(url: &Url, text: &str) -> String {
    let mut url = url.clone();
    // In a query a plus is a blank, and nowhere else.
    let value = text.replace('+', "%2B").replace('&', "%26");
    url.set_query(Some(&format!("value={value}")));
    let mut pairs = url.query_pairs();
    pairs
        .next()
        .map_or(String::new(), |(_, value)| value.into_owned())
}
