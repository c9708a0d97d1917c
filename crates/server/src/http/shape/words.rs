//! Messages about bodies that cannot be read, in the words of whoever wrote them.

use acteon_core::json::head;
use axum::http::StatusCode;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::http::error::Refusal;

/// Longest piece of a body that a message shows, in characters.
const SHOWN: usize = 24;

/// Kind of a value, such as `a list`.
pub(super) fn described(raw: &RawValue) -> &'static str {
    described_text(raw.get())
}

/// Kind of a JSON text, such as `a list`.
pub(super) fn described_text(json: &str) -> &'static str {
    match json.trim_start().as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// Refusal of a body that is not JSON: where the error is, and what may have been meant.
pub(in crate::http) fn unreadable(text: &str, what: &str, error: &serde_json::Error) -> Refusal {
    let message = if text.trim().is_empty() {
        format!("the body is empty; expected {what} as JSON")
    } else {
        let (line, column, at) = position(text, error);
        let found = &text[at..];
        if error.is_eof() || found.is_empty() {
            format!(
                "the body is not JSON: it ends at line {line}, column {column}, in the middle of something; was it cut short?"
            )
        } else {
            let shown: String = found.chars().take(SHOWN).collect();
            let hint = hint(text, at);
            format!(
                "the body is not JSON: at line {line}, column {column} stands {shown:?}, which cannot stand there{hint}"
            )
        }
    };
    Refusal::new(StatusCode::BAD_REQUEST, "INVALID_JSON", message)
}

/// Position of an error: line and column, in characters, from 1, and index in the text.
fn position(text: &str, error: &serde_json::Error) -> (usize, usize, usize) {
    let before: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    // Of a control character the place before is told, and of a word where it began to be another.
    let past = usize::from(error.to_string().starts_with("control character"));
    let mut at = text
        .floor_char_boundary((before + error.column().saturating_sub(1) + past).min(text.len()));
    if !error.is_eof() && text[at..].starts_with(|letter: char| letter.is_ascii_alphanumeric()) {
        let word = text[before.min(at)..at]
            .trim_end_matches(|letter: char| letter.is_ascii_alphanumeric());
        at = before.min(at) + word.len();
    }
    (
        error.line(),
        text[before.min(at)..at].chars().count() + 1,
        at,
    )
}

/// Advice on what was probably meant.
fn hint(text: &str, at: usize) -> &'static str {
    let found = &text[at..];
    let before = text[..at].trim_end();
    let word = |words: &[&str]| {
        words
            .iter()
            .any(|word| found.starts_with(word) || before.ends_with(&word[..word.len() - 1]))
    };
    let is_whole = || {
        serde_json::Deserializer::from_str(text)
            .into_iter::<IgnoredAny>()
            .next()
            .is_some_and(|first| first.is_ok())
    };
    if found.starts_with(|letter: char| letter.is_control()) {
        return "; in texts, line breaks and other control characters are written like \\n and \\u0000";
    }
    if found.starts_with('\'') {
        return "; names and texts stand in double quotes";
    }
    if found.starts_with(['}', ']']) && before.ends_with(',') {
        return "; the comma before it is one too many";
    }
    if word(&["//", "/*"]) || found.starts_with(['/', '#']) {
        return "; JSON has no comments";
    }
    if word(&["NaN", "Infinity", "-Infinity"]) {
        return "; send such a number as text, or leave it out";
    }
    if word(&["None", "True", "False", "undefined"]) {
        return "; JSON's words are null, true and false";
    }
    if before.is_empty()
        && head(text, 1024)
            .split(['&', '\n'])
            .next()
            .is_some_and(|pair| pair.contains('='))
    {
        return "; a form's fields are not taken, send JSON";
    }
    if is_whole() {
        "; one thing is sent at a time, and a list of actions to /v1/dispatch/batch"
    } else {
        ""
    }
}
