//! Lists that are written out and repeated: the engine works them out while it compiles, where no work is counted.

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;

/// Words that a value stands behind.
const OPERATORS: [&str; 7] = ["and", "else", "if", "in", "is", "not", "or"];

/// Line and message of the first that there is. What cannot be read is left to the parser, which tells more about it.
pub(crate) fn flaw(source: &str) -> Option<(usize, String)> {
    let tokens: Vec<_> = tokenize(source, false, SyntaxConfig::default())
        .collect::<Result<_, _>>()
        .ok()?;
    let kinds: Vec<&Token<'_>> = tokens.iter().map(|(token, _)| token).collect();
    for (at, (token, span)) in tokens.iter().enumerate() {
        if !matches!(token, Token::Mul) {
            continue;
        }
        if ends_in_list(&kinds[..at]) || begins_with_list(&kinds[at + 1..]) {
            let message =
                "repeats a list that is written out; write its items, or loop over range(n)";
            return Some((span.start_line as usize, message.to_owned()));
        }
    }
    None
}

/// Whether the value in front of an operator is a list that is written out, or has one within its parentheses.
fn ends_in_list(tokens: &[&Token<'_>]) -> bool {
    let open = match tokens.last() {
        Some(Token::BracketClose) => return opening(tokens).is_some_and(|at| is_list(tokens, at)),
        Some(Token::ParenClose) => opening(tokens),
        _ => None,
    };
    open.is_some_and(|open| (open..tokens.len()).any(|at| is_list(tokens, at)))
}

/// Whether the value behind an operator is such a list.
fn begins_with_list(tokens: &[&Token<'_>]) -> bool {
    match tokens.first() {
        Some(Token::BracketOpen) => true,
        Some(Token::ParenOpen) => {
            let end = closing(tokens).unwrap_or(tokens.len());
            (0..end).any(|at| is_list(tokens, at))
        }
        _ => false,
    }
}

/// Whether a bracket opens a list, and not what is taken of one.
fn is_list(tokens: &[&Token<'_>], at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| tokens[before]);
    let takes_of = match before {
        Some(Token::Ident(word)) => !OPERATORS.contains(word),
        Some(
            Token::BracketClose
            | Token::ParenClose
            | Token::BraceClose
            | Token::Str(_)
            | Token::String(_),
        ) => true,
        _ => false,
    };
    matches!(tokens[at], Token::BracketOpen) && !takes_of
}

const fn depth(token: &Token<'_>) -> i32 {
    match token {
        Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => 1,
        Token::ParenClose | Token::BracketClose | Token::BraceClose => -1,
        _ => 0,
    }
}

/// Place of what opens the last token's bracket.
fn opening(tokens: &[&Token<'_>]) -> Option<usize> {
    let mut open = 0;
    (0..tokens.len()).rev().find(|at| {
        open += depth(tokens[*at]);
        open == 0
    })
}

/// Place of what closes the first token's bracket.
fn closing(tokens: &[&Token<'_>]) -> Option<usize> {
    let mut open = 0;
    (0..tokens.len()).find(|at| {
        open += depth(tokens[*at]);
        open == 0
    })
}
