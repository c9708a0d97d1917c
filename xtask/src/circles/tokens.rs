//! Tokens of Rust code, without comments, string literals, and code for tests only.

/// Tokens of a text: words (`crate`, `fn`, a name), `::`, and single signs.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    without_tests(&split(text))
}

fn split(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        let next = rest.get(1).copied();
        at += match rest[0] {
            '/' if next == Some('/') => end_of(rest, 2, |rest| rest[0] == '\n'),
            '/' if next == Some('*') => 2 + end_of(rest, 2, |rest| rest.starts_with(&['*', '/'])),
            '"' => text_length(rest),
            'r' if next == Some('"') || next == Some('#') => match raw_length(rest) {
                Some(length) => length,
                None => push_word(rest, &mut found),
            },
            '\'' => char_length(rest),
            c if c.is_alphanumeric() || c == '_' => push_word(rest, &mut found),
            ':' if next == Some(':') => {
                found.push("::".to_owned());
                2
            }
            c => {
                if !c.is_whitespace() {
                    found.push(c.to_string());
                }
                1
            }
        };
    }
    found
}

/// Length up to where `is_end` holds, or to the end.
fn end_of(rest: &[char], from: usize, is_end: impl Fn(&[char]) -> bool) -> usize {
    (from..rest.len())
        .find(|at| is_end(&rest[*at..]))
        .unwrap_or(rest.len())
}

fn push_word(rest: &[char], found: &mut Vec<String>) -> usize {
    let length = end_of(rest, 1, |rest| {
        !(rest[0].is_alphanumeric() || rest[0] == '_')
    });
    found.push(rest[..length].iter().collect());
    length
}

fn text_length(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != '"' {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// Length of a raw string literal; `None` for a name that begins with `r#`.
fn raw_length(rest: &[char]) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return None;
    }
    let mut end = vec!['"'];
    end.extend(std::iter::repeat_n('#', hashes));
    Some(end_of(rest, 2 + hashes, |rest| rest.starts_with(&end)) + end.len())
}

/// Length of a character literal; of the quote alone where it begins a lifetime.
fn char_length(rest: &[char]) -> usize {
    match rest {
        [_, '\\', ..] => end_of(rest, 3, |rest| rest[0] == '\'') + 1,
        [_, _, '\'', ..] => 3,
        _ => 1,
    }
}

/// Tokens without the items behind `#[cfg(test)]`.
fn without_tests(tokens: &[String]) -> Vec<String> {
    const CFG: &[&str] = &["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let is_cfg = tokens[at..].iter().zip(CFG).filter(|(a, b)| a == b).count() == CFG.len();
        if is_cfg {
            at = end_of_item(tokens, at + CFG.len());
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// Index behind the item that begins at `from`: behind its `;` or its closing brace.
fn end_of_item(tokens: &[String], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match token.as_str() {
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}
