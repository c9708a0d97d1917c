//! Members and items of JSON texts, each as it is written. What nobody changes can be copied byte for byte.

use std::borrow::Cow;

use super::scan::{lone_surrogate, past_blanks, text_end, value_end};

/// Member of an object, as it is written.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// Name, with its quotes and escapes.
    pub quoted: &'a str,
    /// JSON text of the value.
    pub value: &'a str,
}

impl<'a> Member<'a> {
    /// Name without quotes and escapes.
    pub fn name(&self) -> Cow<'a, str> {
        text(self.quoted).unwrap_or(Cow::Borrowed(self.quoted))
    }
}

/// The members of an object in their order; `None` where the text is no object. The text must be JSON.
pub fn members(text: &str) -> Option<Vec<Member<'_>>> {
    let bytes = text.as_bytes();
    let start = past_blanks(bytes, 0);
    if bytes.get(start) != Some(&b'{') {
        return None;
    }
    let mut members = Vec::with_capacity(8);
    let mut at = start + 1;
    loop {
        let name = past_blanks(bytes, at);
        if bytes.get(name) != Some(&b'"') {
            return Some(members);
        }
        let name_end = text_end(bytes, name);
        let value = past_blanks(bytes, past_blanks(bytes, name_end) + 1);
        let end = value_end(bytes, value);
        members.push(Member {
            quoted: text.get(name..name_end)?,
            value: text.get(value..end)?,
        });
        at = past_blanks(bytes, end) + 1;
    }
}

/// The items of an array in their order; `None` where the text is no array. The text must be JSON.
pub fn items(text: &str) -> Option<Vec<&str>> {
    let bytes = text.as_bytes();
    let start = past_blanks(bytes, 0);
    if bytes.get(start) != Some(&b'[') {
        return None;
    }
    let mut items = Vec::new();
    let mut at = start + 1;
    loop {
        let item = past_blanks(bytes, at);
        if matches!(bytes.get(item), Some(b']') | None) {
            return Some(items);
        }
        let end = value_end(bytes, item);
        items.push(text.get(item..end)?);
        at = past_blanks(bytes, end) + 1;
    }
}

/// The text that JSON in quotes stands for; `None` where it is none. Half of a surrogate pair is U+FFFD.
pub fn text(quoted: &str) -> Option<Cow<'_, str>> {
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str(&whole_letters(quoted))
        .ok()
        .map(Cow::Owned)
}

/// The same JSON with U+FFFD in place of each half of a surrogate pair: what older versions accepted may hold some.
pub fn whole_letters(json: &str) -> Cow<'_, str> {
    let bytes = json.as_bytes();
    let mut mended = String::new();
    let mut from = 0;
    // Outside of texts there are no backslashes.
    while let Some(at) = lone_surrogate(bytes, from, bytes.len()) {
        mended.push_str(&json[from..at]);
        mended.push_str("\\ufffd");
        from = at + 6;
    }
    if from == 0 {
        return Cow::Borrowed(json);
    }
    mended.push_str(&json[from..]);
    Cow::Owned(mended)
}
