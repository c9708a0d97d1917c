//! Reading JSON that is not quite JSON.
//!
//! An answer that says that a message was taken must not be missed for a byte order mark before it, a remark of a proxy behind it, a number that no
//! computer holds, or a text in another encoding. What is read in full only, never guessed: a value that was cut off is not there.

use serde_json::{Map, Value};

/// The fields of the object that `bytes` hold, as far as they can be read; `None` where there is no object.
pub(crate) fn fields(bytes: &[u8]) -> Option<Map<String, Value>> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches(|letter: char| {
        letter == '\u{feff}' || letter.is_whitespace() || letter.is_control()
    });
    if text.starts_with(['<', '[']) {
        return None;
    }
    let text = &text[text.find('{')?..];
    let strict = serde_json::Deserializer::from_str(text)
        .into_iter::<Map<String, Value>>()
        .next();
    match strict {
        Some(Ok(fields)) => Some(fields),
        _ => Some(scan(&text[1..])),
    }
}

/// The members of an object one by one, up to the first that is not there in full.
fn scan(mut rest: &str) -> Map<String, Value> {
    let mut fields = Map::new();
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n', ',']);
        let Some((name, after)) = value(rest).filter(|_| rest.starts_with('"')) else {
            return fields;
        };
        let Some(after) = after.trim_start().strip_prefix(':') else {
            return fields;
        };
        let Some((found, after)) = value(after.trim_start()) else {
            return fields;
        };
        if let Some(Value::String(name)) = read(name) {
            // A value that cannot be told is there all the same: nobody must take its field for one that is missing.
            fields
                .entry(name)
                .or_insert_with(|| read(found).unwrap_or_else(|| Value::String(found.into())));
        }
        rest = after;
    }
}

/// The value at the start of `text`, and what follows it; `None` where it does not end.
fn value(text: &str) -> Option<(&str, &str)> {
    let end = match text.as_bytes().first()? {
        b'"' => quoted(text)?,
        b'{' | b'[' => nested(text)?,
        _ => text
            .find(|letter: char| letter.is_whitespace() || matches!(letter, ',' | '}' | ']' | '/'))
            .filter(|end| *end > 0)?,
    };
    Some(text.split_at(end))
}

/// Where the text in quotes at the start ends.
fn quoted(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Where the object or list at the start ends.
fn nested(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'"' => at += quoted(text.get(at..)?)? - 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// One value; `None` when it cannot be told. A text that is not quite one is taken as it stands.
fn read(raw: &str) -> Option<Value> {
    if let Ok(value) = serde_json::from_str(raw) {
        return Some(value);
    }
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    Some(Value::String(
        inner.replace(|letter: char| letter.is_control(), " "),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_surrounds_and_spoils_an_answer_does_not_hide_it() {
        for text in [
            "\u{feff}{\"errcode\":0,\"msgid\":\"m\"}",
            "{\"errcode\":0,\"msgid\":\"m\"}<!-- proxied -->",
            "{\"errcode\":0,\"msgid\":\"m\"} // ok",
            "{\"errcode\":0,\"cost\":1e400,\"msgid\":\"m\"}",
            "{\"cost\":{\"a\":[1e400,\"}\"]},\"errcode\":0,\"msgid\":\"m\",}",
            "{\"errcode\":0,\"errmsg\":\"a\nb \\ud83d\",\"msgid\":\"m\"}",
            ")]}',\n{\"errcode\":0,\"msgid\":\"m\"}",
            "{\"errcode\":0,\"msgid\":\"m\",\"errmsg\":\"cut off he",
        ] {
            let fields = fields(text.as_bytes()).expect(text);
            assert_eq!(
                (&fields["errcode"], &fields["msgid"]),
                (&Value::from(0), &Value::from("m")),
                "{text}"
            );
        }
        assert_eq!(
            fields(b"{\"errcode\":4e999,\"msgid\":\"m\"}").expect("fields")["errcode"],
            "4e999"
        );
        assert_eq!(
            fields(b"{\"errmsg\":\"\xb3\xc9\xb9\xa6\",\"errcode\":0}").expect("fields")["errcode"],
            0
        );
    }

    #[test]
    fn what_was_cut_off_is_not_guessed() {
        for text in [
            "{\"errcode\":4",
            "{\"errcode\":",
            "{\"errcode\":\"0",
            "{\"errcode",
            "{",
        ] {
            assert_eq!(
                fields(text.as_bytes()).expect(text).get("errcode"),
                None,
                "{text}"
            );
        }
        assert_eq!(fields(b"<html>{\"errcode\":0}</html>"), None);
        assert_eq!(fields(b"[{\"errcode\":0}]"), None);
        assert_eq!(fields(b"\"errcode\""), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'"'), Just(b'{'), Just(b'}'), Just(b'\\'), Just(b':')], 0..200)) {
            drop(fields(&bytes));
        }
    }
}
