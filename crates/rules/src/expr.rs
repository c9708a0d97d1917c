//! Expressions: the one form of every condition.

use acteon_core::Timestamp;

use crate::functions::Function;
use crate::path::Path;
use crate::pattern::Pattern;
use crate::quote::quoted;

/// Constant that stands in a condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constant {
    Null,
    Bool(bool),
    Int(i64),
    /// A number as it is written, which is no integer of 64 bits.
    Number(Box<str>),
    Text(Box<str>),
    Time(Timestamp),
}

/// Condition, or a part of one.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Constant(Constant),
    Field(Path),
    /// Variable of a comprehension, by its depth.
    Local(usize),
    Select(Box<Expr>, Box<str>),
    Index(Box<Expr>, Box<Expr>),
    /// Whether a field is there.
    Has(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    Choice(Box<[Expr; 3]>),
    Compare(Comparison, Box<[Expr; 2]>),
    Arithmetic(Operation, Box<[Expr; 2]>),
    Negate(Box<Expr>),
    In(Box<[Expr; 2]>),
    Matches(Box<Expr>, Pattern),
    Call(Function, Vec<Expr>),
    List(Vec<Expr>),
    Fold(Box<Fold>),
    /// True unless its operand is false: the condition by which a comprehension goes on.
    NotStrictlyFalse(Box<Expr>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// Comprehension. Its result so far is the local at `depth`, its item the one after.
#[derive(Clone, Debug)]
pub(crate) struct Fold {
    pub(crate) depth: usize,
    pub(crate) range: Expr,
    pub(crate) start: Expr,
    pub(crate) goes_on: Expr,
    pub(crate) step: Expr,
    pub(crate) result: Expr,
}

impl Comparison {
    /// Comparison that holds of the exchanged sides.
    pub(crate) const fn flipped(self) -> Self {
        match self {
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            Self::Eq | Self::Ne => self,
        }
    }

    /// Operator as CEL writes it.
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }

    /// Whether it asks for an order, and not for equality.
    pub(crate) const fn is_order(self) -> bool {
        !matches!(self, Self::Eq | Self::Ne)
    }

    /// Whether it holds of sides that stand in this order.
    pub(crate) const fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Eq => order.is_eq(),
            Self::Ne => order.is_ne(),
            Self::Lt => order.is_lt(),
            Self::Le => order.is_le(),
            Self::Gt => order.is_gt(),
            Self::Ge => order.is_ge(),
        }
    }
}

impl Constant {
    /// Expression as CEL writes it.
    pub(crate) fn spelled(&self) -> String {
        match self {
            Self::Null => "null".into(),
            Self::Bool(flag) => flag.to_string(),
            Self::Int(number) => number.to_string(),
            Self::Number(text) => text.as_ref().into(),
            Self::Text(text) => quoted(text),
            Self::Time(time) => quoted(&time.to_string()),
        }
    }
}

impl Expr {
    pub(crate) fn text(text: &str) -> Self {
        Self::Constant(Constant::Text(text.into()))
    }

    /// Whether it is a label, and nothing around it.
    pub(crate) fn is_label(&self) -> bool {
        matches!(self, Self::Field(path) if path.is_label())
    }

    /// Field that it reads first.
    pub(crate) fn first_field(&self) -> Option<&Path> {
        match self {
            Self::Field(path) => Some(path),
            Self::Constant(_) | Self::Local(_) => None,
            Self::Select(of, _)
            | Self::Has(of)
            | Self::Not(of)
            | Self::Negate(of)
            | Self::NotStrictlyFalse(of)
            | Self::Matches(of, _) => of.first_field(),
            Self::Index(of, at) => of.first_field().or_else(|| at.first_field()),
            Self::And(all) | Self::Or(all) | Self::List(all) | Self::Call(_, all) => {
                all.iter().find_map(Self::first_field)
            }
            Self::Choice(all) => all.iter().find_map(Self::first_field),
            Self::In(both) | Self::Compare(_, both) | Self::Arithmetic(_, both) => {
                both.iter().find_map(Self::first_field)
            }
            Self::Fold(fold) => fold.range.first_field(),
        }
    }

    /// Number of its parts for which `is` holds, but for those within one that does.
    pub(crate) fn count(&self, is: fn(&Self) -> bool) -> usize {
        let sum = |all: &[Self]| all.iter().map(|part| part.count(is)).sum();
        if is(self) {
            return 1;
        }
        match self {
            Self::Constant(_) | Self::Field(_) | Self::Local(_) => 0,
            Self::Select(of, _)
            | Self::Has(of)
            | Self::Not(of)
            | Self::Negate(of)
            | Self::NotStrictlyFalse(of)
            | Self::Matches(of, _) => of.count(is),
            Self::Index(of, at) => of.count(is) + at.count(is),
            Self::And(all) | Self::Or(all) | Self::List(all) | Self::Call(_, all) => sum(all),
            Self::Choice(all) => sum(&**all),
            Self::In(both) | Self::Compare(_, both) | Self::Arithmetic(_, both) => sum(&**both),
            Self::Fold(fold) => [
                &fold.range,
                &fold.start,
                &fold.goes_on,
                &fold.step,
                &fold.result,
            ]
            .map(|part| part.count(is))
            .iter()
            .sum(),
        }
    }

    /// Whether it goes through a list of the action, and meets its condition at each item.
    pub(crate) fn is_fold(&self) -> bool {
        matches!(self, Self::Fold(_))
    }

    /// Whether it goes through a text of the action.
    pub(crate) fn is_search(&self) -> bool {
        use Function::{Contains, Escape, Lower, Size, Trim, Upper};
        matches!(
            self,
            Self::Matches(..)
                | Self::In(_)
                | Self::Call(Contains | Escape | Lower | Size | Trim | Upper, _)
        )
    }
}
