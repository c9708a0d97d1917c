//! How a path is written: `payload.alerts[0].labels["k8s.pod"]`. One grammar for predicates, silences, expressions and redaction.
//!
//! A part is a name after a dot, a position in brackets, or a name in quotes in brackets, as what has dots or brackets in it must be written. A
//! position is kept as its digits: it is an item of a list, and a name within an object.

use crate::quote::quoted;

/// Parts of a path, the first of which is a name.
pub fn path_parts(text: &str) -> Result<Vec<Box<str>>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(['.', '[', ']', '"', '\'']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.trim().is_empty() {
            return Err(format!(
                "{text:?} is not a path such as action.payload.severity: a name is missing{}",
                before(after)
            ));
        }
        check_ends(text, name)?;
        parts.push(name.into());
        rest = after;
        while let Some(inner) = rest.strip_prefix('[') {
            let (part, after) = bracketed(inner).ok_or_else(|| {
                format!("{text:?} is not a path: in brackets stands a position such as [0], or a name in quotes such as [\"k8s.pod\"]")
            })?;
            parts.push(part);
            rest = after;
        }
        match rest.strip_prefix('.') {
            Some(after) => rest = after,
            None if rest.is_empty() => return Ok(parts),
            None => {
                return Err(format!(
                    "{text:?} is not a path such as action.payload.alerts[0].status: a dot is missing{}",
                    before(rest)
                ));
            }
        }
    }
}

/// Refuses a name with a blank that nobody sees: the path would lead to nothing, and hide or hold back nothing.
pub(super) fn check_ends(text: &str, name: &str) -> Result<(), String> {
    if name.trim() == name {
        return Ok(());
    }
    let quoted = quoted(name);
    Err(format!(
        "{text:?} is not a path: the name {name:?} has a blank at an end; leave it out, or write [{quoted}] where it is meant"
    ))
}

/// Position in a list that a part stands for.
pub(crate) fn position(part: &str) -> Option<usize> {
    let canonical = part == "0" || !part.starts_with('0');
    if canonical && part.bytes().all(|byte| byte.is_ascii_digit()) {
        part.parse().ok()
    } else {
        None
    }
}

fn before(rest: &str) -> String {
    if rest.is_empty() {
        " at its end".to_owned()
    } else {
        format!(" before {rest:?}")
    }
}

/// Part that stands in brackets, and what follows them.
fn bracketed(inner: &str) -> Option<(Box<str>, &str)> {
    if let Some(inner) = inner.strip_prefix('\'') {
        let (name, after) = inner.split_once("']")?;
        return (!name.contains('\'')).then_some((name.into(), after));
    }
    if inner.starts_with('"') {
        let mut read = serde_json::Deserializer::from_str(inner).into_iter::<String>();
        let name = read.next()?.ok()?;
        let after = inner[read.byte_offset()..].strip_prefix(']')?;
        return Some((name.into(), after));
    }
    let (part, after) = inner.split_once(']')?;
    (part == "*" || position(part).is_some()).then_some((part.into(), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_positions_and_quoted_names() {
        let check = |text: &str, expected: &[&str]| {
            let parts = path_parts(text).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(
                parts.iter().map(|part| &**part).collect::<Vec<_>>(),
                expected,
                "{text}"
            );
        };
        check("payload", &["payload"]);
        check(
            "action.payload.alerts[0].status",
            &["action", "payload", "alerts", "0", "status"],
        );
        check(
            r#"action.payload["k8s.pod"][12].x"#,
            &["action", "payload", "k8s.pod", "12", "x"],
        );
        check("payload['a\"b']", &["payload", "a\"b"]);
        check(r#"payload["a\"]b\u4e2d"]"#, &["payload", "a\"]b中"]);
        check(
            "payload.users[*].phone",
            &["payload", "users", "*", "phone"],
        );
        check("payload.主机.user-id", &["payload", "主机", "user-id"]);
        check(r#"payload[""]"#, &["payload", ""]);
    }

    #[test]
    fn what_is_no_path_says_why() {
        for (text, says) in [
            ("", "a name is missing at its end"),
            ("action..x", "a name is missing before \".x\""),
            (".action", "a name is missing"),
            ("action.payload.", "at its end"),
            ("action.payload[0", "in brackets stands"),
            ("action.payload[-1]", "in brackets stands"),
            ("action.payload[01]", "in brackets stands"),
            ("action.payload[pod]", "in brackets stands"),
            ("action.payload[\"pod]", "in brackets stands"),
            ("action.payload[0]x", "a dot is missing before \"x\""),
            ("action.pay\"load", "a dot is missing"),
            ("[0].x", "a name is missing"),
            ("action.payload.pod ", "a blank at an end"),
            (" action.payload", "a blank at an end"),
            ("action. payload[0]", "a blank at an end"),
        ] {
            let error = path_parts(text).expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
