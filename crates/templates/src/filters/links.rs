//! Addresses of the web.

use std::fmt::Write as _;

use minijinja::value::Value;
use minijinja::{Error, State};

use super::taken::refusal;
use crate::escaping::Escaping;

/// Bytes of a replacement that cost as much as one step of the engine.
const BYTES_PER_FUEL: usize = 64;

/// Letters of addresses that some markup reads, beside blanks and what is not ASCII.
const ESCAPED: &[char] = &[
    '<', '>', '[', ']', '(', ')', '*', '`', '"', '\'', '\\', '{', '}', '|', '^',
];

/// Text in which links to below `from` go to below `to`: an address within a network becomes one that readers reach. `from` is only replaced
/// where a host or a part of a path ends behind it.
pub(super) fn relink(state: &State, text: &str, from: &str, to: &str) -> Result<String, Error> {
    let from = from.trim_end_matches('/');
    let to = to.trim_end_matches('/');
    if !is_web(from) || !is_web(to) {
        return Err(refusal(
            "relink takes two addresses that begin with http:// or https://: what to replace, and by what",
        ));
    }
    let mut linked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let behind = &rest[at + from.len()..];
        state.consume_fuel(1 + (to.len() / BYTES_PER_FUEL) as u64)?;
        let is_begun = linked.is_empty() && at == 0
            || !rest[..at].ends_with(|before: char| before.is_alphanumeric());
        linked.push_str(&rest[..at]);
        linked.push_str(if is_begun && ends(behind) { to } else { from });
        rest = behind;
    }
    linked.push_str(rest);
    Ok(linked)
}

/// Whether a host or a part of a path ends before `behind`.
fn ends(behind: &str) -> bool {
    behind.chars().next().is_none_or(|next| {
        !(next.is_ascii_alphanumeric() || matches!(next, '-' | '_' | '.' | ':' | '@' | '%' | '~'))
    })
}

/// Address of the web in which no letter is read as markup, so that it works where other values are escaped. Anything else is an error, a script among it.
pub(super) fn url(state: &mut State, text: &str) -> Result<Value, Error> {
    let text = text.trim();
    if !is_web(text) {
        return Err(refusal(
            "what url takes is no address that begins with http:// or https://",
        ));
    }
    let mut address = String::with_capacity(text.len());
    let host = host_of(text);
    for (at, letter) in text.char_indices() {
        // An address of IPv6 stands in brackets, which no markup reads behind the two strokes.
        let is_bracket = host.contains(&at) && matches!(letter, '[' | ']');
        if is_bracket || letter.is_ascii_graphic() && !ESCAPED.contains(&letter) {
            address.push(letter);
            continue;
        }
        let mut buffer = [0; 4];
        for byte in letter.encode_utf8(&mut buffer).bytes() {
            let _ = write!(address, "%{byte:02X}");
        }
    }
    Ok(match Escaping::of(state) {
        // These have escapes of their own, which readers undo.
        Escaping::Json | Escaping::Html => Value::from(address),
        _ => Value::from_safe_string(address),
    })
}

fn is_web(text: &str) -> bool {
    rest_of(text)
        .is_some_and(|rest| rest.starts_with(|first: char| first.is_alphanumeric() || first == '['))
}

/// What stands behind the scheme, which has no case.
fn rest_of(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    ["https", "http"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
        .then_some(rest)
}

/// Where the brackets of an address of IPv6 may stand; an empty range where the host is none.
fn host_of(text: &str) -> std::ops::Range<usize> {
    let Some(rest) = rest_of(text) else {
        return 0..0;
    };
    let begin = text.len() - rest.len();
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = &rest[..end];
    let inner = host.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    match inner {
        Some((inner, _)) if inner.parse::<std::net::Ipv6Addr>().is_ok() => {
            begin..begin + inner.len() + 2
        }
        _ => 0..0,
    }
}
