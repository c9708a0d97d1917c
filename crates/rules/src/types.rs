//! What is known of an expression before any action is seen: which kinds its parts have, and what the fields of the envelope and the calendar can
//! be. What could never be true, or always fails, is refused when rules are loaded; a text beside a time becomes the instant that it names.

use acteon_core::Timestamp;

use crate::expr::{Comparison, Constant, Expr, Operation};
use crate::facts::WEEKDAYS;
use crate::functions::Function;
use crate::path::{FieldType, Path};
use crate::pattern::Steps;

/// The kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It depends on the action.
    Any,
    Null,
    Bool,
    Number,
    Text,
    Time,
    List,
    Object,
}

impl Kind {
    const fn described(self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::Null => "null",
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Time => "a time",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }

    /// Whether a value of this kind may be one of those.
    fn may_be(self, kinds: &[Self]) -> bool {
        self == Self::Any || self == Self::Null || kinds.contains(&self)
    }
}

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

const fn of_constant(constant: &Constant) -> Kind {
    match constant {
        Constant::Null => Kind::Null,
        Constant::Bool(_) => Kind::Bool,
        Constant::Int(_) | Constant::Number(_) => Kind::Number,
        Constant::Text(_) => Kind::Text,
        Constant::Time(_) => Kind::Time,
    }
}

fn of_field(path: &Path) -> Kind {
    match path.field_type() {
        FieldType::Any => Kind::Any,
        FieldType::Text | FieldType::Weekday => Kind::Text,
        FieldType::Whole(..) => Kind::Number,
        FieldType::Time => Kind::Time,
        FieldType::Labels => Kind::Object,
    }
}

/// For messages.
fn shown(expr: &Expr) -> String {
    match expr {
        Expr::Field(path) => path.to_string(),
        Expr::Constant(constant) => constant.spelled(),
        Expr::Call(function, _) => format!("{}()", function.name()),
        _ => "what stands there".to_owned(),
    }
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
    comparable(comparison, left, right)?;
    match (&*left, &*right) {
        (Expr::Field(path), Expr::Constant(constant)) => within_domain(comparison, path, constant)?,
        (Expr::Constant(constant), Expr::Field(path)) => {
            within_domain(comparison.flipped(), path, constant)?;
        }
        _ => {}
    }
    Ok(Kind::Bool)
}

/// Refuses sides that are never equal, or have no order.
fn comparable(comparison: Comparison, left: &mut Expr, right: &mut Expr) -> Result<(), String> {
    let kinds = (check(left)?, check(right)?);
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

/// What to do where text meets a number.
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

/// Text is in the order of its letters: "10" comes before "9".
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
fn within_domain(comparison: Comparison, path: &Path, constant: &Constant) -> Result<(), String> {
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
        _ => Ok(()),
    }
}

fn is_in(sides: &mut [Expr; 2]) -> Result<Kind, String> {
    let [item, of] = sides;
    if let Expr::List(items) = of {
        if items.is_empty() {
            return Err(format!("{} is never in a list that is empty", shown(item)));
        }
        for listed in items {
            comparable(Comparison::Eq, item, listed)?;
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
    let name = function.name();
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

/// A text within a text, or an item of a list.
fn contains(arguments: &mut [Expr]) -> Result<(), String> {
    let [of, part] = arguments else { return Ok(()) };
    match check(of)? {
        Kind::Any | Kind::Null | Kind::List => check(part).map(drop),
        Kind::Text => takes_text("contains", part),
        Kind::Bool | Kind::Number | Kind::Time | Kind::Object => takes_text("contains", of),
    }
}
