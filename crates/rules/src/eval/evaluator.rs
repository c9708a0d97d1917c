//! Evaluator, which goes through an expression.

use std::borrow::Cow;
use std::rc::Rc;

use acteon_core::json::Tree;

use super::arithmetic::{arithmetic, negate};
use super::bounds::Bounds;
use super::call::call;
use super::compare::compare;
use super::stop::{EvalResult, Stop};
use super::within::{index, is_in, select};
use crate::expr::{Expr, Fold};
use crate::facts::Facts;
use crate::pattern::Pattern;
use crate::value::Val;
use crate::zone::Zone;

/// Evaluation of one expression, with its limits.
pub(super) struct Evaluator<'a, 'f> {
    facts: &'a Facts<'f>,
    zone: &'a Zone,
    bounds: Bounds,
    locals: Vec<EvalResult<'a>>,
}

impl<'a, 'f> Evaluator<'a, 'f> {
    pub(super) fn new(facts: &'a Facts<'f>, zone: &'a Zone) -> Self {
        Self {
            facts,
            zone,
            bounds: Bounds::default(),
            locals: Vec::new(),
        }
    }

    pub(super) fn eval(&mut self, expr: &'a Expr) -> EvalResult<'a> {
        self.bounds.step(1)?;
        match expr {
            Expr::Constant(constant) => Ok(constant.value()),
            Expr::Field(path) => self
                .facts
                .get(path, self.zone)
                .map_err(|missing| Stop::missing(missing, path)),
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
            Expr::Has(field) => self.has(field),
            Expr::And(operands) => self.all_of(operands, false),
            Expr::Or(operands) => self.all_of(operands, true),
            Expr::Not(of) => self.flag(of).map(|flag| Val::Bool(!flag)),
            Expr::Choice(parts) => self.choice(parts),
            Expr::Compare(comparison, operands) => {
                let (left, right) = self.pair(operands)?;
                self.bounds.weigh(&left, 1)?;
                self.bounds.weigh(&right, 1)?;
                compare(&mut self.bounds, *comparison, &left, &right)
            }
            Expr::Arithmetic(operation, operands) => {
                let (left, right) = self.pair(operands)?;
                arithmetic(&mut self.bounds, *operation, &left, &right)
            }
            Expr::Negate(of) => {
                let of = self.eval(of)?;
                negate(&mut self.bounds, &of)
            }
            Expr::In(operands) => {
                let (item, of) = self.pair(operands)?;
                is_in(&mut self.bounds, &item, &of).map(Val::Bool)
            }
            Expr::Matches(of, pattern) => self.matches(of, pattern),
            Expr::Call(function, arguments) => {
                let arguments = self.values(arguments)?;
                call(&mut self.bounds, *function, &arguments)
            }
            Expr::List(items) => self.values(items).map(|items| Val::List(Rc::new(items))),
            Expr::Fold(fold) => self.fold(fold),
            Expr::NotStrictlyFalse(of) => {
                Ok(Val::Bool(!matches!(self.eval(of), Ok(Val::Bool(false)))))
            }
        }
    }

    fn values(&mut self, exprs: &'a [Expr]) -> Result<Vec<Val<'a>>, Stop> {
        exprs.iter().map(|expr| self.eval(expr)).collect()
    }

    fn has(&mut self, field: &'a Expr) -> EvalResult<'a> {
        match self.eval(field) {
            Ok(_) => Ok(Val::Bool(true)),
            Err(Stop::Unknown) => Ok(Val::Bool(false)),
            Err(error) => Err(error),
        }
    }

    fn choice(&mut self, parts: &'a [Expr; 3]) -> EvalResult<'a> {
        let [condition, then, otherwise] = parts;
        if self.flag(condition)? {
            self.eval(then)
        } else {
            self.eval(otherwise)
        }
    }

    fn matches(&mut self, of: &'a Expr, pattern: &Pattern) -> EvalResult<'a> {
        match self.eval(of)? {
            Val::Text(text) => {
                let text = Facts::matched(of, &text);
                self.bounds.read(text)?;
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
        }
    }

    /// Result of `&&` and `||`: the operand that decides, else unknown, else an error.
    fn all_of(&mut self, operands: &'a [Expr], decides: bool) -> EvalResult<'a> {
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

    fn flag(&mut self, expr: &'a Expr) -> Result<bool, Stop> {
        match self.eval(expr)? {
            Val::Bool(flag) => Ok(flag),
            Val::Null => Err(Stop::Unknown),
            other => Err(Stop::error(&format!(
                "{} stands where true or false is expected",
                other.kind()
            ))),
        }
    }

    /// Values of both operands; unknown comes before an error, so that their order does not matter.
    fn pair(&mut self, operands: &'a [Expr; 2]) -> Result<(Val<'a>, Val<'a>), Stop> {
        let [left, right] = operands;
        match (self.eval(left), self.eval(right)) {
            (Ok(left), Ok(right)) => Ok((left, right)),
            (Err(Stop::Unknown), _) | (_, Err(Stop::Unknown)) => Err(Stop::Unknown),
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    fn fold(&mut self, fold: &'a Fold) -> EvalResult<'a> {
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
            self.bounds.step(1)?;
            self.set_local(fold.depth, so_far);
        }
        let result = self.eval(&fold.result);
        self.locals.truncate(fold.depth);
        result
    }

    /// Sets a local. A comprehension within this one has cut off what lies above its own variables,
    /// never these.
    fn set_local(&mut self, depth: usize, value: EvalResult<'a>) {
        if let Some(local) = self.locals.get_mut(depth) {
            *local = value;
        }
    }
}
