//! Matchers of silences as people type them: `severity=~"warn.*"`.

use serde_json::{Value, json};

use super::screen::field;

/// Operators with their names in the API. Longer ones come first, so that `=` does not match a part
/// of them.
const OPERATORS: [(&str, &str); 4] = [
    ("!=", "not_equal"),
    ("=~", "regex"),
    ("!~", "not_regex"),
    ("=", "equal"),
];

/// Parses a matcher into the API's JSON.
pub(super) fn matcher(text: &str) -> Result<Value, String> {
    let example = "write one such as severity=critical, team!=pay, or 'severity=~warn.*'";
    let (name, operator, value) =
        split(text).ok_or_else(|| format!("it has none of =, !=, =~ and !~; {example}"))?;
    let name = name.trim();
    if name.is_empty() {
        return Err(format!(
            "there is no name before the {operator}; {example}",
            operator = operator.0
        ));
    }
    if operator.0 == "=" && value.starts_with('=') {
        return Err(format!("== is no operator; did you mean {name}{value}?"));
    }
    Ok(json!({ "name": name, "op": operator.1, "value": unquoted(value.trim())? }))
}

/// Name, operator and value, split at the first operator outside of quotes: a path may hold one, as
/// in `labels["a=b"]`.
fn split(text: &str) -> Option<(&str, (&'static str, &'static str), &str)> {
    let mut quoted = false;
    for (at, letter) in text.char_indices() {
        quoted ^= letter == '"';
        let found = OPERATORS
            .into_iter()
            .find(|(operator, _)| !quoted && text[at..].starts_with(operator));
        if let Some(operator) = found {
            return Some((&text[..at], operator, &text[at + operator.0.len()..]));
        }
    }
    None
}

/// Value without its quotes, if it has any.
fn unquoted(text: &str) -> Result<String, String> {
    if !text.starts_with('"') {
        return Ok(text.to_owned());
    }
    serde_json::from_str(text).map_err(|_| {
        format!("its value begins with a quote and is no text in quotes: {text}; end it with a quote, and write a backslash within as two, or leave the quotes out")
    })
}

/// Writes a matcher of the API as people type it.
pub(super) fn written(matcher: &Value) -> String {
    let op = field(matcher, &["/op"]);
    let operator = OPERATORS
        .into_iter()
        .find(|(_, name)| *name == op)
        .map_or("=", |(operator, _)| operator);
    let value = field(matcher, &["/value"]);
    let needs_quotes =
        value.is_empty() || value.starts_with('"') || value.contains(char::is_whitespace);
    let value = if needs_quotes {
        json!(value).to_string()
    } else {
        value
    };
    format!("{}{operator}{value}", field(matcher, &["/name"]))
}
