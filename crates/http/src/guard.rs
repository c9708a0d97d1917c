//! Guard against requests to link-local addresses and metadata services: whoever chooses a URL could otherwise have this machine read the credentials
//! of a cloud machine (server-side request forgery).
//!
//! An IPv6 address can embed an IPv4 address that routers or the machine itself unpack on the way: each such form is reduced to the IPv4 address in it.
//! Names are compared without case and last dot, as the resolver takes them. The addresses that a name resolves to are checked when a connection is
//! made. Behind a proxy it is the proxy that resolves, and only the names can be checked.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec;

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;
use url::Url;

/// Whether link-local and cloud metadata addresses may be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkLocal {
    /// They are refused: a name that resolves to nothing else fails with [`Cause::NotAllowed`](crate::Cause::NotAllowed).
    Refused,
    /// They are reached like all others.
    Allowed,
}

/// Addresses of metadata services outside the link-local ranges, as their clouds document them: Alibaba Cloud, Azure, Oracle Cloud, AWS (metadata,
/// credentials of pods, name server), Google Cloud.
const ADDRESSES: [IpAddr; 7] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x253)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

/// Names of metadata services, which only resolve inside their clouds.
const NAMES: [&str; 10] = [
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "metadata.azure.internal",
    "metadata.azure.com",
    "metadata.tencentyun.com",
    "metadata.platformequinix.com",
    "metadata.packet.net",
    "instance-data",
    "instance-data.ec2.internal",
];

/// Whether an address, or an IPv4 address embedded in it, is link-local or a metadata service's.
fn is_forbidden(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => is_forbidden_four(four),
        IpAddr::V6(six) => {
            six.is_unicast_link_local()
                || ADDRESSES.contains(&address)
                || held(six).into_iter().any(is_forbidden_four)
        }
    }
}

/// Whether a URL's host is a link-local address, or the address or name of a metadata service. Resolves nothing.
pub fn is_forbidden_host(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    literal
        .parse()
        .map_or_else(|_| is_forbidden_name(host), is_forbidden)
}

fn is_forbidden_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn is_forbidden_four(four: Ipv4Addr) -> bool {
    four.is_link_local() || ADDRESSES.contains(&IpAddr::V4(four))
}

/// IPv4 addresses that can be embedded in an IPv6 address, one for each form that its prefix allows.
fn held(six: Ipv6Addr) -> Vec<Ipv4Addr> {
    let bytes = six.octets();
    let at = |places: [usize; 4]| Ipv4Addr::from(places.map(|place| bytes[place]));
    let last = at([12, 13, 14, 15]);
    let mut held = match six.segments() {
        // IPv4-compatible and IPv4-mapped (RFC 4291), SIIT (RFC 2765), NAT64 with its well-known prefix (RFC 6052).
        [0, 0, 0, 0, 0, 0 | 0xffff, ..]
        | [0, 0, 0, 0, 0xffff, 0, ..]
        | [0x64, 0xff9b, 0, 0, 0, 0, ..] => vec![last],
        // NAT64 with local prefixes of 96, 64, 56 and 48 bits (RFC 8215): all but the first leave out the ninth byte (RFC 6052).
        [0x64, 0xff9b, 1, ..] => vec![
            last,
            at([9, 10, 11, 12]),
            at([7, 9, 10, 11]),
            at([6, 7, 9, 10]),
        ],
        // 6to4 (RFC 3056).
        [0x2002, ..] => vec![at([2, 3, 4, 5])],
        // Teredo (RFC 4380): the server, and the client with its bits inverted.
        [0x2001, 0, ..] => vec![at([4, 5, 6, 7]), Ipv4Addr::from_bits(!last.to_bits())],
        _ => Vec::new(),
    };
    // ISATAP (RFC 5214), below any prefix.
    if matches!(bytes[8..12], [0 | 2, 0, 0x5e, 0xfe]) {
        held.push(last);
    }
    held
}

/// Error of a name all of whose addresses are forbidden.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to link-local or cloud metadata addresses only")]
pub(crate) struct NotAllowed;

