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

    /// How long it takes at most to go through a text or list of the action once, for each byte of it, in sixteenths of the time to read one.
    pub(crate) fn weight(&self) -> usize {
        let sum = |all: &[Self]| all.iter().map(Self::weight).sum();
        match self {
            // Its condition is met at each item.
            Self::Fold(_) => 128,
            Self::Matches(of, _) => 1 + of.weight(),
            Self::Call(_, all) => 1 + sum(all),
            Self::In(both) => 1 + sum(&**both),
            Self::Constant(_) | Self::Field(_) | Self::Local(_) => 0,
            Self::Select(of, _) | Self::Has(of) | Self::Not(of) | Self::Negate(of) | Self::NotStrictlyFalse(of) => of.weight(),
            Self::Index(of, at) => of.weight() + at.weight(),
            Self::And(all) | Self::Or(all) | Self::List(all) => sum(all),
            Self::Choice(all) => sum(&**all),
            Self::Compare(_, both) | Self::Arithmetic(_, both) => sum(&**both),
        }
    }
}
