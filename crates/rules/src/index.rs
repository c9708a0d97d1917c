//! Which rules can match at all: an index over equality conditions.
//!
//! A rule that needs `field == constant` can only match actions whose field has that value. Each such rule is filed under the rarest of its
//! values; a decision looks each indexed field up once, and evaluates only what is filed there, and the rules without such a condition.

use std::collections::HashMap;

use crate::expr::{Comparison, Constant, Expr};
use crate::facts::{Facts, Zone};
use crate::path::{Path, Root};
use crate::value::Val;

/// Positions of rules, in their order.
#[derive(Debug, Default)]
pub(crate) struct Index {
    fields: Vec<Field>,
    rest: Vec<u32>,
}

#[derive(Debug)]
struct Field {
    path: Path,
    texts: HashMap<Box<str>, Vec<u32>>,
    ints: HashMap<i64, Vec<u32>>,
}

/// A value that a rule needs a field to have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Text(Box<str>),
    Int(i64),
}

/// A field, and the values of which it must have one.
type Need<'a> = (&'a Path, Vec<Key>);

impl Index {
    pub(crate) fn new<'a>(conditions: impl Iterator<Item = &'a Expr>) -> Self {
        let needs: Vec<Vec<Need<'a>>> = conditions.map(needs).collect();
        let mut counts: HashMap<(&Path, &Key), usize> = HashMap::new();
        for (path, keys) in needs.iter().flatten() {
            for key in keys {
                *counts.entry((path, key)).or_default() += 1;
            }
        }
        let mut index = Self::default();
        let mut places = HashMap::new();
        for (position, needs) in needs.iter().enumerate() {
            let cost = |(path, keys): &&Need<'a>| {
                let filed: usize = keys.iter().map(|key| counts.get(&(*path, key)).copied().unwrap_or(0)).sum();
                (filed, !path.is_cheap())
            };
            match needs.iter().min_by_key(cost) {
                Some((path, keys)) => index.file(&mut places, path, keys, position as u32),
                None => index.rest.push(position as u32),
            }
        }
        index
    }

    /// `places` says where the field of a path stands: a file may name as many fields as it has rules.
    fn file<'a>(&mut self, places: &mut HashMap<&'a Path, usize>, path: &'a Path, keys: &[Key], position: u32) {
        let at = *places.entry(path).or_insert_with(|| {
            self.fields.push(Field { path: path.clone(), texts: HashMap::new(), ints: HashMap::new() });
            self.fields.len() - 1
        });
        let field = &mut self.fields[at];
        for key in keys {
            let filed = match key {
                Key::Text(text) => field.texts.entry(text.clone()).or_default(),
                Key::Int(number) => field.ints.entry(*number).or_default(),
            };
            if filed.last() != Some(&position) {
                filed.push(position);
            }
        }
    }

    /// The rules that can match, in their order.
    pub(crate) fn candidates<'i>(&'i self, facts: &Facts<'_>, zone: &Zone) -> Candidates<'i> {
        let mut lists = Vec::with_capacity(self.fields.len() + 1);
        if !self.rest.is_empty() {
            lists.push(self.rest.as_slice());
        }
        for field in &self.fields {
            let filed = match facts.get(&field.path, zone) {
                Some(Val::Text(text)) => field.texts.get(&*text),
                Some(Val::Int(number)) => field.ints.get(&number),
                Some(Val::Double(number)) if number.fract() == 0.0 && number.abs() < 9.0e15 => field.ints.get(&(number as i64)),
                _ => None,
            };
            lists.extend(filed.map(Vec::as_slice));
        }
        Candidates { lists }
    }
}

/// A merge of sorted lists.
pub(crate) struct Candidates<'i> {
    lists: Vec<&'i [u32]>,
}

impl Iterator for Candidates<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let lowest = self.lists.iter().filter_map(|list| list.first().copied()).min()?;
        for list in &mut self.lists {
            if list.first() == Some(&lowest) {
                *list = &list[1..];
            }
        }
        Some(lowest as usize)
    }
}

/// What must hold for `expr` to be true. An unmet need makes it false or unknown, never an error.
fn needs(expr: &Expr) -> Vec<Need<'_>> {
    match expr {
        Expr::And(operands) => operands.iter().flat_map(needs).collect(),
        Expr::Or(operands) => either(operands).into_iter().collect(),
        Expr::Compare(Comparison::Eq, sides) => match &**sides {
            [Expr::Field(path), Expr::Constant(constant)] | [Expr::Constant(constant), Expr::Field(path)] => one(path, constant),
            _ => Vec::new(),
        },
        Expr::In(sides) => match &**sides {
            [Expr::Field(path), Expr::List(items)] => {
                let key_of = |item: &Expr| if let Expr::Constant(constant) = item { key(constant) } else { None };
                let keys: Option<Vec<Key>> = items.iter().map(key_of).collect();
                keys.filter(|_| is_indexed(path)).map(|keys| (path, keys)).into_iter().collect()
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Alternatives that all look at one field.
fn either(operands: &[Expr]) -> Option<Need<'_>> {
    let mut found: Option<Need<'_>> = None;
    for operand in operands {
        let (path, keys) = match operand {
            Expr::Compare(..) | Expr::In(_) => needs(operand).pop()?,
            _ => return None,
        };
        match &mut found {
            None => found = Some((path, keys)),
            Some((known, all)) if *known == path => all.extend(keys),
            Some(_) => return None,
        }
    }
    found
}

fn one<'a>(path: &'a Path, constant: &Constant) -> Vec<Need<'a>> {
    match key(constant) {
        Some(key) if is_indexed(path) => vec![(path, vec![key])],
        _ => Vec::new(),
    }
}

/// The calendar differs by the rule's time zone, and the clock never twice has one value.
pub(crate) fn is_indexed(path: &Path) -> bool {
    use Root as R;
    match path.root {
        R::Id
        | R::Namespace
        | R::Tenant
        | R::Provider
        | R::ActionType
        | R::DedupKey
        | R::Status
        | R::Fingerprint
        | R::Metadata
        | R::Payload => true,
        R::StartsAt
        | R::EndsAt
        | R::CreatedAt
        | R::ExpiresAt
        | R::Now
        | R::Hour
        | R::Minute
        | R::Second
        | R::Day
        | R::Month
        | R::Year
        | R::Weekday
        | R::WeekdayNumber
        | R::UnixTime => false,
    }
}

fn key(constant: &Constant) -> Option<Key> {
    match constant {
        Constant::Text(text) => Some(Key::Text(text.clone())),
        // Beyond 2^53 a double equals integers that are not each other.
        Constant::Int(number) if number.unsigned_abs() < 1 << 53 => Some(Key::Int(*number)),
        Constant::Int(_) | Constant::Double(_) | Constant::Null | Constant::Bool(_) => None,
    }
}
