//! Running a condition. See `docs/adr/0003` for its three truth values.

mod bounds;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::rc::Rc;

use acteon_core::Timestamp;
use acteon_core::json::Tree;

use crate::expr::{Comparison, Constant, Expr, Fold, Operation};
use crate::facts::{Facts, Missing, Zone};
use crate::functions;
use crate::path::{Path, position};
use crate::value::Val;

/// Why there is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A field is not there.
    Unknown,
    /// Something is wrong, in words.
    Error(Rc<str>),
}

impl Stop {
    pub(crate) fn error(message: &str) -> Self {
        Self::Error(message.into())
    }
}

type Result<'a> = std::result::Result<Val<'a>, Stop>;

/// One evaluation, with its limits.
pub(crate) struct Evaluator<'a, 'f> {
    facts: &'a Facts<'f>,
    zone: &'a Zone,
    steps: u32,
    bytes: usize,
    locals: Vec<Result<'a>>,
}

fn stop(missing: Missing, path: &Path) -> Stop {
    match missing {
        Missing::Absent => Stop::Unknown,
        Missing::Unreadable => Stop::error(&format!(
            "{path} cannot be read: it holds a number that is too large"
        )),
    }
}

/// What a condition came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    True,
    False,
    Unknown,
    Error(String),
}

/// Whether `condition` holds.
pub(crate) fn truth(condition: &Expr, facts: &Facts<'_>, zone: &Zone) -> Truth {
    match value(condition, facts, zone) {
        Ok(Val::Bool(true)) => Truth::True,
        Ok(Val::Bool(false)) => Truth::False,
        Ok(other) => Truth::Error(format!(
            "the condition is {}, not true or false",
            other.kind()
        )),
        Err(Stop::Unknown) => Truth::Unknown,
        Err(Stop::Error(message)) => Truth::Error(message.to_string()),
    }
}

/// The value of an expression.
pub(crate) fn value<'a>(expr: &'a Expr, facts: &'a Facts<'_>, zone: &'a Zone) -> Result<'a> {
    Evaluator {
        facts,
        zone,
        steps: 0,
        bytes: 0,
        locals: Vec::new(),
    }
    .eval(expr)
}

