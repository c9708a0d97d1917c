//! Comparisons of two values.

use std::borrow::Cow;

use super::bounds::Bounds;
use super::stop::{EvalResult, Stop};
use crate::expr::{Comparison, Constant};
use crate::value::Val;

impl Constant {
    /// Constant as a value of an evaluation.
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
        compare(
            &mut Bounds::default(),
            comparison,
            &left.value(),
            &right.value()
        ),
        Ok(Val::Bool(true))
    )
}

/// Whether a comparison of two values holds.
pub(super) fn compare<'a>(
    bounds: &mut Bounds,
    comparison: Comparison,
    left: &Val<'_>,
    right: &Val<'_>,
) -> EvalResult<'a> {
    let holds = match comparison {
        Comparison::Eq => bounds.equal(left, right)?,
        Comparison::Ne => !bounds.equal(left, right)?,
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
