//! The functions that an expression may call, as `f(x, y)` or `x.f(y)`.

use std::borrow::Cow;

use acteon_core::Timestamp;
use acteon_core::json::{Tree, whole_part};
use acteon_core::limits::MAX_MATCHED_FIELD_BYTES;
use acteon_core::similar::nearest;

use crate::eval::{Evaluator, Stop, finite};
use crate::value::Val;

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

/// Name, function, how many arguments.
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
    /// The name that it has first.
    pub(crate) fn name(self) -> &'static str {
        TABLE
            .iter()
            .find(|(_, known, _)| *known == self)
            .map_or("", |(name, ..)| name)
    }
}

/// The function of a name that takes so many arguments.
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

/// What other languages call a function.
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

pub(crate) fn call<'a>(
    evaluator: &mut Evaluator<'a, '_>,
    function: Function,
    arguments: &[Val<'a>],
) -> Result<Val<'a>, Stop> {
    use Function as F;
    match (function, arguments) {
        (F::Size, [of]) => size(of),
        (F::Contains, [of, part]) => contains(evaluator, of, part),
        (F::StartsWith, [Val::Text(text), Val::Text(start)]) => {
            Ok(Val::Bool(text.starts_with(&**start)))
        }
        (F::EndsWith, [Val::Text(text), Val::Text(end)]) => Ok(Val::Bool(text.ends_with(&**end))),
        (F::Lower, [Val::Text(text)]) => evaluator.built(text.to_lowercase()),
        (F::Upper, [Val::Text(text)]) => evaluator.built(text.to_uppercase()),
        (F::Trim, [Val::Text(text)]) => evaluator.built(text.trim().to_owned()),
        (F::Escape, [Val::Text(text)]) => evaluator.built(escape(text)),
        (F::Int, [Val::Int(number)]) => Ok(Val::Int(*number)),
        (F::Int, [Val::Double(number)]) if number.abs() < 9.0e18 => {
            Ok(Val::Int(number.trunc() as i64))
        }
        (F::Int, [Val::Number(number)]) => {
            let whole = whole_part(number).map(|(whole, _)| Val::Int(whole));
            whole.ok_or_else(|| {
                Stop::error("int: the number is too large; it can be compared as it is")
            })
        }
        (F::Int, [Val::Text(text)]) => text
            .trim()
            .parse()
            .map(Val::Int)
            .map_err(|_| Stop::error("int: the text is not a whole number")),
        (F::Int, [Val::Time(time)]) => Ok(Val::Int(time.as_millis().div_euclid(1000))),
        (F::Time, [Val::Time(time)]) => Ok(Val::Time(*time)),
        (F::Time, [Val::Text(text)]) => Timestamp::parse(text)
            .map(Val::Time)
            .ok_or_else(|| Stop::error("timestamp: the text is not an RFC 3339 time")),
        (F::Double, [Val::Text(text)]) => {
            let number = text
                .trim()
                .parse()
                .map_err(|_| Stop::error("double: the text is not a number"))?;
            finite(number)
        }
        (F::Double, [number]) => number
            .double()
            .map(Val::Double)
            .ok_or_else(|| wrong(function, arguments)),
        (F::Text, [Val::Null]) => Ok(Val::Text(Cow::Borrowed("null"))),
        (F::Text, [other]) => evaluator.built(other.to_text()),
        (F::Abs, [Val::Int(number)]) => number
            .checked_abs()
            .map(Val::Int)
            .ok_or_else(|| Stop::error("abs: overflow: the result needs more than 64 bits")),
        (F::Abs, [Val::Double(number)]) => Ok(Val::Double(number.abs())),
        (F::Abs, [Val::Number(number)]) => Ok(Val::Number(
            number.trim_start_matches('-').to_owned().into(),
        )),
        (F::Min | F::Max, [left, right]) => {
            let order = left
                .compare(right)
                .ok_or_else(|| wrong(function, arguments))?;
            let takes_left = order.is_le() == (function == F::Min);
            Ok(if takes_left {
                left.clone()
            } else {
                right.clone()
            })
        }
        _ => Err(wrong(function, arguments)),
    }
}

/// Wrong operands are an error, unless one is null: then the call is unknown.
fn wrong(function: Function, arguments: &[Val<'_>]) -> Stop {
    if arguments
        .iter()
        .any(|argument| matches!(argument, Val::Null))
    {
        return Stop::Unknown;
    }
    let kinds: Vec<&str> = arguments.iter().map(Val::kind).collect();
    let name = function.name();
    Stop::error(&format!("{name} does not take {}", kinds.join(" and ")))
}

fn size<'a>(of: &Val<'_>) -> Result<Val<'a>, Stop> {
    let size = match of {
        Val::Text(text) => text.chars().count(),
        Val::Labels(labels) => labels.len(),
        Val::Json(Tree::Object(members)) => members.len(),
        _ => of
            .len()
            .ok_or_else(|| wrong(Function::Size, std::slice::from_ref(of)))?,
    };
    Ok(Val::Int(size as i64))
}

/// A text within a text, or an item of a list.
fn contains<'a>(
    evaluator: &mut Evaluator<'a, '_>,
    of: &Val<'a>,
    part: &Val<'a>,
) -> Result<Val<'a>, Stop> {
    match (of, part) {
        (Val::Text(text), Val::Text(part)) => {
            let text = &text[..text.floor_char_boundary(MAX_MATCHED_FIELD_BYTES)];
            evaluator.read(text)?;
            Ok(Val::Bool(text.contains(&**part)))
        }
        _ if of.len().is_some() => evaluator.is_item(part, of).map(Val::Bool),
        _ => Err(wrong(Function::Contains, &[of.clone(), part.clone()])),
    }
}

/// A text in which nothing is read as a mention, a tag or a link of markdown: the letters that begin them become those of full width, which look alike.
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
