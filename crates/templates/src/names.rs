//! Names of filters and tests, which the engine looks up only while it renders, and texts written out that can never work: told when a template is compiled.

use acteon_core::similar::nearest;
use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind};

use crate::filters::{self, OWN};

/// Filters of the engine that are worth a suggestion.
const BUILT_IN: &[&str] = &[
    "abs",
    "attr",
    "batch",
    "bool",
    "capitalize",
    "count",
    "default",
    "dictsort",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "trim",
    "unique",
    "upper",
];

/// Line and message of the first name that nothing has.
pub(crate) fn flaw(engine: &Environment<'_>, source: &str) -> Option<(usize, String)> {
    let tokens: Vec<_> = tokenize(source, false, SyntaxConfig::default())
        .collect::<Result<_, _>>()
        .ok()?;
    for (at, (token, span)) in tokens.iter().enumerate() {
        let Token::Ident(name) = token else { continue };
        let before = |back: usize| Some(&tokens[at.checked_sub(back)?].0);
        let is_filter = match before(1) {
            Some(Token::Pipe) => true,
            Some(Token::Ident("filter")) => matches!(before(2), Some(Token::BlockStart)),
            _ => false,
        };
        let is_test = match before(1) {
            Some(Token::Ident("is")) => {
                *name != "not" && !matches!(before(2), Some(Token::Dot | Token::Pipe))
            }
            Some(Token::Ident("not")) => matches!(before(2), Some(Token::Ident("is"))),
            _ => false,
        };
        let message = if is_filter {
            unknown_filter(engine, name).or_else(|| {
                let argument = argument(&tokens[at + 1..])?;
                written_out(name, argument)
            })
        } else if is_test {
            unknown_test(engine, name)
        } else {
            None
        };
        if let Some(message) = message {
            return Some((span.start_line as usize, message));
        }
    }
    None
}

/// Names that a source may read, and others that it writes itself: the engine's own list leaves out what is cut by `[a:b]`.
pub(crate) fn read(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_member = false;
    for (token, _) in tokenize(source, false, SyntaxConfig::default()).flatten() {
        if let Token::Ident(name) = token
            && !is_member
        {
            names.push(name.to_owned());
        }
        is_member = matches!(token, Token::Dot);
    }
    names
}

/// First argument of a call, where it is a text that is written out.
fn argument<'a, S>(tokens: &'a [(Token<'_>, S)]) -> Option<&'a str> {
    match tokens {
        [
            (Token::ParenOpen, _),
            (Token::Str(text), _),
            (Token::Comma | Token::ParenClose, _),
            ..,
        ] => Some(text),
        [
            (Token::ParenOpen, _),
            (Token::String(text), _),
            (Token::Comma | Token::ParenClose, _),
            ..,
        ] => Some(text),
        _ => None,
    }
}

fn written_out(filter: &str, argument: &str) -> Option<String> {
    match filter {
        "reReplaceAll" | "match" => filters::check_pattern(argument),
        "local_time" => filters::check_zone(argument),
        _ => None,
    }
}

fn unknown_filter(engine: &Environment<'_>, name: &str) -> Option<String> {
    let error = engine.empty_state().apply_filter(name, &[]).err()?;
    (error.kind() == ErrorKind::UnknownFilter).then(|| {
        let near = nearest(name, OWN.iter().chain(BUILT_IN).copied());
        let hint = near.map_or(String::new(), |near| format!("; did you mean {near:?}?"));
        format!("there is no filter {name:?}{hint}")
    })
}

fn unknown_test(engine: &Environment<'_>, name: &str) -> Option<String> {
    let error = engine.empty_state().perform_test(name, &[]).err()?;
    (error.kind() == ErrorKind::UnknownTest).then(|| {
        format!("there is no test {name:?}; known are defined, none, string, number, mapping, sequence, in and others of Jinja")
    })
}
