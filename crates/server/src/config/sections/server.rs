//! The `[server]` section: the address to listen on, the names of the server, and how much may
//! wait.

use std::time::Duration;

use acteon_config::{Key, Kind, SectionReader};
use acteon_crypto::{ExposeSecret as _, LinkKeys};
use acteon_gateway::{FlowLimits, OpenLimits};

/// Keys of the section.
pub(super) const KEYS: &[Key] = &[
    Key::optional(
        "host",
        Kind::Text,
        "Address to listen on. Default 127.0.0.1: only this machine.",
    ),
    Key::optional(
        "port",
        Kind::Integer,
        "Port to listen on; 0 for any free one. Default 8080.",
    ),
    Key::optional(
        "hosts",
        Kind::Texts,
        "Names that it goes by beside localhost and its addresses, such as acteon.example.com; requests to others are refused.",
    ),
    Key::optional(
        "origins",
        Kind::Texts,
        "Web pages of other sites that may call it, such as https://ops.example.com. Default: none.",
    ),
    Key::optional(
        "shutdown_timeout_seconds",
        Kind::Integer,
        "How long a stop may take. Default 30.",
    ),
    Key::optional(
        "core_dumps",
        Kind::Flag,
        "Allow core dumps and debuggers, which see the secrets. Default false.",
    ),
    Key::optional(
        "external_url",
        Kind::Text,
        "Address under which people reach it, such as https://acteon.example.com: links to approvals begin with it. Default: the address that it listens on.",
    ),
    Key::optional(
        "approval_secret",
        Kind::Secret,
        "Key that signs links to approvals, in hexadecimal digits. Default: one that is made once and kept in the store.",
    ),
    Key::optional(
        "approval_keys",
        Kind::Secret,
        "Several such keys, as in new:KEY,old:KEY: the first signs, all verify. In place of approval_secret.",
    ),
    Key::optional(
        "max_open_actions",
        Kind::Integer,
        "Most actions that wait to be delivered; beyond it callers get 503. Default 100000.",
    ),
    Key::optional(
        "max_open_per_provider",
        Kind::Integer,
        "Most of them that wait for one provider. Default half of max_open_actions.",
    ),
    Key::optional(
        "max_open_per_tenant",
        Kind::Integer,
        "Most of them that are of one tenant and those below it. Default half of max_open_actions.",
    ),
    Key::optional(
        "max_executions_per_tenant",
        Kind::Integer,
        "Most executions of chains of one tenant and those below it that run; beyond it callers who would start one get 503. Default 100000.",
    ),
    Key::optional(
        "max_approvals_per_tenant",
        Kind::Integer,
        "Most approvals of one tenant and those below it that wait for a decision; beyond it callers who would ask for one get 503. Default 100000.",
    ),
];

/// Address to listen on, and how much may wait.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Address to listen on.
    pub host: String,
    /// Port to listen on; 0 for any free one.
    pub port: u16,
    /// Names of the server beside localhost and its addresses.
    pub hosts: Vec<String>,
    /// Origins of other sites' pages that may call the API.
    pub origins: Vec<String>,
    /// Longest time that a stop waits for what is in flight.
    pub shutdown_timeout: Duration,
    /// Whether the process may leave core dumps, which hold its secrets.
    pub core_dumps: bool,
    /// Address under which people reach the server, without a slash at its end.
    pub external_url: Option<String>,
    /// Keys that sign links to approvals; none where they are the store's.
    pub approval_keys: LinkKeys,
    /// Most actions that may be open.
    pub open: OpenLimits,
    /// Limits on the executions and approvals of a tenant.
    pub flow_limits: FlowLimits,
}

impl ServerConfig {
    pub(crate) fn read(reader: &mut SectionReader<'_>) -> Self {
        let host = host(reader);
        let port = reader.integer("port", 8080, 0..=65535);
        let hosts = names(
            reader,
            "hosts",
            is_host,
            "names without scheme, port and path, such as acteon.example.com",
        );
        let origins = names(
            reader,
            "origins",
            is_origin,
            "origins such as https://ops.example.com",
        );
        let stop_limit = reader.integer("shutdown_timeout_seconds", 30, 0..=3600);
        Self {
            host,
            port: u16::try_from(port).unwrap_or_default(),
            hosts,
            origins,
            shutdown_timeout: Duration::from_secs(stop_limit.unsigned_abs()),
            core_dumps: reader.settings().flag("core_dumps"),
            external_url: external_url(reader),
            approval_keys: approval_keys(reader),
            open: open_limits(reader),
            flow_limits: flow_limits(reader),
        }
    }
}

