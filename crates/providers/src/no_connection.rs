//! Why there is no connection, for people. The one place that takes apart what the HTTP client, its resolver, its TLS and its proxies fail with. Their
//! errors hold the URL, and end here.

use std::error::Error;
use std::io;

use rustls::CertificateError;

use crate::guard::{NameNotFound, NotAllowed};

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoConnection {
    /// What went wrong, and where.
    pub(crate) why: String,
    /// One line of what to do.
    pub(crate) advice: String,
}

/// What a connection failed with.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cause {
    NameNotFound,
    NotAllowed,
    Refused,
    Unreachable,
    Late,
    Broken,
    Certificate(&'static str),
    Tls(String),
    ProxySignIn,
    ProxyRefusal,
    Unknown,
}

/// Explains why there is no connection to a `server`, perhaps through a `proxy`, each `host:port`.
pub(crate) fn explain(error: &reqwest::Error, server: &str, proxy: Option<&str>) -> NoConnection {
    cause(error).tell(server, proxy)
}

/// The same for an endpoint of WeChat Work.
#[cfg(feature = "wechat")]
pub(crate) fn explain_wecom(
    error: &reqwest::Error,
    target: &acteon_wecom::Target,
) -> acteon_wecom::NoConnection {
    let NoConnection { why, advice } = explain(error, &target.server, target.proxy.as_deref());
    acteon_wecom::NoConnection { why, advice }
}

impl Cause {
    fn tell(&self, server: &str, proxy: Option<&str>) -> NoConnection {
        let through = proxy.map_or(String::new(), |proxy| format!(" through the proxy {proxy}"));
        // Before a proxy connects to the server, there must be a connection to the proxy.
        let nearest = proxy.map_or_else(|| server.to_owned(), |proxy| format!("the proxy {proxy}"));
        let host = proxy
            .unwrap_or(server)
            .rsplit_once(':')
            .map_or(server, |(host, _)| host);
        let (what, why, advice) = match self {
            Self::NameNotFound => (
                nearest,
                format!("the name {host} cannot be resolved"),
                "check its spelling and this machine's DNS".into(),
            ),
            Self::NotAllowed => {
                let advice =
                    "correct the name; a webhook may be let there with allow_link_local = true";
                (
                    nearest,
                    "its name leads to link-local or cloud metadata addresses only".into(),
                    advice.into(),
                )
            }
            Self::Refused => (
                nearest,
                "refused".into(),
                "check the port, and that something listens there".to_owned(),
            ),
            Self::Unreachable => (
                nearest,
                "there is no way to it".into(),
                "check the network and its firewalls".into(),
            ),
            Self::Late => (
                nearest,
                "not made in time".into(),
                "check the network and its firewalls: nothing answered".into(),
            ),
            Self::Broken => (
                nearest,
                "it broke while it was made".into(),
                "check what answers there, and the network".into(),
            ),
            Self::Certificate(what) => {
                let advice = "check its certificate, this machine's trusted authorities, and whether something in between reads along";
                (
                    format!("{server}{through}"),
                    format!("its TLS certificate {what}"),
                    advice.into(),
                )
            }
            Self::Tls(what) => (
                format!("{server}{through}"),
                format!("no TLS ({what})"),
                "check whether that port speaks TLS, or http is meant".into(),
            ),
            Self::ProxySignIn => (
                format!("{server}{through}"),
                "the proxy wants to know who calls".into(),
                "put user and password into the proxy's URL".into(),
            ),
            Self::ProxyRefusal => (
                format!("{server}{through}"),
                "the proxy made none".into(),
                "check whether the proxy may reach that server".into(),
            ),
            Self::Unknown => (
                format!("{server}{through}"),
                "it failed before the request left".into(),
                "check the address and the network".into(),
            ),
        };
        NoConnection {
            why: format!("no connection to {what}: {why}"),
            advice,
        }
    }
}

fn cause(error: &reqwest::Error) -> Cause {
    cause_in(error).unwrap_or(if error.is_timeout() {
        Cause::Late
    } else {
        Cause::Unknown
    })
}

