//! Conditions, compiled from predicates.

use crate::expr::Expr;

/// Condition and its spelling in CEL.
pub(crate) struct Condition {
    pub(crate) expr: Expr,
    pub(crate) display: String,
}

impl Condition {
    /// Spelling in CEL beside other conditions.
    pub(super) fn parenthesized(&self) -> String {
        if matches!(self.expr, Expr::And(_) | Expr::Or(_)) {
            format!("({})", self.display)
        } else {
            self.display.clone()
        }
    }
}
