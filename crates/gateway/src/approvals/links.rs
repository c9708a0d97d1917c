//! Links to approvals: their addresses, and the signatures by which they are known.
//!
//! A link of the published clients is signed over approval and end, and decides whatever its path says. A link of our own is signed over the person and
//! what it is for as well, so that one to reject approves nothing, and nobody decides as another.

use std::fmt::Write as _;

use acteon_core::Timestamp;
use acteon_crypto::LinkKeys;
use acteon_flows::approval::{Choice, Voter};

/// What stands in what is stored in place of a signature: whoever reads that decides nothing.
pub(crate) const UNSIGNED: &str = "[redacted]";

/// First line of what our own links sign. A link of the published clients begins with a number.
const OWN: &str = "acteon-approval-link";

/// Path that links are below.
const PATH: &str = "/v1/approvals";

/// Base address of links, and the keys that sign them.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    base: String,
    keys: LinkKeys,
}

/// Approval that a link is to.
#[derive(Clone, Copy, Debug)]
pub struct LinkTarget<'a> {
    /// Namespace of the approval.
    pub namespace: &'a str,
    /// Tenant of the approval.
    pub tenant: &'a str,
    /// Id of the approval.
    pub id: &'a str,
    /// Instant at which the link ends, in seconds since 1970.
    pub expires_at: i64,
}

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkUse {
    /// Looking at it, and deciding either way.
    Open,
    /// One decision.
    Decide(Choice),
}

/// Link as somebody brings it.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// Approval that it is to.
    pub target: LinkTarget<'a>,
    /// What it is for.
    pub used_to: LinkUse,
    /// Person whose it is; `None` for one of the published clients, which names nobody.
    pub person: Option<&'a str>,
    /// Id of the key that signed it, if it says so.
    pub key: Option<&'a str>,
    /// Signature, in hexadecimal digits.
    pub signature: &'a str,
    /// Userid of who brings it, where a service said that it is theirs.
    pub member: Option<&'a str>,
}

impl LinkUse {
    /// Word of it, as it is signed.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Decide(choice) => choice.as_str(),
        }
    }

    /// End of the path.
    const fn path(self) -> &'static str {
        match self {
            Self::Open => "",
            Self::Decide(Choice::Approve) => "/approve",
            Self::Decide(Choice::Reject) => "/reject",
        }
    }
}

impl<'a> Link<'a> {
    /// Who decides by it.
    pub(super) fn voter(&self) -> Voter<'a> {
        match (self.person, self.member) {
            (Some(person), _) => Voter::Person(person),
            (None, Some(userid)) => Voter::Member(userid),
            (None, None) => Voter::Anybody,
        }
    }
}

impl LinkTarget<'_> {
    /// What a link of the published clients signs.
    fn published(&self) -> String {
        format!("{}{}", self.named(), self.expires_at)
    }

    /// What a person's link signs.
    fn own(&self, used_to: LinkUse, person: &str) -> String {
        let mut message = format!("{OWN}\n{}", self.named());
        for part in [used_to.as_str(), person] {
            push(&mut message, part);
        }
        format!("{message}{}", self.expires_at)
    }

    /// Approval without the end of the link.
    pub(super) fn named(&self) -> String {
        let mut named = String::new();
        for part in [self.namespace, self.tenant, self.id] {
            push(&mut named, part);
        }
        named
    }
}

/// Adds a part with its length: no two lists of parts make one text.
pub(super) fn push(message: &mut String, part: &str) {
    // Writing to a text does not fail.
    let _ = writeln!(message, "{}:{part}", part.len());
}