/// Error of a name that does not exist, or that no name server could be asked about.
#[derive(Debug, thiserror::Error)]
#[error("the name is not found")]
pub(crate) struct NameNotFound(#[source] pub(crate) std::io::Error);

/// Resolver that leaves out forbidden addresses. They are checked here and not before, since a name may resolve differently each time.
#[derive(Clone)]
pub(crate) struct GuardedResolver {
    pub(crate) link_local: LinkLocal,
}

type BoxError = Box<dyn Error + Send + Sync>;

impl GuardedResolver {
    async fn resolve(self, name: &str) -> Result<vec::IntoIter<SocketAddr>, BoxError> {
        let allows_all = self.link_local == LinkLocal::Allowed;
        if !allows_all && is_forbidden_name(name) {
            return Err(NotAllowed.into());
        }
        let found = tokio::net::lookup_host((name, 0))
            .await
            .map_err(NameNotFound)?;
        let allowed: Vec<SocketAddr> = found
            .filter(|address| allows_all || !is_forbidden(address.ip()))
            .collect();
        if allowed.is_empty() {
            Err(NotAllowed.into())
        } else {
            Ok(allowed.into_iter())
        }
    }
}

impl Service<Name> for GuardedResolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolver = self.clone();
        Box::pin(async move { resolver.resolve(name.as_str()).await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forbidden(url: &str) -> bool {
        is_forbidden_host(&Url::parse(url).expect("a URL"))
    }

    #[test]
    fn every_form_of_a_forbidden_address_is_found() {
        for host in [
            "169.254.169.254",
            "2852039166",
            "0xa9fea9fe",
            "0251.0376.0251.0376",
            "169.254.43518",
            "169.254.169.254.",
            "[::ffff:169.254.169.254]",
            "[::169.254.169.254]",
            "[::ffff:0:169.254.169.254]",
            "[64:ff9b::169.254.169.254]",
            "[64:ff9b:1::169.254.169.254]",
            "[64:ff9b:1:a9fe:00a9:fe00::]",
            "[2002:a9fe:a9fe::]",
            "[2002:a9fe:a9fe::1]",
            "[2001:0:a9fe:a9fe::]",
            "[2001::5601:5601]",
            "[fe80::1]",
            "[febf::1]",
            "[2001:db8::5efe:169.254.169.254]",
            "[2001:db8::200:5efe:169.254.169.254]",
            "[2002:a83f:8110::]",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "[fd00:ec2::254]",
            "[fd20:ce::254]",
            "metadata",
            "METADATA.Google.Internal.",
            "metadata.goog",
            "instance-data",
            "instance-data.",
        ] {
            assert!(forbidden(&format!("http://{host}/")), "{host}");
        }
    }

    #[tokio::test]
    async fn a_name_is_looked_at_when_it_is_resolved() {
        let resolve = async |name: &str, link_local| {
            GuardedResolver { link_local }
                .resolve(name)
                .await
                .map(drop)
                .map_err(|error| error.is::<NotAllowed>())
        };
        assert_eq!(
            resolve("metadata.google.internal", LinkLocal::Refused).await,
            Err(true)
        );
        // Texts of addresses resolve to themselves, as a name of somebody's may.
        assert_eq!(
            resolve("169.254.169.254", LinkLocal::Refused).await,
            Err(true)
        );
        assert_eq!(resolve("169.254.169.254", LinkLocal::Allowed).await, Ok(()));
        assert_eq!(resolve("127.0.0.1", LinkLocal::Refused).await, Ok(()));
    }

    #[test]
    fn other_addresses_are_let_through() {
        for host in [
            "127.0.0.1",
            "10.0.0.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[2001:db8::1]",
            "[2002:0a00:1::]",
            "[64:ff9b::8.8.8.8]",
            "169.253.1.1",
            "hooks.example.com",
            "metadata.example.com",
        ] {
            assert!(!forbidden(&format!("http://{host}/")), "{host}");
        }
    }
}
