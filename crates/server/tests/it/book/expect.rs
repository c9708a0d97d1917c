//! Whether what came out is what a page says. `...` stands for anything.

use serde_json::Value;

const ANYTHING: &str = "...";

/// Compares lines. A line `...` stands for any number of lines, and `...` within a line for any text.
pub(super) fn lines(expected: &[String], actual: &str) -> Result<(), String> {
    let actual: Vec<&str> = actual.trim_end().lines().map(str::trim_end).collect();
    if match_lines(expected, &actual) {
        Ok(())
    } else {
        Err(format!("it prints\n{}", actual.join("\n")))
    }
}

fn match_lines(expected: &[String], actual: &[&str]) -> bool {
    match (expected, actual) {
        ([], rest) => rest.is_empty(),
        ([first, further @ ..], rest) if first.trim() == ANYTHING => {
            (0..=rest.len()).any(|taken| match_lines(further, &rest[taken..]))
        }
        ([first, further @ ..], [line, rest @ ..]) => {
            text(first.trim_end(), line) && match_lines(further, rest)
        }
        (_, []) => false,
    }
}

/// Compares a text; `...` in `expected` stands for any text.
pub(super) fn text(expected: &str, actual: &str) -> bool {
    let mut parts = expected.split(ANYTHING);
    let Some(mut rest) = parts.next().and_then(|first| actual.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in between {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Compares JSON. A text `"..."` stands for any value, an item `"..."` at the end of a list for further items, and a field `"..."` for further fields.
pub(super) fn json(expected: &Value, actual: &Value, place: &str) -> Result<(), String> {
    match (expected, actual) {
        (Value::String(expected), _) if expected == ANYTHING => Ok(()),
        (Value::String(expected), Value::String(actual)) if text(expected, actual) => Ok(()),
        (Value::Object(expected), Value::Object(actual)) => {
            for (name, expected) in expected.iter().filter(|(name, _)| *name != ANYTHING) {
                let actual = actual
                    .get(name)
                    .ok_or_else(|| format!("{place} has no {name}"))?;
                json(expected, actual, &format!("{place}.{name}"))?;
            }
            let is_open = expected.contains_key(ANYTHING);
            match actual
                .keys()
                .find(|name| !is_open && !expected.contains_key(*name))
            {
                Some(name) => Err(format!("{place} has {name} too: {}", actual[name])),
                None => Ok(()),
            }
        }
        (Value::Array(expected), Value::Array(actual)) => {
            let is_open = expected.last().is_some_and(|last| last == ANYTHING);
            let listed = expected.len() - usize::from(is_open);
            if actual.len() < listed || (actual.len() > listed && !is_open) {
                return Err(format!("{place} has {} items", actual.len()));
            }
            let mut pairs = expected.iter().zip(actual).take(listed).enumerate();
            pairs.try_for_each(|(index, (expected, actual))| {
                json(expected, actual, &format!("{place}[{index}]"))
            })
        }
        _ if expected == actual => Ok(()),
        _ => Err(format!("{place} is {actual}")),
    }
}

#[test]
fn dots_stand_for_anything_and_nothing_else_does() {
    for (expected, actual, same) in [
        ("ok", "ok", true),
        ("ok", "okay", false),
        ("a ... c", "a b c", true),
        ("a ... c", "a b d", false),
        ("...", "x", true),
    ] {
        assert_eq!(text(expected, actual), same, "{expected} {actual}");
    }
    let said = |lines: &[&str]| {
        lines
            .iter()
            .map(|line| (*line).to_owned())
            .collect::<Vec<_>>()
    };
    assert!(lines(&said(&["a", "...", "c"]), "a\nb\nb\nc\n").is_ok());
    assert!(lines(&said(&["a", "c"]), "a\nb\nc\n").is_err());
    assert!(lines(&said(&["a"]), "a\nb\n").is_err());
    for (expected, actual, same) in [
        (r#"{"a": "..."}"#, r#"{"a": 1}"#, true),
        (r#"{"a": 1}"#, r#"{"a": 1, "b": 2}"#, false),
        (r#"{"a": 1, "...": 0}"#, r#"{"a": 1, "b": 2}"#, true),
        (r#"{"a": 1}"#, "{}", false),
        ("[1]", "[1, 2]", false),
        (r#"[1, "..."]"#, "[1, 2]", true),
        (r#"[{"a": 1}]"#, r#"[{"a": 2}]"#, false),
    ] {
        let value = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        assert_eq!(
            json(&value(expected), &value(actual), "it").is_ok(),
            same,
            "{expected} {actual}"
        );
    }
}
