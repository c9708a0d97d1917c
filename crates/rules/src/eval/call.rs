//! Calls of functions within an evaluation.

use std::borrow::Cow;

use acteon_core::Timestamp;
use acteon_core::json::{Tree, whole_part};
use acteon_core::limits::MAX_MATCHED_FIELD_BYTES;

use super::arithmetic::finite;
use super::bounds::Bounds;
use super::stop::{EvalResult, Stop};
use super::within::is_item;
use crate::functions::{Function, escape};
use crate::value::Val;

/// Result of a function of its arguments.
pub(super) fn call<'a>(
    bounds: &mut Bounds,
    function: Function,
    arguments: &[Val<'a>],
) -> EvalResult<'a> {
    use Function as F;
    let found = match (function, arguments) {
        (F::Size, [of]) => Some(size(of)?),
        (F::Contains, [of, part]) => Some(contains(bounds, of, part)?),
        (F::StartsWith, [Val::Text(text), Val::Text(start)]) => {
            Some(Val::Bool(text.starts_with(&**start)))
        }
        (F::EndsWith, [Val::Text(text), Val::Text(end)]) => Some(Val::Bool(text.ends_with(&**end))),
        (F::Lower, [Val::Text(text)]) => Some(bounds.built(text.to_lowercase())?),
        (F::Upper, [Val::Text(text)]) => Some(bounds.built(text.to_uppercase())?),
        (F::Trim, [Val::Text(text)]) => Some(bounds.built(text.trim().to_owned())?),
        (F::Escape, [Val::Text(text)]) => Some(bounds.built(escape(text))?),
        (F::Text, [Val::Null]) => Some(Val::Text(Cow::Borrowed("null"))),
        (F::Text, [other]) => Some(bounds.built(other.to_text())?),
        (F::Int, [of]) => int(of)?,
        (F::Double, [of]) => double(of)?,
        (F::Time, [of]) => time(of)?,
        (F::Abs, [of]) => abs(of)?,
        (F::Min | F::Max, [left, right]) => extreme(function, left, right),
        _ => None,
    };
    found.ok_or_else(|| wrong(function, arguments))
}

/// Result of a function of one argument; `None` where it does not take such a one.
type Taken<'a> = Result<Option<Val<'a>>, Stop>;

fn int<'a>(of: &Val<'_>) -> Taken<'a> {
    Ok(Some(Val::Int(match of {
        Val::Int(number) => *number,
        Val::Double(number) if number.abs() < 9.0e18 => number.trunc() as i64,
        Val::Number(number) => {
            let whole = whole_part(number).map(|(whole, _)| whole);
            whole.ok_or_else(|| {
                Stop::error("int: the number is too large; it can be compared as it is")
            })?
        }
        Val::Text(text) => text
            .trim()
            .parse()
            .map_err(|_| Stop::error("int: the text is not a whole number"))?,
        Val::Time(time) => time.as_millis().div_euclid(1000),
        _ => return Ok(None),
    })))
}

fn double<'a>(of: &Val<'_>) -> Taken<'a> {
    let Val::Text(text) = of else {
        return Ok(of.double().map(Val::Double));
    };
    let number = text
        .trim()
        .parse()
        .map_err(|_| Stop::error("double: the text is not a number"))?;
    finite(number).map(Some)
}

fn time<'a>(of: &Val<'_>) -> Taken<'a> {
    Ok(match of {
        Val::Time(time) => Some(Val::Time(*time)),
        Val::Text(text) => {
            let parsed = Timestamp::parse(text);
            let parsed =
                parsed.ok_or_else(|| Stop::error("timestamp: the text is not an RFC 3339 time"))?;
            Some(Val::Time(parsed))
        }
        _ => None,
    })
}

fn abs<'a>(of: &Val<'_>) -> Taken<'a> {
    Ok(match of {
        Val::Int(number) => {
            let number = number
                .checked_abs()
                .ok_or_else(|| Stop::error("abs: overflow: the result needs more than 64 bits"))?;
            Some(Val::Int(number))
        }
        Val::Double(number) => Some(Val::Double(number.abs())),
        Val::Number(number) => Some(Val::Number(
            number.trim_start_matches('-').to_owned().into(),
        )),
        _ => None,
    })
}

/// Lesser or greater of two values, whichever the function is for.
fn extreme<'a>(function: Function, left: &Val<'a>, right: &Val<'a>) -> Option<Val<'a>> {
    let order = left.compare(right)?;
    let takes_left = order.is_le() == (function == Function::Min);
    Some(if takes_left {
        left.clone()
    } else {
        right.clone()
    })
}

/// Error for wrong operands, unless one is null: then the call is unknown.
fn wrong(function: Function, arguments: &[Val<'_>]) -> Stop {
    if arguments
        .iter()
        .any(|argument| matches!(argument, Val::Null))
    {
        return Stop::Unknown;
    }
    let kinds: Vec<&str> = arguments.iter().map(Val::kind).collect();
    let name = function.as_str();
    Stop::error(&format!("{name} does not take {}", kinds.join(" and ")))
}

fn size<'a>(of: &Val<'_>) -> EvalResult<'a> {
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

/// Whether a text lies within a text, or an item in a list.
fn contains<'a>(bounds: &mut Bounds, of: &Val<'a>, part: &Val<'a>) -> EvalResult<'a> {
    match (of, part) {
        (Val::Text(text), Val::Text(part)) => {
            let text = &text[..text.floor_char_boundary(MAX_MATCHED_FIELD_BYTES)];
            bounds.read(text)?;
            Ok(Val::Bool(text.contains(&**part)))
        }
        _ if of.len().is_some() => is_item(bounds, part, of).map(Val::Bool),
        _ => Err(wrong(Function::Contains, &[of.clone(), part.clone()])),
    }
}
