//! Conditions that no action can fulfil, whatever it holds: taken together they leave a field no
//! value.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use acteon_core::Timestamp;
use acteon_core::json::{order, whole_part};

use crate::eval;
use crate::expr::{Comparison, Constant, Expr};
use crate::path::{FieldType, Path, Root};

/// Most values of one field that are held against each other in a condition. What is beyond is not looked at: it is then a condition like any other.
const MOST_COMPARISONS: usize = 1 << 16;

/// Most items of a list that a message names.
const MOST_SHOWN: usize = 20;

/// Demand on a field.
#[derive(Clone, Copy)]
enum Must<'a> {
    Compare(Comparison, &'a Constant),
    In(&'a [Expr]),
}

/// Demands on one field by the conditions looked at so far.
struct Wanted<'a> {
    musts: Vec<(Must<'a>, BTreeSet<FieldKey<'a>>)>,
    /// Number of comparisons that are left for it.
    left: usize,
}

/// Value in a form in which two are equal where a field can be both.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum FieldKey<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// Number that is no integer of 64 bits.
    Number(Worth<'a>),
    Text(&'a str),
    Time(Timestamp),
}

/// Number as it is written, ordered by its value.
struct Worth<'a>(&'a str);

impl Ord for Worth<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        order(self.0, other.0)
    }
}

impl PartialOrd for Worth<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Worth<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Worth<'_> {}

impl<'a> Must<'a> {
    fn size(self) -> usize {
        match self {
            Self::Compare(..) => 1,
            Self::In(items) => items.len(),
        }
    }

    /// Keys of a list of values.
    fn keys(self, path: &Path) -> BTreeSet<FieldKey<'a>> {
        match self {
            Self::Compare(..) => BTreeSet::new(),
            Self::In(items) => items
                .iter()
                .filter_map(|item| {
                    if let Expr::Constant(constant) = item {
                        key(path, constant)
                    } else {
                        None
                    }
                })
                .collect(),
        }
    }
}

/// Key of a constant; `None` for what the field never is.
fn key<'a>(path: &Path, constant: &'a Constant) -> Option<FieldKey<'a>> {
    if path.field_type() == FieldType::Time && !matches!(constant, Constant::Null) {
        return constant.value().instant().map(FieldKey::Time);
    }
    Some(match constant {
        Constant::Null => FieldKey::Null,
        Constant::Bool(flag) => FieldKey::Bool(*flag),
        Constant::Int(number) => FieldKey::Int(*number),
        Constant::Number(number) => match whole_part(number) {
            Some((int, true)) => FieldKey::Int(int),
            _ => FieldKey::Number(Worth(number)),
        },
        Constant::Text(text) => FieldKey::Text(text),
        Constant::Time(time) => FieldKey::Time(*time),
    })
}

/// Reason why an expression is never true, if that is so; what stands under a negation is not
/// looked at.
pub(crate) fn never(expr: &Expr) -> Option<String> {
    match expr {
        Expr::And(all) => conflict(all)
            .map(|(_, why)| why)
            .or_else(|| all.iter().find_map(never)),
        Expr::Or(any) => any
            .iter()
            .map(never)
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .next(),
        Expr::Compare(comparison, sides) => match &**sides {
            [Expr::Constant(left), Expr::Constant(right)]
                if !eval::holds(*comparison, left, right) =>
            {
                let sign = comparison.sign();
                Some(format!(
                    "{} {sign} {} is never true: name a field, such as action.payload.severity",
                    left.spelled(),
                    right.spelled()
                ))
            }
            _ => None,
        },
        _ => None,
    }
}

/// Index of the first of some expressions that cannot be true together with one before it, and why.
pub(crate) fn conflict(all: &[Expr]) -> Option<(usize, String)> {
    let mut known: HashMap<&Path, Wanted<'_>> = HashMap::new();
    for (at, expr) in all.iter().enumerate() {
        let mut found = Vec::new();
        musts(expr, &mut found);
        for (path, must) in found {
            let before = known.entry(path).or_insert_with(|| Wanted {
                musts: Vec::new(),
                left: MOST_COMPARISONS,
            });
            if let Some(why) = before.excluded(path, must) {
                return Some((at, why));
            }
        }
    }
    None
}

impl<'a> Wanted<'a> {
    /// Reason why one more demand is never fulfilled together with one before it, if that is so.
    fn excluded(&mut self, path: &Path, must: Must<'a>) -> Option<String> {
        let keys = must.keys(path);
        for (one, before) in &self.musts {
            let lists = matches!((one, must), (Must::In(_), Must::In(_)));
            let comparisons = if lists {
                one.size().min(must.size())
            } else {
                one.size() * must.size()
            };
            let Some(left) = self.left.checked_sub(comparisons) else {
                self.left = 0;
                return None;
            };
            self.left = left;
            let why = if lists {
                before.is_disjoint(&keys).then(|| apart(path, *one, must))
            } else {
                excluded(path, *one, must)
            };
            if why.is_some() {
                return why;
            }
        }
        self.musts.push((must, keys));
        None
    }
}

