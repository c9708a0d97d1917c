//! Failures of requests, with texts for people. They hold no more of an address than host and port: the rest may be secret.

use std::fmt;
use std::sync::Arc;

/// Failure of a request that got no response. Its variant says whether the request may have left, and so whether it can be sent again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// There was no connection, so the request did not leave.
    #[error(transparent)]
    NoConnection(#[from] NoConnection),
    /// No response came within the time-out. The request may have left.
    #[error("no answer in time")]
    Late,
    /// The connection broke before a response came. The request may have left.
    #[error("the connection broke before the answer")]
    Broken,
}

/// Connection that could not be made. Its text says what went wrong and where, and [`Self::advice`] what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoConnection {
    /// Cause of the failure.
    pub cause: Cause,
    /// Server that was to be reached, as `host:port`.
    pub server: Arc<str>,
    /// Proxy that it is reached through, as `host:port`.
    pub proxy: Option<Arc<str>>,
    /// Whether the connection to the proxy failed, and not the one from the proxy to the server.
    pub at_proxy: bool,
}

/// Cause of a connection's failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The host's name cannot be resolved.
    NameNotFound,
    /// The host's name resolves only to link-local or cloud metadata addresses, which are refused ([`LinkLocal`](crate::LinkLocal)).
    NotAllowed,
    /// Nothing listens at the port.
    Refused,
    /// There is no route to the host or its network.
    Unreachable,
    /// The connection was not made in time.
    Late,
    /// The connection broke while it was made.
    Broken,
    /// The server's certificate was refused. The text says why, such as `has expired`.
    Certificate(&'static str),
    /// The TLS handshake failed. The text is the TLS library's.
    Tls(String),
    /// The proxy asks for user and password (status 407).
    ProxySignIn,
    /// The proxy made no connection to the server.
    ProxyRefusal,
    /// The request's address is not a valid URL.
    NoAddress,
    /// The error is of no known kind.
    Unknown,
}

impl NoConnection {
    /// Advice for people: one line that says what to check or correct.
    pub fn advice(&self) -> &'static str {
        match self.cause {
            Cause::NameNotFound => "check its spelling and this machine's DNS",
            Cause::NotAllowed => "correct the name",
            Cause::Refused => "check the port, and that something listens there",
            Cause::Unreachable => "check the network and its firewalls",
            Cause::Late => "check the network and its firewalls: nothing answered",
            Cause::Broken => "check what answers there, and the network",
            Cause::Certificate(_) => {
                "check its certificate, this machine's trusted authorities, and whether something in between reads along"
            }
            Cause::Tls(_) => "check whether that port speaks TLS, or http is meant",
            Cause::ProxySignIn => "put user and password into the proxy's URL",
            Cause::ProxyRefusal => "check whether the proxy may reach that server",
            Cause::NoAddress => "check the base URL",
            Cause::Unknown => "check the address and the network",
        }
    }

    /// Name of the place that failed: the server, or the proxy. After a time-out both are named, since nobody knows which of them was waited for.
    fn place(&self) -> String {
        let Self {
            cause,
            server,
            proxy,
            at_proxy,
        } = self;
        match (cause, proxy) {
            (_, None) | (Cause::NoAddress, _) => server.to_string(),
            (cause, Some(proxy)) if *at_proxy && *cause != Cause::Late => {
                format!("the proxy {proxy}")
            }
            (_, Some(proxy)) => format!("{server} through the proxy {proxy}"),
        }
    }
}

impl fmt::Display for NoConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no connection to {}: ", self.place())?;
        match &self.cause {
            Cause::NameNotFound => {
                let nearest = self.proxy.as_ref().unwrap_or(&self.server);
                write!(
                    f,
                    "the name {} cannot be resolved",
                    nearest
                        .rsplit_once(':')
                        .map_or(&**nearest, |(host, _)| host)
                )
            }
            Cause::NotAllowed => {
                f.write_str("its name leads to link-local or cloud metadata addresses only")
            }
            Cause::Refused => f.write_str("refused"),
            Cause::Unreachable => f.write_str("there is no way to it"),
            Cause::Late => f.write_str("not made in time"),
            Cause::Broken => f.write_str("it broke while it was made"),
            Cause::Certificate(what) => write!(f, "its TLS certificate {what}"),
            Cause::Tls(what) => write!(f, "no TLS ({what})"),
            Cause::ProxySignIn => f.write_str("the proxy wants to know who calls"),
            Cause::ProxyRefusal => f.write_str("the proxy made none"),
            Cause::NoAddress => f.write_str("the address of the call could not be put together"),
            Cause::Unknown => f.write_str("it failed before the request left"),
        }
    }
}

impl std::error::Error for NoConnection {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_named_is_who_failed() {
        let tell = |cause, proxy: Option<&str>, at_proxy| {
            NoConnection {
                cause,
                server: "qyapi.example.com:443".into(),
                proxy: proxy.map(Arc::from),
                at_proxy,
            }
            .to_string()
        };
        let proxy = Some("proxy.example.com:3128");
        assert_eq!(
            tell(Cause::Refused, None, false),
            "no connection to qyapi.example.com:443: refused"
        );
        assert_eq!(
            tell(Cause::Refused, proxy, true),
            "no connection to the proxy proxy.example.com:3128: refused"
        );
        assert_eq!(
            tell(Cause::NameNotFound, proxy, true),
            "no connection to the proxy proxy.example.com:3128: the name proxy.example.com cannot be resolved"
        );
        assert_eq!(
            tell(Cause::Certificate("has expired"), proxy, true),
            "no connection to the proxy proxy.example.com:3128: its TLS certificate has expired"
        );
        for (cause, words) in [
            (Cause::ProxyRefusal, "the proxy made none"),
            (
                Cause::Certificate("has expired"),
                "its TLS certificate has expired",
            ),
            (Cause::Broken, "it broke while it was made"),
            (Cause::Late, "not made in time"),
        ] {
            assert_eq!(
                tell(cause, proxy, false),
                format!(
                    "no connection to qyapi.example.com:443 through the proxy proxy.example.com:3128: {words}"
                )
            );
        }
        // The time for a connection and that for one to the proxy end together.
        assert_eq!(
            tell(Cause::Late, proxy, true),
            tell(Cause::Late, proxy, false)
        );
    }
}
