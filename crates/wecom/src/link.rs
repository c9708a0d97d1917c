//! Links that a client can open.

use crate::cut::is_web_address;
use crate::visible::is_blank;

/// Most bytes of a link (page 90236).
pub(crate) const MAX_URL: usize = 2048;

/// Fault of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkFault {
    /// The link is empty, or holds only characters that are not seen.
    #[error("it is empty")]
    Empty,
    /// The link begins with neither `http://` nor `https://`.
    #[error("it must begin with http:// or https://")]
    NotALink,
    /// The link names no host.
    #[error("it has no host: write the whole address, such as https://wiki.example.com/page")]
    NoHost,
    /// The link holds white space or a control character, at this byte.
    #[error(
        "it has a blank or a line break in it, at byte {0}: leave it out, or write a blank as %20"
    )]
    Blank(usize),
    /// The link has so many bytes, which is more than the service takes.
    #[error("it is {0} bytes long, at most {MAX_URL} are allowed")]
    TooLong(usize),
}

/// Checks a link. Errors when no client could open it.
pub(crate) fn check(url: &str) -> Result<(), LinkFault> {
    if is_blank(url) {
        return Err(LinkFault::Empty);
    }
    if !is_web_address(url) {
        return Err(LinkFault::NotALink);
    }
    if let Some((at, _)) = url
        .char_indices()
        .find(|(_, letter)| letter.is_whitespace() || letter.is_control())
    {
        return Err(LinkFault::Blank(at));
    }
    if host(url).is_empty() {
        return Err(LinkFault::NoHost);
    }
    if url.len() > MAX_URL {
        return Err(LinkFault::TooLong(url.len()));
    }
    Ok(())
}

/// Host of a web address, without user and port; empty when it has none.
fn host(url: &str) -> &str {
    let behind = url.split_once("//").map_or("", |(_, rest)| rest);
    let authority = behind
        .split(['/', '?', '#', '\\'])
        .next()
        .unwrap_or_default();
    let named = authority
        .rsplit_once('@')
        .map_or(authority, |(_, named)| named);
    // An IPv6 address has colons, in brackets.
    if named.starts_with('[') {
        named
    } else {
        named.split(':').next().unwrap_or_default()
    }
}
