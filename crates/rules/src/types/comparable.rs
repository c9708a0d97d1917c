//! Comparability of two sides, so that a comparison says something.

use acteon_core::Timestamp;

use super::kind::{Kind, shown};
use crate::expr::{Comparison, Constant, Expr};
use crate::facts::WEEKDAYS;
use crate::path::{FieldType, Path};

/// Refuses sides that are never equal, or have no order.
pub(super) fn comparable(
    comparison: Comparison,
    kinds: (Kind, Kind),
    left: &mut Expr,
    right: &mut Expr,
) -> Result<(), String> {
    match kinds {
        (Kind::Time, Kind::Text) => return instant(left, right),
        (Kind::Text, Kind::Time) => return instant(right, left),
        // Beside a time, a number is seconds since 1970.
        (Kind::Time, Kind::Number)
        | (Kind::Number, Kind::Time)
        | (Kind::Any, _)
        | (_, Kind::Any) => return Ok(()),
        (Kind::Null, of) | (of, Kind::Null) if comparison == Comparison::Ne || of == Kind::Null => {
            return Ok(());
        }
        (Kind::Null, _) | (_, Kind::Null) => {
            let field = if kinds.0 == Kind::Null {
                shown(right)
            } else {
                shown(left)
            };
            return Err(format!(
                "{field} is never null: what is not there is told by !has({field}) in a CEL condition"
            ));
        }
        (one, other) if one == other => {}
        (one, other) => {
            let (one, other) = (
                format!("{} is {}", shown(left), one.described()),
                format!("{} is {}", shown(right), other.described()),
            );
            let what = if comparison.is_order() {
                "they have no order"
            } else {
                "they are never equal"
            };
            return Err(format!(
                "{one}, {other}: {what}{}",
                way_out(kinds, left, right)
            ));
        }
    }
    if comparison.is_order() && kinds == (Kind::Text, Kind::Text) {
        number_in_text(left, right)?;
    }
    Ok(())
}

/// Advice where text meets a number.
fn way_out(kinds: (Kind, Kind), left: &Expr, right: &Expr) -> String {
    let (text, number) = match kinds {
        (Kind::Text, Kind::Number) => (left, right),
        (Kind::Number, Kind::Text) => (right, left),
        _ => return String::new(),
    };
    if let Expr::Field(_) = text {
        return format!(
            "; put the number in quotes to compare it as text, or write int({}) in a CEL condition",
            shown(text)
        );
    }
    format!(
        "; write the number without quotes, as {} is one",
        shown(number)
    )
}

/// Refuses a number within text, which is ordered by its letters: "10" comes before "9".
fn number_in_text(left: &Expr, right: &Expr) -> Result<(), String> {
    for (field, literal) in [(left, right), (right, left)] {
        if let (Expr::Field(path), Expr::Constant(Constant::Text(text))) = (field, literal)
            && text.trim().parse::<f64>().is_ok()
        {
            return Err(format!(
                "{path} is text, in which \"10\" comes before \"9\": for an order of numbers write int({path}) or double({path}) in a CEL condition"
            ));
        }
    }
    Ok(())
}

/// Makes an instant of a text that stands beside a time.
fn instant(time: &Expr, text: &mut Expr) -> Result<(), String> {
    if let Expr::Constant(Constant::Text(written)) = text {
        let Some(parsed) = Timestamp::parse(written) else {
            let beside = shown(time);
            return Err(format!(
                "{written:?} beside {beside} is no time; write RFC 3339 with a zone, such as 2026-01-31T09:00:00+08:00"
            ));
        };
        *text = Expr::Constant(Constant::Time(parsed));
    }
    Ok(())
}

/// Refuses a comparison with what a field of the calendar can never be.
pub(super) fn within_domain(
    comparison: Comparison,
    path: &Path,
    constant: &Constant,
) -> Result<(), String> {
    match (path.field_type(), constant) {
        (FieldType::Weekday, Constant::Text(_)) if comparison.is_order() => Err(format!(
            "{path} is a name: for an order use time.weekday_num, where 1 is Monday and 7 Sunday"
        )),
        (FieldType::Weekday, Constant::Text(text)) if !WEEKDAYS.contains(&&**text) => {
            let day = |day: &&&str| {
                text.len() >= 2 && day.to_lowercase().starts_with(&*text.to_lowercase())
            };
            let near = WEEKDAYS
                .iter()
                .find(day)
                .copied()
                .or_else(|| acteon_core::similar::nearest(text, WEEKDAYS));
            let hint = near.map_or(String::new(), |near| format!("; did you mean {near:?}?"));
            Err(format!(
                "{path} is never {text:?}{hint}; it is one of: {}",
                WEEKDAYS.join(", ")
            ))
        }
        (FieldType::Whole(lowest, highest), Constant::Int(_) | Constant::Number(_)) => {
            within_range(comparison, path, constant, lowest, highest)
        }
        _ => Ok(()),
    }
}

/// Refuses a comparison with a whole number that is not from `lowest` to `highest`.
fn within_range(
    comparison: Comparison,
    path: &Path,
    constant: &Constant,
    lowest: i64,
    highest: i64,
) -> Result<(), String> {
    let number = match constant {
        Constant::Int(number) => *number as f64,
        Constant::Number(text) => text.parse().unwrap_or(f64::MAX),
        _ => return Ok(()),
    };
    // One beyond the ends is how people write "to the end".
    let margin = if comparison.is_order() { 1.0 } else { 0.0 };
    let (low, high) = (lowest as f64, highest as f64);
    let ends = [low, high].map(|end| {
        end.partial_cmp(&number)
            .is_some_and(|order| comparison.holds(order))
    });
    let is_near = (low - margin..=high + margin).contains(&number);
    let can_be = if comparison.is_order() {
        ends[0] || ends[1]
    } else {
        number.fract() == 0.0
    };
    if is_near && can_be {
        return Ok(());
    }
    Err(format!(
        "{path} goes from {lowest} to {highest}, so comparing it with {} says nothing",
        constant.spelled()
    ))
}
