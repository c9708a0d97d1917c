//! Functions that an expression may call, as `f(x, y)` or `x.f(y)`.

use acteon_core::Timestamp;
use acteon_core::similar::nearest;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    Lower,
    Upper,
    Trim,
    Escape,
    Int,
    Double,
    Text,
    Time,
    Abs,
    Min,
    Max,
}

/// Names, the functions behind them, and how many arguments each takes.
const TABLE: &[(&str, Function, usize)] = &[
    ("size", Function::Size, 1),
    ("len", Function::Size, 1),
    ("contains", Function::Contains, 2),
    ("startsWith", Function::StartsWith, 2),
    ("starts_with", Function::StartsWith, 2),
    ("endsWith", Function::EndsWith, 2),
    ("ends_with", Function::EndsWith, 2),
    ("lower", Function::Lower, 1),
    ("lowerAscii", Function::Lower, 1),
    ("upper", Function::Upper, 1),
    ("upperAscii", Function::Upper, 1),
    ("trim", Function::Trim, 1),
    ("escape", Function::Escape, 1),
    ("int", Function::Int, 1),
    ("to_int", Function::Int, 1),
    ("double", Function::Double, 1),
    ("string", Function::Text, 1),
    ("to_string", Function::Text, 1),
    ("timestamp", Function::Time, 1),
    ("abs", Function::Abs, 1),
    ("min", Function::Min, 2),
    ("max", Function::Max, 2),
];

impl Function {
    /// Name that the function has first in the table.
    pub(crate) fn as_str(self) -> &'static str {
        TABLE
            .iter()
            .find(|(_, known, _)| *known == self)
            .map_or("", |(name, ..)| name)
    }
}

/// Function of a name that takes so many arguments, or what to write instead.
pub(crate) fn find(name: &str, arguments: usize) -> Result<Function, String> {
    let Some((_, function, takes)) = TABLE.iter().find(|(known, ..)| *known == name) else {
        let known: Vec<&str> = TABLE
            .iter()
            .map(|(name, ..)| *name)
            .chain(["matches", "has"])
            .collect();
        let near = synonym(name).or_else(|| nearest(name, known.iter().copied()));
        let hint = near.map_or(String::new(), |near| format!("; did you mean {near:?}?"));
        return Err(format!(
            "there is no function {name:?}{hint}; known are: {}",
            known.join(", ")
        ));
    };
    if *takes != arguments {
        return Err(format!(
            "{name} takes {takes} argument(s), counting what stands before its dot; it is given {arguments}"
        ));
    }
    Ok(*function)
}

/// Name here of what other languages call a function.
fn synonym(name: &str) -> Option<&'static str> {
    Some(match name {
        "length" | "count" => "size",
        "toLower" | "toLowerCase" | "lowercase" | "downcase" => "lower",
        "toUpper" | "toUpperCase" | "uppercase" | "upcase" => "upper",
        "strip" => "trim",
        "includes" | "icontains" => "contains",
        "regex" | "match" | "test" => "matches",
        "hasPrefix" | "beginsWith" => "startsWith",
        "hasSuffix" => "endsWith",
        "exists" | "defined" | "isset" => "has",
        "number" | "float" => "double",
        "str" => "string",
        "datetime" | "date" => "timestamp",
        _ => return None,
    })
}

impl Function {
    /// Reason why a text that is written out can never be made a number or a time of. A rule with
    /// it would fail for every action.
    pub(crate) fn always_fails_for(self, text: &str) -> Option<String> {
        let is_no = match self {
            Self::Int => text
                .trim()
                .parse::<i64>()
                .err()
                .map(|_| "whole number".to_owned()),
            Self::Double => text
                .trim()
                .parse::<f64>()
                .err()
                .map(|_| "number".to_owned()),
            Self::Time => {
                let error = Timestamp::read(text).err()?;
                Some(format!(
                    "RFC 3339 time such as 2026-01-31T09:00:00+08:00{}",
                    error.hint()
                ))
            }
            _ => None,
        }?;
        let name = self.as_str();
        Some(format!(
            "{name}({text:?}) always fails: {text:?} is no {is_no}"
        ))
    }
}
/// Text in which nothing is read as a mention, a tag or a link of markdown: the letters that begin
/// them become those of full width, which look alike.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    let mut before = None;
    while let Some(letter) = letters.next() {
        let begins = letters
            .peek()
            .is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, '@' | '/' | '!'));
        escaped.push(match letter {
            '<' if begins => '＜',
            '(' if before == Some(']') => '（',
            other => other,
        });
        before = Some(letter);
    }
    escaped
}