fn musts<'a>(expr: &'a Expr, found: &mut Vec<(&'a Path, Must<'a>)>) {
    match expr {
        Expr::And(all) => all.iter().for_each(|expr| musts(expr, found)),
        Expr::Or(any) if any.len() == 1 => any.iter().for_each(|expr| musts(expr, found)),
        Expr::Compare(comparison, sides) => match &**sides {
            [Expr::Field(path), Expr::Constant(constant)] => {
                found.push((path, Must::Compare(*comparison, constant)));
            }
            [Expr::Constant(constant), Expr::Field(path)] => {
                found.push((path, Must::Compare(comparison.flipped(), constant)));
            }
            _ => {}
        },
        Expr::In(sides) => match &**sides {
            [Expr::Field(path), Expr::List(items)]
                if items.iter().all(|item| matches!(item, Expr::Constant(_))) =>
            {
                found.push((path, Must::In(items)));
            }
            _ => {}
        },
        _ => {}
    }
}

/// Reason why no value fulfils both demands, if that is so.
fn excluded(path: &Path, one: Must<'_>, other: Must<'_>) -> Option<String> {
    let none = match (values(one), values(other)) {
        (Some(values), _) => !values.iter().any(|value| admits(other, value)),
        (_, Some(values)) => !values.iter().any(|value| admits(one, value)),
        (None, None) => return gap(path, one, other),
    };
    none.then(|| apart(path, one, other))
}

fn apart(path: &Path, one: Must<'_>, other: Must<'_>) -> String {
    format!(
        "{path} is never {} and {} at once, so the condition is never true",
        shown(one),
        shown(other)
    )
}

fn values(must: Must<'_>) -> Option<Vec<&Constant>> {
    match must {
        Must::Compare(Comparison::Eq, constant) => Some(vec![constant]),
        Must::Compare(..) => None,
        Must::In(items) => Some(
            items
                .iter()
                .filter_map(|item| {
                    if let Expr::Constant(constant) = item {
                        Some(constant)
                    } else {
                        None
                    }
                })
                .collect(),
        ),
    }
}

fn admits(must: Must<'_>, value: &Constant) -> bool {
    match must {
        Must::Compare(comparison, constant) => eval::holds(comparison, value, constant),
        Must::In(items) => {
            items.iter().any(|item| matches!(item, Expr::Constant(constant) if eval::holds(Comparison::Eq, value, constant)))
        }
    }
}

/// Reason why nothing lies between two bounds.
fn gap(path: &Path, one: Must<'_>, other: Must<'_>) -> Option<String> {
    let (Must::Compare(first, _), Must::Compare(second, _)) = (one, other) else {
        return None;
    };
    let (low, high) = match (is_lower(first), is_lower(second)) {
        (Some(true), Some(false)) => (one, other),
        (Some(false), Some(true)) => (other, one),
        _ => return None,
    };
    let (Must::Compare(above, lowest), Must::Compare(below, highest)) = (low, high) else {
        return None;
    };
    let is_whole = matches!(path.field_type(), FieldType::Whole(..));
    let nothing = match (lowest, highest) {
        (Constant::Int(lowest), Constant::Int(highest)) if is_whole => {
            let first = i128::from(*lowest) + i128::from(above == Comparison::Gt);
            let last = i128::from(*highest) - i128::from(below == Comparison::Lt);
            first > last
        }
        // At one value both must hold of it.
        _ => {
            !(eval::holds(Comparison::Lt, lowest, highest)
                || (eval::holds(Comparison::Eq, lowest, highest) && is_closed(above, below)))
        }
    };
    if !nothing {
        return None;
    }
    let comes_around = matches!(
        path.root,
        Root::Hour | Root::Minute | Root::Second | Root::Day | Root::Month | Root::WeekdayNumber
    );
    let way_out = if comes_around && eval::holds(Comparison::Gt, lowest, highest) {
        format!(
            "; for what goes over the end use any: [{}, {}]",
            as_predicate(path, above, lowest),
            as_predicate(path, below, highest)
        )
    } else {
        String::new()
    };
    Some(format!(
        "{path} is never {} and {} at once, so the condition is never true{way_out}",
        shown(low),
        shown(high)
    ))
}

fn is_closed(above: Comparison, below: Comparison) -> bool {
    above == Comparison::Ge && below == Comparison::Le
}

const fn is_lower(comparison: Comparison) -> Option<bool> {
    match comparison {
        Comparison::Gt | Comparison::Ge => Some(true),
        Comparison::Lt | Comparison::Le => Some(false),
        Comparison::Eq | Comparison::Ne => None,
    }
}

fn shown(must: Must<'_>) -> String {
    match must {
        Must::Compare(comparison, constant) => {
            format!("{} {}", comparison.sign(), constant.spelled())
        }
        Must::In(items) => {
            let constants = items.iter().filter_map(|item| {
                if let Expr::Constant(item) = item {
                    Some(item.spelled())
                } else {
                    None
                }
            });
            let shown: Vec<String> = constants.take(MOST_SHOWN).collect();
            let rest = if items.len() > shown.len() {
                format!(" and {} more", items.len() - shown.len())
            } else {
                String::new()
            };
            format!("in [{}]{rest}", shown.join(", "))
        }
    }
}

fn as_predicate(path: &Path, comparison: Comparison, constant: &Constant) -> String {
    let operator = match comparison {
        Comparison::Eq => "eq",
        Comparison::Ne => "ne",
        Comparison::Gt => "gt",
        Comparison::Ge => "gte",
        Comparison::Lt => "lt",
        Comparison::Le => "lte",
    };
    format!("{{field: {path}, {operator}: {}}}", constant.spelled())
}
