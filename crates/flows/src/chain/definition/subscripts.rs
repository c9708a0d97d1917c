//! Names that templates read in brackets, such as `steps['db-1'].body`: the engine tells of those by their beginnings only.

use std::collections::BTreeMap;

use acteon_core::json::{items, members, text};

/// Strings of a template, by the paths to them.
pub(super) fn strings(json: &str, at: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    collect(json.trim(), at.to_owned(), &mut found);
    found
}

fn collect(json: &str, at: String, found: &mut BTreeMap<String, String>) {
    if let Some(members) = members(json) {
        for member in members {
            collect(member.value, format!("{at}.{}", member.name()), found);
        }
    } else if let Some(items) = items(json) {
        for (index, item) in items.iter().enumerate() {
            collect(item, format!("{at}[{index}]"), found);
        }
    } else if let Some(text) = text(json) {
        found.insert(at, text.into_owned());
    }
}

/// Paths that the expressions of a text read with at least one name in brackets.
pub(super) fn paths(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (open, close) in [("{{", "}}"), ("{%", "%}")] {
        let mut rest = text;
        while let Some((_, after)) = rest.split_once(open) {
            let (expression, after) = after.split_once(close).unwrap_or((after, ""));
            in_expression(expression, &mut found);
            rest = after;
        }
    }
    found
}

fn in_expression(expression: &str, found: &mut Vec<Vec<String>>) {
    let mut rest = expression;
    // What stands behind a dot or a pipe is the name of nothing that is given to a template.
    let mut is_root = true;
    while let Some(first) = rest.chars().next() {
        if let Some((_, after)) = quoted(rest) {
            rest = after;
        } else if is_of_name(first) {
            let (root, after) = name(rest);
            let mut path = vec![root.to_owned()];
            let (after, has_brackets) = further(after, &mut path);
            if is_root && has_brackets {
                found.push(path);
            }
            rest = after;
        } else {
            is_root = !matches!(first, '.' | '|') && (is_root || !first.is_whitespace());
            rest = &rest[first.len_utf8()..];
            continue;
        }
        is_root = true;
    }
}

/// Reads the names behind a root; whether one of them stands in brackets.
fn further<'a>(mut rest: &'a str, path: &mut Vec<String>) -> (&'a str, bool) {
    let mut has_brackets = false;
    loop {
        if let Some(after) = rest.strip_prefix('.')
            && after.starts_with(is_of_name)
        {
            let (name, after) = name(after);
            path.push(name.to_owned());
            rest = after;
        } else if let Some((name, after)) = in_brackets(rest) {
            path.push(name.to_owned());
            has_brackets = true;
            rest = after;
        } else {
            return (rest, has_brackets);
        }
    }
}

/// Name in brackets and quotes that a text begins with, and what follows.
fn in_brackets(rest: &str) -> Option<(&str, &str)> {
    let (name, after) = quoted(rest.strip_prefix('[')?.trim_start())?;
    Some((name, after.trim_start().strip_prefix(']')?))
}

/// Text in quotes that a text begins with, and what follows.
fn quoted(rest: &str) -> Option<(&str, &str)> {
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    rest[1..].split_once(quote)
}

fn name(rest: &str) -> (&str, &str) {
    rest.split_at(rest.find(|c| !is_of_name(c)).unwrap_or(rest.len()))
}

fn is_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}
