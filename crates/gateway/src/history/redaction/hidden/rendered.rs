//! Texts that a profile rendered of an action: they may repeat what is hidden of it, escaped and in other letters.

use acteon_core::json::{members, text};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Hidden, MAX_ECHOES, MIN_ECHO};
use crate::history::redaction::placeholder::{REDACTED, placeholder};

/// Entities that texts are escaped with, the one that begins all others last.
const ENTITIES: [(&str, &str); 5] = [
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#39;", "'"),
    ("&amp;", "&"),
];

/// Letters of full width, in the order of the plain ones.
const FULL_WIDTH: std::ops::RangeInclusive<u32> = 0xff01..=0xff5e;
const TO_PLAIN: u32 = 0xfee0;

impl Hidden {
    /// Payload whose texts repeat nothing that is hidden. Names, numbers and what lies deeper are what was posted, and stay byte for byte.
    pub(in super::super) fn rendered(&self, payload: &RawValue) -> Box<RawValue> {
        if self.unreadable || self.texts.len() > MAX_ECHOES {
            return placeholder();
        }
        let Some(all) = members(payload.get()) else {
            return payload.to_owned();
        };
        let folded = Folded::of(self);
        let shown: Vec<String> = all
            .iter()
            .map(|member| {
                let value = text(member.value).and_then(|text| self.without(&text, &folded));
                let value = value.map(|value| Value::String(value).to_string());
                let value = value.as_deref().unwrap_or(member.value);
                format!("{}:{value}", member.quoted)
            })
            .collect();
        RawValue::from_string(format!("{{{}}}", shown.join(","))).unwrap_or_else(|_| placeholder())
    }

    /// Rendered text without what is hidden, where it has some of it.
    pub(in super::super) fn rendered_text(&self, text: &str) -> Option<String> {
        if self.unreadable || self.texts.len() > MAX_ECHOES {
            return Some(REDACTED.to_owned());
        }
        self.without(text, &Folded::of(self))
    }

    /// Text without what is hidden, where it has some of it; whole, where that stands in other letters.
    fn without(&self, text: &str, folded: &Folded) -> Option<String> {
        let mut shown = text.to_owned();
        if self.whole.contains(text) {
            return Some(REDACTED.to_owned());
        }
        self.blot(&mut shown);
        if folded.is_in(&shown.replace(REDACTED, "")) {
            return Some(REDACTED.to_owned());
        }
        (shown != text).then_some(shown)
    }
}

/// Hidden texts in plain, small letters.
struct Folded {
    parts: Vec<String>,
    /// Those that are too short to be looked for within words.
    words: Vec<String>,
}

impl Folded {
    fn of(hidden: &Hidden) -> Self {
        let all = hidden.whole.iter().map(|text| fold(text));
        let (mut words, parts): (Vec<_>, _) = all.partition(|text| text.len() < MIN_ECHO);
        // A single letter is in every other text, and tells nothing.
        words.retain(|word| word.chars().nth(1).is_some());
        Self { parts, words }
    }

    fn is_in(&self, text: &str) -> bool {
        let text = fold(text);
        let is_word = |word: &&String| {
            text.match_indices(word.as_str()).any(|(at, _)| {
                let before = text[..at].chars().next_back();
                let behind = text[at + word.len()..].chars().next();
                // Digits beside Chinese letters are a word of their own.
                let is_plain = word.is_ascii();
                let joins = |letter: Option<char>| {
                    letter.is_some_and(|it| it.is_alphanumeric() && it.is_ascii() == is_plain)
                };
                !joins(before) && !joins(behind)
            })
        };
        self.parts.iter().any(|part| text.contains(part.as_str()))
            || self.words.iter().any(|word| is_word(&word))
    }
}

/// Text without escapes, in plain, small letters.
fn fold(text: &str) -> String {
    let plain = ENTITIES
        .iter()
        .fold(text.to_owned(), |text, (entity, plain)| {
            text.replace(entity, plain)
        });
    let plain = plain.chars().map(|letter| {
        let code = u32::from(letter);
        let plain = FULL_WIDTH.contains(&code).then(|| code - TO_PLAIN);
        plain.and_then(char::from_u32).unwrap_or(letter)
    });
    plain.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(hidden: &[&str], payload: &Value) -> Value {
        let mut all = Hidden::default();
        for text in hidden {
            all.collect((*text).to_owned());
        }
        all.order();
        let payload = RawValue::from_string(payload.to_string()).expect("JSON");
        serde_json::from_str(all.rendered(&payload).get()).expect("JSON")
    }

    #[test]
    fn what_is_escaped_or_in_other_letters_is_found() {
        for (hidden, text) in [
            ("hunter22", "pw hunter22!"),
            ("a<b&c1d", "pw a&lt;b&amp;c1d"),
            ("a<b*c1d", "pw a＜b＊c1d"),
            ("hunter22", "PW HUNTER22"),
            ("471", "the pin is 471."),
            ("471", "验证码471请勿转发"),
            ("\"x\"y", "pw &quot;x&quot;y"),
        ] {
            let shown = shown(&[hidden], &serde_json::json!({"content": text, "n": 471}));
            let content = shown["content"].as_str().expect("a text");
            assert!(content.contains(REDACTED), "{hidden}: {shown}");
            assert!(!fold(content).contains(&fold(hidden)), "{hidden}: {shown}");
            assert_eq!(shown["n"], 471, "numbers are what was posted");
        }
    }

    #[test]
    fn what_repeats_nothing_stays_byte_for_byte() {
        let mut hidden = Hidden::default();
        hidden.collect("47".to_owned());
        hidden.collect("hunter22".to_owned());
        let text = r#"{"z": 12345678901234567890123.10,"47":"4711","a":{"id":"hunter22"}}"#;
        let payload = RawValue::from_string(text.to_owned()).expect("JSON");
        assert_eq!(
            hidden.rendered(&payload).get(),
            text.replace(": 1", ":1"),
            "names, numbers and what lies deeper are as posted"
        );
    }
}