/// What the errors of a chain say. A name that was not resolved in time is no connection that was not made in time.
fn cause_in(error: &(dyn Error + 'static)) -> Option<Cause> {
    let mut next = Some(error);
    let mut found = None;
    while let Some(error) = next {
        if let Some(cause) = cause_of(error) {
            let is_last = matches!(cause, Cause::NameNotFound | Cause::NotAllowed);
            found = Some(cause);
            if is_last {
                break;
            }
        }
        // The source of an io::Error is that of what it holds.
        let held = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = held
            .map(|held| held as &(dyn Error + 'static))
            .or_else(|| error.source());
    }
    found
}

/// What one error of a chain says. Those further down know more.
fn cause_of(error: &(dyn Error + 'static)) -> Option<Cause> {
    if error.is::<NotAllowed>() {
        return Some(Cause::NotAllowed);
    }
    if error.is::<NameNotFound>() {
        return Some(Cause::NameNotFound);
    }
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(tls(error));
    }
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return match error.kind() {
            io::ErrorKind::ConnectionRefused => Some(Cause::Refused),
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                Some(Cause::Unreachable)
            }
            io::ErrorKind::TimedOut => Some(Cause::Late),
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Some(Cause::Broken),
            io::ErrorKind::UnexpectedEof => {
                Some(Cause::Tls("it ended in the handshake".to_owned()))
            }
            _ => None,
        };
    }
    // The HTTP client keeps the type of these to itself.
    match error.to_string().strip_prefix("tunnel error: ")? {
        "proxy authorization required" => Some(Cause::ProxySignIn),
        "failed to create underlying connection" => None,
        _ => Some(Cause::ProxyRefusal),
    }
}

fn tls(error: &rustls::Error) -> Cause {
    match error {
        rustls::Error::InvalidCertificate(error) => Cause::Certificate(match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired",
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "is not valid yet: check this machine's clock"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "is for another name"
            }
            CertificateError::UnknownIssuer => "is from an authority that is not trusted here",
            CertificateError::Revoked => "was revoked",
            // The verifier's own word for what signs others, and itself.
            CertificateError::Other(other)
                if format!("{other:?}").contains("CaUsedAsEndEntity") =>
            {
                "is signed by itself, and not trusted here"
            }
            _ => "is not valid",
        }),
        other => Cause::Tls(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_told_apart() {
        let words = |error| match tls(&rustls::Error::InvalidCertificate(error)) {
            Cause::Certificate(words) => words,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            words(CertificateError::UnknownIssuer),
            "is from an authority that is not trusted here"
        );
        assert_eq!(words(CertificateError::Expired), "has expired");
        assert_eq!(
            words(CertificateError::NotValidForName),
            "is for another name"
        );
        assert!(matches!(tls(&rustls::Error::DecryptError), Cause::Tls(_)));
    }

    #[test]
    fn the_end_of_a_chain_knows_the_most() {
        let deep = io::Error::other(io::Error::new(
            io::ErrorKind::InvalidData,
            rustls::Error::DecryptError,
        ));
        assert_eq!(
            cause_in(&deep),
            Some(Cause::Tls(rustls::Error::DecryptError.to_string()))
        );
        assert_eq!(
            cause_in(&NameNotFound(io::ErrorKind::TimedOut.into())),
            Some(Cause::NameNotFound)
        );
        assert_eq!(
            cause_in(&io::Error::from(io::ErrorKind::ConnectionRefused)),
            Some(Cause::Refused)
        );
    }

    #[test]
    fn who_is_named_is_who_failed() {
        let tell = |cause: Cause, proxy| cause.tell("qyapi.example.com:443", proxy).why;
        let proxy = Some("proxy.example.com:3128");
        assert_eq!(
            tell(Cause::Refused, None),
            "no connection to qyapi.example.com:443: refused"
        );
        assert_eq!(
            tell(Cause::Refused, proxy),
            "no connection to the proxy proxy.example.com:3128: refused"
        );
        assert_eq!(
            tell(Cause::NameNotFound, proxy),
            "no connection to the proxy proxy.example.com:3128: the name proxy.example.com cannot be resolved"
        );
        assert_eq!(
            tell(Cause::ProxyRefusal, proxy),
            "no connection to qyapi.example.com:443 through the proxy proxy.example.com:3128: the proxy made none"
        );
    }
}
