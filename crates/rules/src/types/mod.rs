//! Types of expressions, before any action is seen: which kinds their parts have, and what the
//! fields of the envelope and the calendar can be. What could never be true, or always fails, is
//! refused when rules are loaded; a text beside a time becomes the instant that it names.

mod comparable;
mod kind;

use crate::expr::{Comparison, Constant, Expr, Operation};
use crate::facts::WEEKDAYS;
use crate::functions::Function;
use crate::path::FieldType;
use crate::pattern::Steps;
use comparable::{comparable, within_domain};
use kind::{Kind, of_constant, of_field, shown};

/// Checks a condition, which must be true or false.
pub(crate) fn check_condition(expr: &mut Expr) -> Result<(), String> {
    let kind = check(expr)?;
    if kind.may_be(&[Kind::Bool]) {
        Ok(())
    } else {
        Err(format!(
            "the condition is {}, not true or false",
            kind.described()
        ))
    }
}

/// Checks an expression, makes instants of the texts beside times, and tells its kind.
pub(crate) fn check(expr: &mut Expr) -> Result<Kind, String> {
    Ok(match expr {
        Expr::Constant(constant) => of_constant(constant),
        Expr::Field(path) => of_field(path),
        Expr::Local(_) => Kind::Any,
        Expr::Select(of, _) => {
            check(of)?;
            Kind::Any
        }
        Expr::Index(of, at) => {
            check(of)?;
            check(at)?;
            Kind::Any
        }
        Expr::Has(of) | Expr::NotStrictlyFalse(of) => {
            check(of)?;
            Kind::Bool
        }
        Expr::And(all) | Expr::Or(all) => {
            all.iter_mut().try_for_each(flag)?;
            Kind::Bool
        }
        Expr::Not(of) => {
            flag(of)?;
            Kind::Bool
        }
        Expr::Choice(parts) => choice(parts)?,
        Expr::Compare(comparison, sides) => compare(*comparison, sides)?,
        Expr::Arithmetic(operation, sides) => arithmetic(*operation, sides)?,
        Expr::Negate(of) => {
            let kind = check(of)?;
            if !kind.may_be(&[Kind::Number]) {
                return Err(format!(
                    "{} is {}, which cannot be negated",
                    shown(of),
                    kind.described()
                ));
            }
            Kind::Number
        }
        Expr::In(sides) => is_in(sides)?,
        Expr::Matches(of, pattern) => {
            takes_text("matches", of)?;
            possible(of, "matches", |text| {
                pattern.matches(text, &Steps::default()) != Some(false)
            })?;
            Kind::Bool
        }
        Expr::Call(function, arguments) => call(*function, arguments)?,
        Expr::List(items) => {
            items
                .iter_mut()
                .try_for_each(|item| check(item).map(drop))?;
            Kind::List
        }
        Expr::Fold(fold) => {
            let parts = [
                &mut fold.range,
                &mut fold.start,
                &mut fold.goes_on,
                &mut fold.step,
                &mut fold.result,
            ];
            parts
                .into_iter()
                .try_for_each(|part| check(part).map(drop))?;
            Kind::Any
        }
    })
}

fn flag(expr: &mut Expr) -> Result<(), String> {
    let kind = check(expr)?;
    if kind.may_be(&[Kind::Bool]) {
        return Ok(());
    }
    Err(format!(
        "{} is {}, where true or false is expected",
        shown(expr),
        kind.described()
    ))
}

fn choice(parts: &mut [Expr; 3]) -> Result<Kind, String> {
    let [condition, then, otherwise] = parts;
    flag(condition)?;
    let (then, otherwise) = (check(then)?, check(otherwise)?);
    Ok(if then == otherwise { then } else { Kind::Any })
}

fn arithmetic(operation: Operation, sides: &mut [Expr; 2]) -> Result<Kind, String> {
    let [left, right] = sides;
    let kinds = (check(left)?, check(right)?);
    Ok(match kinds {
        (Kind::Number, Kind::Number) => Kind::Number,
        (Kind::Text, Kind::Text) if operation == Operation::Add => Kind::Text,
        (Kind::List, Kind::List) if operation == Operation::Add => Kind::List,
        (Kind::Time, Kind::Time) if operation == Operation::Subtract => Kind::Number,
        (Kind::Time, Kind::Number) if matches!(operation, Operation::Add | Operation::Subtract) => {
            Kind::Time
        }
        (Kind::Number, Kind::Time) if operation == Operation::Add => Kind::Time,
        (Kind::Any | Kind::Null, _) | (_, Kind::Any | Kind::Null) => Kind::Any,
        (one, other) => {
            let (left, right) = (shown(left), shown(right));
            return Err(format!(
                "{left} is {}, {right} is {}: they cannot be calculated with",
                one.described(),
                other.described()
            ));
        }
    })
}