impl Links {
    pub(crate) fn new(base: &str, keys: LinkKeys) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
            keys,
        }
    }

    /// Address of a link that names nobody, as the published clients know it.
    pub(crate) fn published(&self, target: &LinkTarget<'_>, used_to: LinkUse) -> String {
        let signature = self.sign(&target.published());
        let key = self.keys.signing_id().unwrap_or_default();
        format!(
            "{}{}{}?sig={signature}&expires_at={}&kid={}",
            self.base,
            path(target),
            used_to.path(),
            target.expires_at,
            encoded(key)
        )
    }

    /// Address of a person's link.
    pub(crate) fn own(&self, target: &LinkTarget<'_>, used_to: LinkUse, person: &str) -> String {
        let signature = self.sign(&target.own(used_to, person));
        self.own_signed(target, used_to, person, &signature)
    }

    /// Address of a person's link as it is stored, without its signature.
    pub(crate) fn own_unsigned(
        &self,
        target: &LinkTarget<'_>,
        used_to: LinkUse,
        person: &str,
    ) -> String {
        self.own_signed(target, used_to, person, UNSIGNED)
    }

    fn own_signed(
        &self,
        target: &LinkTarget<'_>,
        used_to: LinkUse,
        person: &str,
        signature: &str,
    ) -> String {
        let key = self.keys.signing_id().unwrap_or_default();
        format!(
            "{}{}{}?person={}&expires_at={}&kid={}&sig={signature}",
            self.base,
            path(target),
            used_to.path(),
            encoded(person),
            target.expires_at,
            encoded(key)
        )
    }

    /// What stands in a link behind the path of its approval, as it was given out, with the language that its reader chose.
    pub(super) fn rest(link: &Link<'_>, language: Option<&str>) -> String {
        let person = link.person.map(encoded);
        let key = link.key.map(encoded);
        let parts = [
            ("person", person.as_deref()),
            ("expires_at", Some(&*link.target.expires_at.to_string())),
            ("kid", key.as_deref()),
            ("sig", Some(link.signature)),
            ("lang", language),
        ];
        let given = parts
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        let given: Vec<String> = given
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!("{}?{}", link.used_to.path(), given.join("&"))
    }

    /// Address of an approval, below which its links are.
    pub(super) fn address(&self, target: &LinkTarget<'_>) -> String {
        format!("{}{}", self.base, path(target))
    }

    /// Whether a link is one that was given out.
    pub(crate) fn is_genuine(&self, link: &Link<'_>) -> bool {
        let message = match link.person {
            Some(person) => link.target.own(link.used_to, person),
            None => link.target.published(),
        };
        self.keys
            .verify(link.key, message.as_bytes(), link.signature)
    }

    /// Link as it was given out: one that opens an approval decides about it too, either way.
    pub(crate) fn as_given_out<'l>(&self, link: Link<'l>) -> Link<'l> {
        let used_to = LinkUse::Open;
        let opening = Link { used_to, ..link };
        let opens = link.person.is_some() && self.is_genuine(&opening);
        if opens { opening } else { link }
    }

    /// Whether an address is below the one that links have.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Whether a signature is of this message, by any of the keys.
    pub(super) fn verify(&self, message: &str, signature: &str) -> bool {
        self.keys.verify(None, message.as_bytes(), signature)
    }

    pub(super) fn sign(&self, message: &str) -> String {
        self.keys.sign(message.as_bytes()).unwrap_or_default()
    }
}

/// Seconds since 1970 of the instant at which a link ends.
pub(crate) fn seconds(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(1000)
}

fn path(target: &LinkTarget<'_>) -> String {
    format!(
        "{PATH}/{}/{}/{}",
        encoded(target.namespace),
        encoded(target.tenant),
        encoded(target.id)
    )
}

/// Text as it stands in an address.
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Text that stands so in an address; `None` where it is not UTF-8, or a percent sign stands alone.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links() -> Links {
        let keys = LinkKeys::of([("k0", &*"ab".repeat(32))]).expect("a key");
        Links::new("https://acteon.example.com/", keys)
    }

    const TARGET: LinkTarget<'static> = LinkTarget {
        namespace: "notifications",
        tenant: "tenant-1",
        id: "550e8400-e29b-41d4-a716-446655440000",
        expires_at: 1_767_225_600,
    };

    #[test]
    fn links_of_the_published_clients_are_signed_as_they_know_it() {
        let address = links().published(&TARGET, LinkUse::Decide(Choice::Approve));
        assert_eq!(
            address,
            "https://acteon.example.com/v1/approvals/notifications/tenant-1/550e8400-e29b-41d4-a716-446655440000/approve\
             ?sig=e2efc282ee6d8936651d1317084d462faf2a0dfd4f30f1213e8ee257fe271996&expires_at=1767225600&kid=k0"
        );
    }

    #[test]
    fn a_link_is_good_for_its_person_its_use_and_its_end_alone() {
        let links = links();
        let used_to = LinkUse::Decide(Choice::Approve);
        let address = links.own(&TARGET, used_to, "张三");
        let (_, signature) = address.split_once("&sig=").expect("a signature");
        let link = Link {
            target: TARGET,
            used_to,
            person: Some("张三"),
            key: Some("k0"),
            signature,
            member: None,
        };
        assert!(links.is_genuine(&link));
        let used_to = LinkUse::Decide(Choice::Reject);
        assert!(!links.is_genuine(&Link { used_to, ..link }));
        let used_to = LinkUse::Open;
        assert!(!links.is_genuine(&Link { used_to, ..link }));
        let person = Some("李四");
        assert!(!links.is_genuine(&Link { person, ..link }));
        assert!(!links.is_genuine(&Link {
            person: None,
            ..link
        }));
        for target in [
            LinkTarget {
                id: "other",
                ..TARGET
            },
            LinkTarget {
                tenant: "tenant-2",
                ..TARGET
            },
            LinkTarget {
                namespace: "other",
                ..TARGET
            },
            LinkTarget {
                expires_at: 1_767_225_601,
                ..TARGET
            },
        ] {
            assert!(!links.is_genuine(&Link { target, ..link }), "{target:?}");
        }
        assert!(!links.is_genuine(&Link {
            key: Some("k1"),
            ..link
        }));
        assert!(links.is_genuine(&Link { key: None, ..link }));
        assert!(address.contains("person=%E5%BC%A0%E4%B8%89&"), "{address}");
    }
}
