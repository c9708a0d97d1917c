//! Evaluation of conditions. See `docs/adr/0003` for their three truth values.

mod arithmetic;
mod bounds;
mod call;
mod compare;
mod evaluator;
mod stop;
#[cfg(test)]
mod tests;
mod within;

use crate::expr::Expr;
use crate::facts::Facts;
use crate::value::Val;
use crate::zone::Zone;

pub(crate) use arithmetic::negated;
pub(crate) use compare::holds;
use evaluator::Evaluator;
use stop::EvalResult;
pub(crate) use stop::Stop;

/// Truth of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    True,
    False,
    Unknown,
    Error(String),
}

/// Truth of `condition` about these facts.
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

/// Value of an expression, or why there is none.
pub(crate) fn value<'a>(expr: &'a Expr, facts: &'a Facts<'_>, zone: &'a Zone) -> EvalResult<'a> {
    Evaluator::new(facts, zone).eval(expr)
}
