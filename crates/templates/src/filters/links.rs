//! Addresses of the web.

use std::fmt::Write as _;

use minijinja::value::Value;
use minijinja::{Error, State};

use super::taken::refusal;
use crate::escaping::Escaping;

/// Letters of addresses that some markup reads, beside blanks and what is not ASCII.
const ESCAPED: &[char] = &[
    '<', '>', '[', ']', '(', ')', '*', '`', '"', '\'', '\\', '{', '}', '|', '^',
];

/// Text in which links to below `from` go to below `to`: an address within a network becomes one that readers reach. `from` is only replaced
/// where a host or a part of a path ends behind it.
pub(super) fn relink(text: &str, from: &str, to: &str) -> Result<String, Error> {
    let from = from.trim_end_matches('/');
    let to = to.trim_end_matches('/');
    if !is_web(from) || !is_web(to) {
        return Err(refusal(format!(
            "{from:?} and {to:?} must be addresses that begin with http:// or https://"
        )));
    }
    let mut linked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let behind = &rest[at + from.len()..];
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
        return Err(refusal(format!(
            "{text:?} is no address that begins with http:// or https://"
        )));
    }
    let mut address = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii_graphic() && !ESCAPED.contains(&letter) {
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
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_alphanumeric() || first == '['))
}