impl<'a> Evaluator<'a, '_> {
    fn eval(&mut self, expr: &'a Expr) -> Result<'a> {
        self.step(1)?;
        match expr {
            Expr::Constant(constant) => Ok(constant.value()),
            Expr::Field(path) => self
                .facts
                .get(path, self.zone)
                .map_err(|missing| stop(missing, path)),
            Expr::Local(depth) => self
                .locals
                .get(*depth)
                .cloned()
                .unwrap_or(Err(Stop::Unknown)),
            Expr::Select(of, key) => self.eval(of).and_then(|of| select(&of, key)),
            Expr::Index(of, key) => {
                let of = self.eval(of)?;
                let key = self.eval(key)?;
                index(&of, &key)
            }
            Expr::Has(field) => match self.eval(field) {
                Ok(_) => Ok(Val::Bool(true)),
                Err(Stop::Unknown) => Ok(Val::Bool(false)),
                Err(error) => Err(error),
            },
            Expr::And(operands) => self.all_of(operands, false),
            Expr::Or(operands) => self.all_of(operands, true),
            Expr::Not(of) => self.flag(of).map(|flag| Val::Bool(!flag)),
            Expr::Choice(parts) => {
                let [condition, then, otherwise] = &**parts;
                if self.flag(condition)? {
                    self.eval(then)
                } else {
                    self.eval(otherwise)
                }
            }
            Expr::Compare(comparison, operands) => {
                let (left, right) = self.pair(operands)?;
                self.weigh(&left, 1)?;
                self.weigh(&right, 1)?;
                compare(*comparison, &left, &right)
            }
            Expr::Arithmetic(operation, operands) => {
                let (left, right) = self.pair(operands)?;
                self.arithmetic(*operation, &left, &right)
            }
            Expr::Negate(of) => match self.eval(of)? {
                Val::Int(number) => number
                    .checked_neg()
                    .map(Val::Int)
                    .ok_or_else(|| Stop::error("overflow: the result needs more than 64 bits")),
                Val::Double(number) => Ok(Val::Double(-number)),
                Val::Number(text) => {
                    self.take_bytes(text.len())?;
                    Ok(Val::Number(negated(&text).into()))
                }
                other => Err(Stop::error(&format!("{} cannot be negated", other.kind()))),
            },
            Expr::In(operands) => {
                let (item, of) = self.pair(operands)?;
                self.is_in(&item, &of).map(Val::Bool)
            }
            Expr::Matches(of, pattern) => match self.eval(of)? {
                Val::Text(text) => {
                    let text = Facts::matched(of, &text);
                    self.read(text)?;
                    let found = pattern.matches(text, self.facts.steps());
                    found.map(Val::Bool).ok_or_else(|| {
                        Stop::error("matches: the pattern takes too many steps on this text")
                    })
                }
                Val::Null => Err(Stop::Unknown),
                other => Err(Stop::error(&format!(
                    "matches does not take {}",
                    other.kind()
                ))),
            },
            Expr::Call(function, arguments) => {
                let arguments = arguments
                    .iter()
                    .map(|argument| self.eval(argument))
                    .collect::<std::result::Result<Vec<_>, _>>()?;
                functions::call(self, *function, &arguments)
            }
            Expr::List(items) => {
                let items = items
                    .iter()
                    .map(|item| self.eval(item))
                    .collect::<std::result::Result<Vec<_>, _>>()?;
                Ok(Val::List(Rc::new(items)))
            }
            Expr::Fold(fold) => self.fold(fold),
            Expr::NotStrictlyFalse(of) => {
                Ok(Val::Bool(!matches!(self.eval(of), Ok(Val::Bool(false)))))
            }
        }
    }

    /// `&&` and `||`: the operand that decides, else unknown, else an error.
    fn all_of(&mut self, operands: &'a [Expr], decides: bool) -> Result<'a> {
        let mut unknown = false;
        let mut error = None;
        for operand in operands {
            match self.flag(operand) {
                Ok(flag) if flag == decides => return Ok(Val::Bool(decides)),
                Ok(_) => {}
                Err(Stop::Unknown) => unknown = true,
                Err(stop) => error = error.or(Some(stop)),
            }
        }
        match (unknown, error) {
            (true, _) => Err(Stop::Unknown),
            (false, Some(error)) => Err(error),
            (false, None) => Ok(Val::Bool(!decides)),
        }
    }

    fn flag(&mut self, expr: &'a Expr) -> std::result::Result<bool, Stop> {
        match self.eval(expr)? {
            Val::Bool(flag) => Ok(flag),
            Val::Null => Err(Stop::Unknown),
            other => Err(Stop::error(&format!(
                "{} stands where true or false is expected",
                other.kind()
            ))),
        }
    }

    /// Both operands; unknown before an error, so that their order does not matter.
    fn pair(&mut self, operands: &'a [Expr; 2]) -> std::result::Result<(Val<'a>, Val<'a>), Stop> {
        let [left, right] = operands;
        match (self.eval(left), self.eval(right)) {
            (Ok(left), Ok(right)) => Ok((left, right)),
            (Err(Stop::Unknown), _) | (_, Err(Stop::Unknown)) => Err(Stop::Unknown),
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    fn fold(&mut self, fold: &'a Fold) -> Result<'a> {
        let range = self.eval(&fold.range)?;
        let keys: Vec<Val<'a>>;
        let length = match &range {
            Val::Json(Tree::Object(members)) => {
                keys = members
                    .iter()
                    .map(|(key, _)| Val::Text(Cow::Borrowed(&**key)))
                    .collect();
                keys.len()
            }
            Val::Labels(labels) => {
                keys = labels
                    .keys()
                    .map(|key| Val::Text(Cow::Borrowed(key.as_str())))
                    .collect();
                keys.len()
            }
            Val::Null => return Err(Stop::Unknown),
            other => {
                keys = Vec::new();
                other
                    .len()
                    .ok_or_else(|| Stop::error(&format!("{} has no items", other.kind())))?
            }
        };
        let start = self.eval(&fold.start);
        self.locals.truncate(fold.depth);
        self.locals.push(start);
        self.locals.push(Err(Stop::Unknown));
        for position in 0..length {
            match self.eval(&fold.goes_on) {
                Ok(Val::Bool(false)) => break,
                Err(stop @ Stop::Error(_)) => return Err(stop),
                _ => {}
            }
            let item = keys
                .get(position)
                .cloned()
                .or_else(|| range.item(position))
                .ok_or(Stop::Unknown);
            self.set_local(fold.depth + 1, item);
            let so_far = self.eval(&fold.step);
            self.step(1)?;
            self.set_local(fold.depth, so_far);
        }
        let result = self.eval(&fold.result);
        self.locals.truncate(fold.depth);
        result
    }

    /// A comprehension within this one has cut off what lies above its own variables, never these.
    fn set_local(&mut self, depth: usize, value: Result<'a>) {
        if let Some(local) = self.locals.get_mut(depth) {
            *local = value;
        }
    }

    fn arithmetic(&mut self, operation: Operation, left: &Val<'a>, right: &Val<'a>) -> Result<'a> {
        let overflow = || Stop::error("overflow: the result needs more than 64 bits");
        match (operation, left, right) {
            (_, Val::Null, _) | (_, _, Val::Null) => Err(Stop::Unknown),
            (Operation::Add, Val::Text(left), Val::Text(right)) => {
                self.built(format!("{left}{right}"))
            }
            (Operation::Add, _, _) if left.len().is_some() && right.len().is_some() => {
                self.joined(left, right)
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

    fn joined(&mut self, left: &Val<'a>, right: &Val<'a>) -> Result<'a> {
        let items: Vec<Val<'a>> = [left, right]
            .into_iter()
            .flat_map(|list| list.items().unwrap_or_default())
            .collect();
        self.take_bytes(items.len() * size_of::<Val<'_>>())?;
        Ok(Val::List(Rc::new(items)))
    }

    fn is_in(&mut self, item: &Val<'a>, of: &Val<'a>) -> std::result::Result<bool, Stop> {
        match of {
            Val::Null => Err(Stop::Unknown),
            Val::Json(Tree::Object(_)) => Ok(
                matches!((item, of), (Val::Text(key), Val::Json(tree)) if tree.member(key).is_some()),
            ),
            Val::Labels(labels) => {
                Ok(matches!(item, Val::Text(key) if labels.contains_key(&**key)))
            }
            _ => self.is_item(item, of),
        }
    }

    /// Whether `item` is one of a list.
    pub(crate) fn is_item(
        &mut self,
        item: &Val<'a>,
        of: &Val<'a>,
    ) -> std::result::Result<bool, Stop> {
        let length = of
            .len()
            .ok_or_else(|| Stop::error(&format!("{} has no items", of.kind())))?;
        self.weigh(item, length)?;
        for position in 0..length {
            self.step(1)?;
            if of.item(position).is_some_and(|other| other.equals(item)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A text that was made.
    pub(crate) fn built(&mut self, text: String) -> Result<'a> {
        self.take_bytes(text.len())?;
        Ok(Val::Text(Cow::Owned(text)))
    }
}

impl Constant {
    pub(crate) fn value(&self) -> Val<'_> {
        match self {
            Self::Null => Val::Null,
            Self::Bool(flag) => Val::Bool(*flag),
            Self::Int(number) => Val::Int(*number),
            Self::Number(text) => Val::Number(Cow::Borrowed(text)),
            Self::Text(text) => Val::Text(Cow::Borrowed(text)),
            Self::Time(time) => Val::Time(*time),
        }
    }
}

/// Whether a comparison of two constants holds.
pub(crate) fn holds(comparison: Comparison, left: &Constant, right: &Constant) -> bool {
    matches!(
        compare(comparison, &left.value(), &right.value()),
        Ok(Val::Bool(true))
    )
}

fn compare<'a>(comparison: Comparison, left: &Val<'_>, right: &Val<'_>) -> Result<'a> {
    let holds = match comparison {
        Comparison::Eq => left.equals(right),
        Comparison::Ne => !left.equals(right),
        Comparison::Lt | Comparison::Le | Comparison::Gt | Comparison::Ge => {
            let Some(order) = left.compare(right) else {
                if matches!(left, Val::Null) || matches!(right, Val::Null) {
                    return Err(Stop::Unknown);
                }
                return Err(Stop::error(&format!(
                    "{} and {} have no order",
                    left.kind(),
                    right.kind()
                )));
            };
            comparison.holds(order)
        }
    };
    Ok(Val::Bool(holds))
}

/// An instant so many seconds after another.
fn later<'a>(time: Timestamp, seconds: i64) -> Val<'a> {
    Val::Time(Timestamp::from_millis(
        time.as_millis()
            .saturating_add(seconds.saturating_mul(1000)),
    ))
}

/// A number; what is none, or infinite, is an error: written as JSON it would be null.
pub(crate) fn finite<'a>(number: f64) -> Result<'a> {
    if number.is_finite() {
        Ok(Val::Double(number))
    } else {
        Err(Stop::error(&format!(
            "the result is {number}, which is no number in JSON"
        )))
    }
}

/// A written number with the other sign.
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

fn select<'a>(of: &Val<'a>, key: &str) -> Result<'a> {
    match of {
        Val::Json(tree @ Tree::Object(_)) => {
            tree.member(key).map(Val::of_tree).ok_or(Stop::Unknown)
        }
        Val::Labels(labels) => labels
            .get(key)
            .map(|text| Val::Text(Cow::Borrowed(text.as_str())))
            .ok_or(Stop::Unknown),
        Val::Json(Tree::List(_)) | Val::List(_) => position(key)
            .and_then(|position| of.item(position))
            .ok_or(Stop::Unknown),
        // A payload of another shape than expected lacks the field.
        _ => Err(Stop::Unknown),
    }
}

fn index<'a>(of: &Val<'a>, key: &Val<'a>) -> Result<'a> {
    match (of, key) {
        (_, Val::Text(key)) => select(of, key),
        (_, Val::Int(position)) if of.len().is_some() => {
            let position = usize::try_from(*position)
                .map_err(|_| Stop::error("an index is negative; the first item has 0"))?;
            of.item(position).ok_or(Stop::Unknown)
        }
        (Val::Null, _) | (_, Val::Null) => Err(Stop::Unknown),
        _ => Err(Stop::error(&format!(
            "{} cannot be indexed with {}",
            of.kind(),
            key.kind()
        ))),
    }
}