fn host(reader: &mut SectionReader<'_>) -> String {
    let host = reader.settings().text("host").unwrap_or("127.0.0.1");
    if !is_host(host) {
        let message = format!(
            "must be an address or a name without scheme, port and path, such as 127.0.0.1; {host:?} is none"
        );
        reader.wrong("host", message);
    }
    host.to_owned()
}

/// List of names, each of which `check` accepts.
fn names(
    reader: &mut SectionReader<'_>,
    key: &'static str,
    fits: fn(&str) -> bool,
    expected: &str,
) -> Vec<String> {
    let names = reader.settings().texts(key);
    if let Some(wrong) = names.iter().find(|name| !fits(name)) {
        reader.wrong(key, format!("must be {expected}; {wrong:?} is none"));
    }
    names.to_vec()
}

fn is_host(text: &str) -> bool {
    let is_v6 = text
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<std::net::Ipv6Addr>()
        .is_ok();
    is_v6
        || (!text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')))
}

fn is_origin(text: &str) -> bool {
    let authority = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    authority.is_some_and(|rest| {
        !rest.is_empty()
            && !rest
                .trim_end_matches('/')
                .contains(['/', '@', '?', '#', ' ', '*'])
    })
}

/// Address under which people reach the server.
fn external_url(reader: &mut SectionReader<'_>) -> Option<String> {
    let url = reader.settings().text("external_url")?.to_owned();
    let bare = url.trim_end_matches('/');
    let rest = bare
        .strip_prefix("https://")
        .or_else(|| bare.strip_prefix("http://"));
    let is_plain = |rest: &str| {
        let host = rest.split('/').next().unwrap_or_default();
        !host.is_empty() && !rest.contains(['@', '?', '#', ' ', '"', '<', '>'])
    };
    if rest.is_some_and(is_plain) {
        return Some(bare.to_owned());
    }
    let message = format!(
        "must be an address such as https://acteon.example.com, without query; {url:?} is none"
    );
    reader.wrong("external_url", message);
    None
}

/// Id of the key where there is one alone.
const ONLY_KEY: &str = "default";

/// Keys that sign links to approvals.
fn approval_keys(reader: &mut SectionReader<'_>) -> LinkKeys {
    let settings = reader.settings();
    let given = |key| {
        settings
            .secret(key)
            .map(|secret| secret.expose_secret().to_owned())
    };
    let (one, several) = (given("approval_secret"), given("approval_keys"));
    let (key, read) = match (&one, &several) {
        (Some(_), Some(_)) => {
            reader.wrong(
                "approval_secret",
                "stands beside approval_keys; leave one of them out",
            );
            return LinkKeys::default();
        }
        (Some(secret), None) => (
            "approval_secret",
            LinkKeys::of([(ONLY_KEY, secret.as_str())]),
        ),
        (None, Some(keys)) => {
            let pairs = keys
                .split([',', '\n'])
                .map(str::trim)
                .filter(|pair| !pair.is_empty())
                .map(|pair| pair.split_once(':').unwrap_or((ONLY_KEY, pair)));
            ("approval_keys", LinkKeys::of(pairs))
        }
        (None, None) => return LinkKeys::default(),
    };
    read.unwrap_or_else(|error| {
        reader.wrong(key, error.to_string());
        LinkKeys::default()
    })
}

fn open_limits(reader: &mut SectionReader<'_>) -> OpenLimits {
    let default = OpenLimits::default().total as i64;
    let total = reader
        .integer("max_open_actions", default, 1..=100_000_000)
        .max(1);
    let number = |value: i64| usize::try_from(value).unwrap_or(usize::MAX);
    let half = OpenLimits::of(number(total));
    let mut share =
        |key: &'static str, default: usize| number(reader.integer(key, default as i64, 1..=total));
    OpenLimits {
        total: half.total,
        per_provider: share("max_open_per_provider", half.per_provider),
        per_tenant: share("max_open_per_tenant", half.per_tenant),
    }
}

fn flow_limits(reader: &mut SectionReader<'_>) -> FlowLimits {
    let default = FlowLimits::default();
    let mut most = |key: &'static str, default: usize| {
        let value = reader.integer(key, default as i64, 1..=10_000_000);
        usize::try_from(value).unwrap_or(default)
    };
    FlowLimits {
        executions_per_tenant: most("max_executions_per_tenant", default.executions_per_tenant),
        approvals_per_tenant: most("max_approvals_per_tenant", default.approvals_per_tenant),
    }
}
