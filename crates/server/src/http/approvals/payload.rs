//! Payloads as the page shows them: as they go, each member on lines of its own, and cut with a mark.

use std::fmt::Write as _;

use acteon_core::json::{head, members};

use super::words::Words;

/// Most bytes of a payload that the page shows.
const MAX_BYTES: usize = 16 * 1024;

/// Fewest bytes of a member that are shown, so that nothing is pushed off the page.
const LEAST_BYTES: usize = 48;

/// Most members that are shown.
const MAX_MEMBERS: usize = 128;

/// Payload for people, as it goes where it is short enough: letters that programs escaped stand as themselves. Where it is not, each member is cut, so
/// that none hides the others.
pub(super) fn shown(words: &Words, payload: &str) -> String {
    let payload = &readable(payload);
    let Some(members) = members(payload) else {
        return cut(words, payload, MAX_BYTES);
    };
    let is_whole = payload.len() <= MAX_BYTES;
    let share = if is_whole {
        MAX_BYTES
    } else {
        (MAX_BYTES / members.len().clamp(1, MAX_MEMBERS)).max(LEAST_BYTES)
    };
    let count = if is_whole { members.len() } else { MAX_MEMBERS };
    let mut text = String::new();
    for member in members.iter().take(count) {
        let name = cut(words, member.quoted, share);
        let value = cut(words, member.value, share);
        // Writing to a text does not fail.
        let _ = writeln!(text, "{name}: {value}");
    }
    let rest = members.get(count..).unwrap_or_default();
    if !rest.is_empty() {
        let bytes: usize = rest.iter().map(|it| it.quoted.len() + it.value.len()).sum();
        let _ = writeln!(text, "{}", (words.more_bytes)(bytes));
    }
    text
}

/// JSON with letters in place of their escapes, but for those that it cannot hold as they are.
fn readable(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        text.push_str(before);
        let length = if let Some(letter) = escaped_letter(escape) {
            text.push(letter);
            6 * letter.len_utf16()
        } else {
            let kept = head(escape, 2);
            text.push_str(kept);
            kept.len()
        };
        rest = &escape[length..];
    }
    text.push_str(rest);
    text
}

/// Letter that an escape at the beginning of a text stands for, where it may stand there itself.
fn escaped_letter(text: &str) -> Option<char> {
    let unit = |text: &str| u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
    let units = [unit(text), text.get(6..).and_then(unit)];
    let letter = char::decode_utf16(units.into_iter().map_while(|unit| unit)).next()?;
    let is_plain = |letter: &char| !letter.is_control() && !['"', '\\'].contains(letter);
    letter.ok().filter(is_plain)
}

/// Beginning of a text, with a mark of how much is missing.
pub(super) fn cut(words: &Words, text: &str, most: usize) -> String {
    let kept = head(text, most);
    match text.len() - kept.len() {
        0 => kept.to_owned(),
        missing => format!("{kept} {}", (words.more_bytes)(missing)),
    }
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn letters_stand_as_themselves_and_what_cannot_stays_escaped() {
        for (json, expected) in [
            (r#"{"a":"\u957f\u6587"}"#, r#"{"a":"长文"}"#),
            (r#""\ud83d\ude00!""#, r#""😀!""#),
            (
                r#""\u0022\u005c\u000a\n\"\\u957f""#,
                r#""\u0022\u005c\u000a\n\"\\u957f""#,
            ),
            (r#""\ud83d""#, r#""\ud83d""#),
            (r#""\u202e""#, "\"\u{202e}\""),
        ] {
            assert_eq!(readable(json), expected, "{json}");
        }
    }
}
