//! Compiled conditions.

use crate::expr::Expr;

/// A compiled condition and its spelling in CEL.
pub(crate) struct Condition {
    pub(crate) expr: Expr,
    pub(crate) display: String,
}

impl Condition {
    /// Its spelling beside others.
    pub(super) fn parenthesized(&self) -> String {
        if matches!(self.expr, Expr::And(_) | Expr::Or(_)) {
            format!("({})", self.display)
        } else {
            self.display.clone()
        }
    }
}