fn compare(comparison: Comparison, sides: &mut [Expr; 2]) -> Result<Kind, String> {
    let [left, right] = sides;
    let kinds = (check(left)?, check(right)?);
    comparable(comparison, kinds, left, right)?;
    match (&*left, &*right) {
        (Expr::Field(path), Expr::Constant(constant)) => within_domain(comparison, path, constant)?,
        (Expr::Constant(constant), Expr::Field(path)) => {
            within_domain(comparison.flipped(), path, constant)?;
        }
        _ => {}
    }
    Ok(Kind::Bool)
}

fn is_in(sides: &mut [Expr; 2]) -> Result<Kind, String> {
    let [item, of] = sides;
    if let Expr::List(items) = of {
        if items.is_empty() {
            return Err(format!("{} is never in a list that is empty", shown(item)));
        }
        for listed in items {
            let kinds = (check(item)?, check(listed)?);
            comparable(Comparison::Eq, kinds, item, listed)?;
            if let (Expr::Field(path), Expr::Constant(constant)) = (&*item, &*listed) {
                within_domain(Comparison::Eq, path, constant)?;
            }
        }
        return Ok(Kind::Bool);
    }
    check(item)?;
    let kind = check(of)?;
    if kind.may_be(&[Kind::List, Kind::Object]) {
        return Ok(Kind::Bool);
    }
    Err(format!(
        "{} is {}, and `in` looks into a list or an object; a part of a text is found by contains",
        shown(of),
        kind.described()
    ))
}

fn takes_text(name: &str, expr: &mut Expr) -> Result<(), String> {
    let kind = check(expr)?;
    if kind.may_be(&[Kind::Text]) {
        return Ok(());
    }
    let hint = if kind == Kind::Time {
        "; compare it with < or >=, or write string() around it"
    } else {
        ""
    };
    Err(format!(
        "{name} takes text, and {} is {}{hint}",
        shown(expr),
        kind.described()
    ))
}

/// Refuses what no day of the week fulfils.
fn possible(of: &Expr, name: &str, holds: impl Fn(&str) -> bool) -> Result<(), String> {
    match of {
        Expr::Field(path)
            if path.field_type() == FieldType::Weekday
                && !WEEKDAYS.iter().any(|day| holds(day)) =>
        {
            Err(format!(
                "{name}: this is so of no {path}, which is one of: {}",
                WEEKDAYS.join(", ")
            ))
        }
        _ => Ok(()),
    }
}

fn call(function: Function, arguments: &mut [Expr]) -> Result<Kind, String> {
    use Function as F;
    let name = function.as_str();
    match function {
        F::StartsWith | F::EndsWith | F::Lower | F::Upper | F::Trim | F::Escape => {
            arguments
                .iter_mut()
                .try_for_each(|argument| takes_text(name, argument))?;
        }
        F::Contains => contains(arguments)?,
        F::Size | F::Int | F::Double | F::Text | F::Time | F::Abs | F::Min | F::Max => {
            arguments
                .iter_mut()
                .try_for_each(|argument| check(argument).map(drop))?;
        }
    }
    if let [Expr::Constant(Constant::Text(text))] = arguments
        && let Some(why) = function.always_fails_for(text)
    {
        return Err(why);
    }
    if let [of, Expr::Constant(Constant::Text(part))] = arguments {
        match function {
            F::StartsWith => possible(of, name, |day| day.starts_with(&**part))?,
            F::EndsWith => possible(of, name, |day| day.ends_with(&**part))?,
            F::Contains => possible(of, name, |day| day.contains(&**part))?,
            _ => {}
        }
    }
    Ok(match function {
        F::Size | F::Int | F::Double | F::Abs => Kind::Number,
        F::Contains | F::StartsWith | F::EndsWith => Kind::Bool,
        F::Lower | F::Upper | F::Trim | F::Escape | F::Text => Kind::Text,
        F::Time => Kind::Time,
        F::Min | F::Max => Kind::Any,
    })
}

/// Checks a search for a text within a text, or for an item of a list.
fn contains(arguments: &mut [Expr]) -> Result<(), String> {
    let [of, part] = arguments else { return Ok(()) };
    match check(of)? {
        Kind::Any | Kind::Null | Kind::List => check(part).map(drop),
        Kind::Text => takes_text("contains", part),
        Kind::Bool | Kind::Number | Kind::Time | Kind::Object => takes_text("contains", of),
    }
}
