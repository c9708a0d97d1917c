//! Causes of transport errors. Only this file takes apart the errors of the HTTP client, its resolver, its TLS and its proxies.

use std::error::Error;
use std::{io, iter};

use rustls::CertificateError;

use crate::connector::TunnelError;
use crate::failure::Cause;
use crate::guard::{NameNotFound, NotAllowed};

/// Cause of an error, and whether the connection to a proxy failed with it (`true`) or the connection to the server (`false`).
///
/// The last error of the chain that has a cause decides, since it is the most precise. A name that is not found, or not allowed, ends the search: the
/// time-out below it would hide it.
pub(crate) fn cause(error: &(dyn Error + 'static)) -> (Cause, bool) {
    let mut found = Cause::Unknown;
    let mut at_proxy = false;
    for error in chain(error) {
        at_proxy |= matches!(error.downcast_ref(), Some(TunnelError::ConnectFailed(_)));
        if let Some(cause) = cause_of(error) {
            found = cause;
            if matches!(found, Cause::NameNotFound | Cause::NotAllowed) {
                break;
            }
        }
    }
    (found, at_proxy)
}

/// Whether the operating system gave the connection up because the other side confirmed nothing any more.
pub(crate) fn is_late(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|error| {
        error
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
    })
}

/// Errors from `error` down to its last source.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| {
        // The source of an io::Error is that of what it holds.
        let held = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        held.map(|held| held as &(dyn Error + 'static))
            .or_else(|| error.source())
    })
}

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
    if let Some(error) = error.downcast_ref::<TunnelError>() {
        return match error {
            TunnelError::ProxyAuthRequired => Some(Cause::ProxySignIn),
            // The source says why there is no connection to the proxy.
            TunnelError::ConnectFailed(_) => None,
            TunnelError::Io(_)
            | TunnelError::MissingHost
            | TunnelError::ProxyHeadersTooLong
            | TunnelError::TunnelUnexpectedEof
            | TunnelError::TunnelUnsuccessful => Some(Cause::ProxyRefusal),
        };
    }
    match error.downcast_ref::<io::Error>()?.kind() {
        io::ErrorKind::ConnectionRefused => Some(Cause::Refused),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            Some(Cause::Unreachable)
        }
        io::ErrorKind::TimedOut => Some(Cause::Late),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => Some(Cause::Broken),
        io::ErrorKind::UnexpectedEof => Some(Cause::Tls("it ended in the handshake".to_owned())),
        _ => None,
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
        let cause_of = |error: &(dyn Error + 'static)| cause(error).0;
        let deep = io::Error::other(io::Error::new(
            io::ErrorKind::InvalidData,
            rustls::Error::DecryptError,
        ));
        assert_eq!(
            cause_of(&deep),
            Cause::Tls(rustls::Error::DecryptError.to_string())
        );
        assert_eq!(
            cause_of(&NameNotFound(io::ErrorKind::TimedOut.into())),
            Cause::NameNotFound
        );
        assert_eq!(
            cause_of(&io::Error::from(io::ErrorKind::ConnectionRefused)),
            Cause::Refused
        );
        assert_eq!(cause_of(&io::Error::other("anything")), Cause::Unknown);
    }

    #[test]
    fn the_way_to_a_proxy_is_told_from_that_behind_it() {
        let reset = || io::Error::from(io::ErrorKind::ConnectionReset);
        assert_eq!(
            cause(&io::Error::other(TunnelError::ConnectFailed(
                reset().into()
            ))),
            (Cause::Broken, true)
        );
        assert_eq!(cause(&TunnelError::Io(reset())), (Cause::Broken, false));
        assert_eq!(
            cause(&TunnelError::ProxyAuthRequired),
            (Cause::ProxySignIn, false)
        );
        assert_eq!(cause(&reset()), (Cause::Broken, false));
    }
}
