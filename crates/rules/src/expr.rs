//! The one form of every condition.

use crate::functions::Function;
use crate::path::Path;
use crate::pattern::Pattern;

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constant {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Box<str>),
}

/// A condition, or a part of one.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Constant(Constant),
    Field(Path),
    /// A variable of a comprehension, by its depth.
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
    /// True unless its operand is false: what a comprehension goes on by.
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

/// A comprehension. Its result so far is the local at `depth`, its item the one after.
#[derive(Clone, Debug)]
pub(crate) struct Fold {
    pub(crate) depth: usize,
    pub(crate) range: Expr,
    pub(crate) start: Expr,
    pub(crate) goes_on: Expr,
    pub(crate) step: Expr,
    pub(crate) result: Expr,
}

impl Expr {
    pub(crate) fn text(text: &str) -> Self {
        Self::Constant(Constant::Text(text.into()))
    }

    /// How many of its parts are such, but for those within one that is.
    pub(crate) fn count(&self, is: fn(&Self) -> bool) -> usize {
        let sum = |all: &[Self]| all.iter().map(|part| part.count(is)).sum();
        if is(self) {
            return 1;
        }
        match self {
            Self::Constant(_) | Self::Field(_) | Self::Local(_) => 0,
            Self::Select(of, _) | Self::Has(of) | Self::Not(of) | Self::Negate(of) | Self::NotStrictlyFalse(of) | Self::Matches(of, _) => {
                of.count(is)
            }
            Self::Index(of, at) => of.count(is) + at.count(is),
            Self::And(all) | Self::Or(all) | Self::List(all) | Self::Call(_, all) => sum(all),
            Self::Choice(all) => sum(&**all),
            Self::In(both) | Self::Compare(_, both) | Self::Arithmetic(_, both) => sum(&**both),
            Self::Fold(fold) => [&fold.range, &fold.start, &fold.goes_on, &fold.step, &fold.result].map(|part| part.count(is)).iter().sum(),
        }
    }

    /// Whether it goes through a list of the action, and meets its condition at each item.
    pub(crate) fn is_fold(&self) -> bool {
        matches!(self, Self::Fold(_))
    }

    /// Whether it goes through a text of the action.
    pub(crate) fn is_search(&self) -> bool {
        use Function::{Contains, Lower, Size, Trim, Upper};
        matches!(self, Self::Matches(..) | Self::In(_) | Self::Call(Contains | Lower | Size | Trim | Upper, _))
    }
}
