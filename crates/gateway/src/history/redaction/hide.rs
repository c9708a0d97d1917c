//! Removal of what lies at paths from a payload's text. The rest is not read, and stays byte for
//! byte.

use acteon_core::json::{items, members};
use serde_json::value::RawValue;

use super::hidden::Hidden;
use crate::history::redaction::placeholder::{REDACTED, placeholder};

/// Payload as it may be seen. What is taken out is put into `hidden`.
pub(super) fn payload(
    payload: &RawValue,
    paths: &[&[String]],
    hidden: &mut Hidden,
) -> Box<RawValue> {
    let mut shown = String::with_capacity(payload.get().len());
    hide(payload.get(), paths, &mut shown, hidden);
    RawValue::from_string(shown).unwrap_or_else(|_| {
        hidden.mark_unreadable();
        placeholder()
    })
}

fn hide(json: &str, paths: &[&[String]], shown: &mut String, hidden: &mut Hidden) {
    if paths.iter().any(|path| path.is_empty()) {
        hidden.collect_json(json);
        shown.push('"');
        shown.push_str(REDACTED);
        return shown.push('"');
    }
    if paths.is_empty() {
        return shown.push_str(json);
    }
    if let Some(members) = members(json) {
        shown.push('{');
        for (at, member) in members.iter().enumerate() {
            let name = member.name();
            let inner = below(paths, |key| key == name);
            shown.push_str(if at > 0 { "," } else { "" });
            shown.push_str(member.quoted);
            shown.push(':');
            hide(member.value, &inner, shown, hidden);
        }
        shown.push('}');
    } else if let Some(items) = items(json) {
        shown.push('[');
        for (at, item) in items.iter().enumerate() {
            let index = at.to_string();
            let inner = below(paths, |key| key == index);
            shown.push_str(if at > 0 { "," } else { "" });
            hide(item, &inner, shown, hidden);
        }
        shown.push(']');
    } else {
        shown.push_str(json);
    }
}

/// Rests of the paths that go on at a key.
fn below<'p>(paths: &[&'p [String]], is_meant: impl Fn(&str) -> bool) -> Vec<&'p [String]> {
    let left = |path: &&'p [String]| {
        let (key, rest) = path.split_first()?;
        (key == "*" || is_meant(key)).then_some(rest)
    };
    paths.iter().filter_map(left).collect()
}
