//! Parts of the parser's syntax tree.

use std::borrow::Cow;

use cel::common::ast::operators as op;
use cel::common::ast::{CallExpr, Expr as Cel, IdedExpr, LiteralValue};

use super::hints;
use crate::eval;
use crate::expr::{Comparison, Constant, Expr, Operation};

/// Value and key of `x["key"]` or `x[0]`, which are fields as `x.key` is.
pub(super) fn literal_key(call: &CallExpr) -> Option<(&IdedExpr, Cow<'_, str>)> {
    match (call.func_name.as_str(), &call.args[..]) {
        (
            op::INDEX,
            [
                of,
                IdedExpr {
                    expr: Cel::Literal(LiteralValue::String(key)),
                    ..
                },
            ],
        ) => Some((of, Cow::Borrowed(key.inner()))),
        (
            op::INDEX,
            [
                of,
                IdedExpr {
                    expr: Cel::Literal(LiteralValue::Int(at)),
                    ..
                },
            ],
        ) if *at.inner() >= 0 => Some((of, Cow::Owned(at.inner().to_string()))),
        _ => None,
    }
}

pub(super) fn constant(literal: &LiteralValue) -> Result<Constant, String> {
    Ok(match literal {
        LiteralValue::Boolean(flag) => Constant::Bool(*flag.inner()),
        LiteralValue::Double(number) if !number.inner().is_finite() => {
            return Err(hints::TOO_LARGE.into());
        }
        // With no more digits than tell it from others: what stands in a rule as 0.1 is 0.1.
        LiteralValue::Double(number) => {
            Constant::Number(serde_json::Value::from(*number.inner()).to_string().into())
        }
        LiteralValue::Int(number) => Constant::Int(*number.inner()),
        LiteralValue::UInt(number) => {
            Constant::Int(i64::try_from(*number.inner()).map_err(|_| hints::TOO_LARGE_UNSIGNED)?)
        }
        LiteralValue::Null => Constant::Null,
        LiteralValue::String(text) => Constant::Text(text.inner().into()),
        LiteralValue::Bytes(_) => {
            return Err(
                "bytes are not taken in a condition; write text, without the b before its quotes"
                    .into(),
            );
        }
    })
}

pub(super) fn comparison(name: &str) -> Option<Comparison> {
    Some(match name {
        op::EQUALS => Comparison::Eq,
        op::NOT_EQUALS => Comparison::Ne,
        op::LESS => Comparison::Lt,
        op::LESS_EQUALS => Comparison::Le,
        op::GREATER => Comparison::Gt,
        op::GREATER_EQUALS => Comparison::Ge,
        _ => return None,
    })
}

pub(super) fn operation(name: &str) -> Option<Operation> {
    Some(match name {
        op::ADD => Operation::Add,
        op::SUBSTRACT => Operation::Subtract,
        op::MULTIPLY => Operation::Multiply,
        op::DIVIDE => Operation::Divide,
        op::MODULO => Operation::Remainder,
        _ => return None,
    })
}

pub(super) fn exactly<const N: usize>(operands: Vec<Expr>) -> Result<[Expr; N], String> {
    <[Expr; N]>::try_from(operands)
        .map_err(|given| format!("an operator has {} operands, it takes {N}", given.len()))
}

pub(super) fn negated(of: Expr) -> Expr {
    match of {
        Expr::Constant(Constant::Int(number)) if number != i64::MIN => {
            Expr::Constant(Constant::Int(-number))
        }
        Expr::Constant(Constant::Number(number)) => {
            Expr::Constant(Constant::Number(eval::negated(&number).into()))
        }
        other => Expr::Negate(Box::new(other)),
    }
}

/// `a && b && c` as one conjunction of three.
pub(super) fn flat(operands: Vec<Expr>, open: fn(Expr) -> Result<Vec<Expr>, Expr>) -> Vec<Expr> {
    operands
        .into_iter()
        .flat_map(|operand| open(operand).unwrap_or_else(|other| vec![other]))
        .collect()
}
