//! The `[server]` section: the address to listen on, the names of the server, and how much may
//! wait.

use std::time::Duration;

use acteon_config::{Key, Kind, SectionReader};
use acteon_gateway::OpenLimits;

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
    /// Most actions that may be open.
    pub open: OpenLimits,
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
            open: open_limits(reader),
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
