//! Arithmetic of values: sums, products, and times moved by seconds.

use std::rc::Rc;

use acteon_core::Timestamp;

use super::bounds::Bounds;
use super::stop::{EvalResult, Stop};
use crate::expr::Operation;
use crate::value::Val;

/// Result of an operation on two values.
pub(super) fn arithmetic<'a>(
    bounds: &mut Bounds,
    operation: Operation,
    left: &Val<'a>,
    right: &Val<'a>,
) -> EvalResult<'a> {
    let overflow = || Stop::error("overflow: the result needs more than 64 bits");
    match (operation, left, right) {
        (_, Val::Null, _) | (_, _, Val::Null) => Err(Stop::Unknown),
        (Operation::Add, Val::Text(left), Val::Text(right)) => {
            bounds.built(format!("{left}{right}"))
        }
        (Operation::Add, _, _) if left.len().is_some() && right.len().is_some() => {
            joined(bounds, left, right)
        }
        (Operation::Divide | Operation::Remainder, Val::Int(_), Val::Int(0)) => {
            Err(Stop::error("division by zero"))
        }
        (_, Val::Int(left), Val::Int(right)) => match operation {
            Operation::Add => left.checked_add(*right),
            Operation::Subtract => left.checked_sub(*right),
            Operation::Multiply => left.checked_mul(*right),
            Operation::Divide => left.checked_div(*right),
            Operation::Remainder => left.checked_rem(*right),
        }
        .map(Val::Int)
        .ok_or_else(overflow),
        (Operation::Subtract, Val::Time(left), Val::Time(right)) => Ok(Val::Int(
            (left.as_millis() - right.as_millis()).div_euclid(1000),
        )),
        (Operation::Add, Val::Time(time), Val::Int(seconds))
        | (Operation::Add, Val::Int(seconds), Val::Time(time)) => Ok(later(*time, *seconds)),
        (Operation::Subtract, Val::Time(time), Val::Int(seconds)) => {
            Ok(later(*time, seconds.saturating_neg()))
        }
        _ => match (left.double(), right.double()) {
            (Some(left), Some(right)) => finite(doubles(operation, left, right)),
            _ => Err(Stop::error(&format!(
                "{} and {} cannot be calculated with",
                left.kind(),
                right.kind()
            ))),
        },
    }
}

fn joined<'a>(bounds: &mut Bounds, left: &Val<'a>, right: &Val<'a>) -> EvalResult<'a> {
    let items: Vec<Val<'a>> = [left, right]
        .into_iter()
        .flat_map(|list| list.items().unwrap_or_default())
        .collect();
    bounds.take_bytes(items.len() * size_of::<Val<'_>>())?;
    Ok(Val::List(Rc::new(items)))
}

/// The same value with the other sign.
pub(super) fn negate<'a>(bounds: &mut Bounds, of: &Val<'_>) -> EvalResult<'a> {
    match of {
        Val::Int(number) => number
            .checked_neg()
            .map(Val::Int)
            .ok_or_else(|| Stop::error("overflow: the result needs more than 64 bits")),
        Val::Double(number) => Ok(Val::Double(-number)),
        Val::Number(text) => {
            bounds.take_bytes(text.len())?;
            Ok(Val::Number(negated(text).into()))
        }
        other => Err(Stop::error(&format!("{} cannot be negated", other.kind()))),
    }
}

/// Instant that lies so many seconds after another.
fn later<'a>(time: Timestamp, seconds: i64) -> Val<'a> {
    Val::Time(Timestamp::from_millis(
        time.as_millis()
            .saturating_add(seconds.saturating_mul(1000)),
    ))
}

/// A number; what is none, or infinite, is an error: written as JSON it would be null.
pub(super) fn finite<'a>(number: f64) -> EvalResult<'a> {
    if number.is_finite() {
        Ok(Val::Double(number))
    } else {
        Err(Stop::error(&format!(
            "the result is {number}, which is no number in JSON"
        )))
    }
}

/// Written number with the other sign.
pub(crate) fn negated(number: &str) -> String {
    number
        .strip_prefix('-')
        .map_or_else(|| format!("-{number}"), str::to_owned)
}

fn doubles(operation: Operation, left: f64, right: f64) -> f64 {
    match operation {
        Operation::Add => left + right,
        Operation::Subtract => left - right,
        Operation::Multiply => left * right,
        Operation::Divide => left / right,
        Operation::Remainder => left % right,
    }
}
