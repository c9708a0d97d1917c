//! Templates as Alertmanager and other programs in Go have them: told apart from ours, since people bring them along.

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;

/// Words that a statement of those templates begins with, and none of ours between two braces.
const WORDS: [&str; 7] = ["block", "define", "else", "if", "range", "template", "with"];

/// Line and message of the first expression that is written so.
pub(crate) fn flaw(source: &str) -> Option<(usize, String)> {
    for token in tokenize(source, false, SyntaxConfig::default()) {
        // Behind what cannot be read there is no end. The parser tells more about it.
        let (token, span) = token.ok()?;
        if !matches!(token, Token::VariableStart) {
            continue;
        }
        let behind = &source[span.end_offset as usize..];
        if !is_of_go(behind) {
            continue;
        }
        let message = "is written as templates of Alertmanager are; here names stand without the dot and the $, as in {{ labels.alertname }}, a condition is {% if status == \"firing\" %}...{% endif %}, and a loop {% for alert in alerts %}...{% endfor %}";
        return Some((span.start_line as usize, message.to_owned()));
    }
    None
}

/// Whether what stands behind two braces is of such a template.
fn is_of_go(behind: &str) -> bool {
    let behind = behind.trim_start();
    if names_a_field(behind) {
        return true;
    }
    let end = behind.find(|letter: char| !letter.is_ascii_alphabetic());
    let (word, rest) = behind.split_at(end.unwrap_or(behind.len()));
    if rest.starts_with('.') {
        return false;
    }
    let rest = rest.trim_start();
    match word {
        "if" => {
            rest.starts_with(|letter: char| letter.is_ascii_alphabetic() || ".$(".contains(letter))
        }
        "else" => rest.starts_with(['}', '-']) || rest.starts_with("if "),
        word if WORDS.contains(&word) => names_a_field(rest) || rest.starts_with('"'),
        _ => false,
    }
}

/// Whether it begins as `.Labels` and `$labels` do.
fn names_a_field(text: &str) -> bool {
    let mut letters = text.chars();
    let first = letters.next();
    let second = letters.next();
    let names = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    match first {
        Some('$') => second.is_some_and(names),
        Some('.') => second.is_none_or(|letter| names(letter) || letter == ' ' || letter == '}'),
        _ => false,
    }
}
