//! Lenient reader of JSON objects.
//!
//! An answer that a message was accepted must be understood even with a byte order mark before it, a remark of a proxy behind it, a number that is
//! out of range, or a text in another encoding: otherwise the message would be sent twice. Nothing is guessed: a value that was cut off counts as
//! missing.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

/// Fields of an answer in their order, with repeated names; `None` is a value that was cut off.
#[derive(Default)]
pub(crate) struct Fields(Vec<(String, Option<Value>)>);

impl Fields {
    /// Whether a field has no certain value: it is cut off, or repeated with values whose `worth` differs.
    pub(crate) fn ambiguous<T: PartialEq>(&self, name: &str, worth: impl Fn(&Value) -> T) -> bool {
        let mut worths = self
            .0
            .iter()
            .filter(|(given, _)| given == name)
            .map(|(_, value)| value.as_ref().map(&worth));
        worths
            .next()
            .is_some_and(|first| first.is_none() || worths.any(|next| next != first))
    }

    /// Fields by name. Of a repeated name, the last value that is not empty counts.
    pub(crate) fn values(self) -> Map<String, Value> {
        let mut values = Map::new();
        for (name, value) in self
            .0
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
        {
            if !values.contains_key(&name) || !is_empty(&value) {
                values.insert(name, value);
            }
        }
        values
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Fields, A::Error> {
                let mut fields = Fields::default();
                while let Some((name, value)) = members.next_entry()? {
                    fields.0.push((name, Some(value)));
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Reads the fields of the first object in `bytes`, up to the first that is not whole; `None` when there is no object, as in a page of HTML.
pub(crate) fn fields(bytes: &[u8]) -> Option<Fields> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches(|letter: char| {
        letter == '\u{feff}' || letter.is_whitespace() || letter.is_control()
    });
    if text.starts_with(['<', '[']) {
        return None;
    }
    let text = &text[text.find('{')?..];
    let strict = serde_json::Deserializer::from_str(text)
        .into_iter::<Fields>()
        .next();
    match strict {
        Some(Ok(fields)) => Some(fields),
        _ => Some(scan(&text[1..])),
    }
}

/// Reads the fields behind an object's brace one by one, up to the first that is not whole.
fn scan(mut rest: &str) -> Fields {
    let mut fields = Fields::default();
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n', ',']);
        let Some((name, after)) = value(rest).filter(|_| rest.starts_with('"')) else {
            return fields;
        };
        let found = after
            .trim_start()
            .strip_prefix(':')
            .and_then(|after| value(after.trim_start()));
        if let Some(Value::String(name)) = read(name) {
            // A value that cannot be read still shows that its field is there: an `errcode` that is missing would be a success.
            fields.0.push((
                name,
                found.map(|(found, _)| read(found).unwrap_or_else(|| Value::String(found.into()))),
            ));
        }
        let Some((_, after)) = found else {
            return fields;
        };
        rest = after;
    }
}

/// Splits `text` behind the value at its start; `None` when the value does not end.
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

/// Length in bytes of the quoted text at the start; `None` when it does not end.
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

/// Length in bytes of the object or list at the start; `None` when it does not end.
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

/// Reads one value; `None` when it is not JSON. A quoted text that is not JSON is taken as it is written, with blanks for control characters.
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
            let fields = fields(text.as_bytes()).expect(text).values();
            assert_eq!(
                (&fields["errcode"], &fields["msgid"]),
                (&Value::from(0), &Value::from("m")),
                "{text}"
            );
        }
        assert_eq!(
            fields(b"{\"errcode\":4e999,\"msgid\":\"m\"}")
                .expect("fields")
                .values()["errcode"],
            "4e999"
        );
        assert_eq!(
            fields(b"{\"errmsg\":\"\xb3\xc9\xb9\xa6\",\"errcode\":0}")
                .expect("fields")
                .values()["errcode"],
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
                fields(text.as_bytes()).expect(text).values().get("errcode"),
                None,
                "{text}"
            );
        }
        for text in [
            "<html>{\"errcode\":0}</html>",
            "[{\"errcode\":0}]",
            "\"errcode\"",
        ] {
            assert!(fields(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_given_twice_and_differs_is_ambiguous() {
        for end in ["}", "} // ok", ", \"cost\": 1e400}", ",\"access_token"] {
            let text =
                format!("{{\"errcode\":0,\"errmsg\":\"a\",\"errmsg\":\"a\",\"errcode\":42001{end}");
            let twice = fields(text.as_bytes()).expect("fields");
            let ambiguous = ["errcode", "errmsg", "access_token"]
                .map(|name| twice.ambiguous(name, Value::clone));
            assert_eq!(ambiguous, [true, false, false], "{end}");
        }
        for cut in [
            "{\"errcode\":0,\"errcode\":4",
            "{\"errcode\":0,\"errcode\":",
            "{\"errcode\":0,\"errcode\"",
            "{\"errcode\":\"0",
        ] {
            assert!(
                fields(cut.as_bytes())
                    .expect("fields")
                    .ambiguous("errcode", Value::clone),
                "{cut}"
            );
        }
    }

    #[test]
    fn of_what_is_given_twice_the_last_that_is_not_empty_counts() {
        let text =
            r#"{"a":"","a":"x","b":["x"],"b":[],"c":"x","c":"y","d":"x","d":null,"e":"x","e":0}"#;
        let values = Value::from(fields(text.as_bytes()).expect("fields").values());
        assert_eq!(
            values,
            serde_json::json!({ "a": "x", "b": ["x"], "c": "y", "d": "x", "e": 0 })
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'"'), Just(b'{'), Just(b'}'), Just(b'\\'), Just(b':')], 0..200)) {
            drop(fields(&bytes));
        }
    }
}
