//! Index of rules by what their conditions need of a field: which rules can match at all.
//!
//! A rule that needs `field == constant` can only match actions whose field has that value; one
//! that needs a text to contain or match something only those whose field has one of a few literals
//! in it. Each such rule is filed under the rarest of what it needs. A decision looks each indexed
//! field up once, searches it once for all literals together, and evaluates only what is filed
//! there, and the rules without such a need.

use std::collections::{BTreeMap, HashMap};

use acteon_core::json::whole_part;
use acteon_core::limits::{MAX_EXPRESSION_BYTES, MAX_MATCHED_FIELD_BYTES};
use aho_corasick::AhoCorasick;

use crate::expr::{Comparison, Constant, Expr};
use crate::facts::{Facts, Missing, beginning};
use crate::functions::Function;
use crate::path::{Path, Root};
use crate::value::Val;
use crate::zone::Zone;

/// Index from what fields hold to positions of rules, in their order.
#[derive(Debug, Default)]
pub(crate) struct Index {
    fields: Vec<IndexedField>,
    rest: Vec<u32>,
}

#[derive(Debug)]
struct IndexedField {
    path: Path,
    texts: HashMap<Box<str>, Vec<u32>>,
    ints: HashMap<i64, Vec<u32>>,
    within: Option<Within>,
}

/// Literals within a text, all searched for at once, whatever their case: a rule that wants it otherwise is evaluated and does not match.
#[derive(Debug)]
struct Within {
    automaton: AhoCorasick,
    /// Rules filed under each literal.
    filed: Vec<Vec<u32>>,
    /// All rules that are filed here.
    all: Vec<u32>,
}

/// What a field must be, or have within.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum IndexKey {
    Text(Box<str>),
    Int(i64),
    Within(Box<str>),
}

/// Need of a rule: a field, and the keys of which it must meet one.
type Need<'a> = (&'a Path, Vec<IndexKey>);

impl Index {
    pub(crate) fn new<'a>(conditions: impl Iterator<Item = &'a Expr>) -> Self {
        let needs: Vec<Vec<Need<'a>>> = conditions.map(needs).collect();
        let mut counts: HashMap<(&Path, &IndexKey), usize> = HashMap::new();
        for (path, keys) in needs.iter().flatten() {
            for key in keys {
                *counts.entry((path, key)).or_default() += 1;
            }
        }
        let mut index = Self::default();
        let mut literals: BTreeMap<&Path, BTreeMap<&str, Vec<u32>>> = BTreeMap::new();
        for (position, needs) in needs.iter().enumerate() {
            let cost = |(path, keys): &&Need<'a>| {
                let filed: usize = keys
                    .iter()
                    .map(|key| counts.get(&(*path, key)).copied().unwrap_or(0))
                    .sum();
                (
                    filed,
                    keys.iter().any(|key| matches!(key, IndexKey::Within(_))),
                    !path.is_cheap(),
                )
            };
            let Some((path, keys)) = needs.iter().min_by_key(cost) else {
                index.rest.push(position as u32);
                continue;
            };
            for key in keys {
                let filed = match key {
                    IndexKey::Text(text) => {
                        index.field(path).texts.entry(text.clone()).or_default()
                    }
                    IndexKey::Int(number) => index.field(path).ints.entry(*number).or_default(),
                    IndexKey::Within(literal) => literals
                        .entry(path)
                        .or_default()
                        .entry(literal)
                        .or_default(),
                };
                if filed.last() != Some(&(position as u32)) {
                    filed.push(position as u32);
                }
            }
        }
        for (path, filed) in literals {
            index.file_within(path, filed);
        }
        index
    }

    fn field(&mut self, path: &Path) -> &mut IndexedField {
        let at = self
            .fields
            .iter()
            .position(|field| field.path == *path)
            .unwrap_or_else(|| {
                self.fields.push(IndexedField {
                    path: path.clone(),
                    texts: HashMap::new(),
                    ints: HashMap::new(),
                    within: None,
                });
                self.fields.len() - 1
            });
        &mut self.fields[at]
    }

    fn file_within(&mut self, path: &Path, filed: BTreeMap<&str, Vec<u32>>) {
        let mut all: Vec<u32> = filed.values().flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        if let Ok(automaton) = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(filed.keys())
        {
            self.field(path).within = Some(Within {
                automaton,
                filed: filed.into_values().collect(),
                all,
            });
        } else {
            // Too many literals for one automaton: they are evaluated each time.
            self.rest.extend(all);
            self.rest.sort_unstable();
        }
    }

    /// The rules that can match, in their order.
    pub(crate) fn candidates<'i>(&'i self, facts: &Facts<'_>, zone: &Zone) -> Candidates<'i> {
        let mut lists = Vec::with_capacity(self.fields.len() + 1);
        if !self.rest.is_empty() {
            lists.push(self.rest.as_slice());
        }
        for field in &self.fields {
            let value = facts.get(&field.path, zone);
            if let (Some(within), Ok(value)) = (&field.within, &value) {
                within.find(value, &mut lists);
            }
            let filed = match value {
                Ok(Val::Text(text)) => field.texts.get(&*text),
                Ok(Val::Int(number)) => field.ints.get(&number),
                Ok(Val::Number(number)) => whole_part(&number)
                    .filter(|(_, is_whole)| *is_whole)
                    .and_then(|(int, _)| field.ints.get(&int)),
                Ok(_) | Err(Missing::Absent) => None,
                Err(Missing::Unreadable) => {
                    lists.extend(field.all());
                    None
                }
            };
            lists.extend(filed.map(Vec::as_slice));
        }
        Candidates::of(lists)
    }
}

impl IndexedField {
    /// Rules filed under any value: what cannot be read may be each of them, and a rule that looks
    /// at it fails and is shown.
    fn all(&self) -> impl Iterator<Item = &[u32]> {
        let by_value = self
            .texts
            .values()
            .chain(self.ints.values())
            .map(Vec::as_slice);
        by_value.chain(self.within.as_ref().map(|within| within.all.as_slice()))
    }
}

impl Within {
    fn find<'i>(&'i self, value: &Val<'_>, lists: &mut Vec<&'i [u32]>) {
        // In a list `contains` looks for an item, and elsewhere it is an error.
        let Val::Text(text) = value else {
            return lists.push(&self.all);
        };
        let (begins, rest) = text.split_at(beginning(text, MAX_MATCHED_FIELD_BYTES).len());
        // What ends a long text is looked for too.
        let ends = if rest.is_empty() {
            ""
        } else {
            &text[text.ceil_char_boundary(text.len() - MAX_EXPRESSION_BYTES)..]
        };
        let mut found = Vec::new();
        let hits = self
            .automaton
            .find_overlapping_iter(begins)
            .chain(self.automaton.find_overlapping_iter(ends));
        for literal in hits.map(|hit| hit.pattern().as_usize()) {
            if let Err(index) = found.binary_search(&literal) {
                found.insert(index, literal);
                lists.push(&self.filed[literal]);
            }
            if found.len() == self.filed.len() {
                return;
            }
        }
    }
}

/// Candidates in their order: a merge of sorted lists.
pub(crate) struct Candidates<'i> {
    lists: Vec<&'i [u32]>,
    /// Rules of many lists, merged at once.
    merged: std::vec::IntoIter<u32>,
}

/// Number of lists up to which each step looks at all of them.
const FEW: usize = 16;

impl<'i> Candidates<'i> {
    fn of(lists: Vec<&'i [u32]>) -> Self {
        if lists.len() <= FEW {
            return Self {
                lists,
                merged: Vec::new().into_iter(),
            };
        }
        let mut merged = lists.concat();
        merged.sort_unstable();
        merged.dedup();
        Self {
            lists: Vec::new(),
            merged: merged.into_iter(),
        }
    }
}

impl Iterator for Candidates<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let Some(lowest) = self
            .lists
            .iter()
            .filter_map(|list| list.first().copied())
            .min()
        else {
            return self.merged.next().map(|position| position as usize);
        };
        for list in &mut self.lists {
            if list.first() == Some(&lowest) {
                *list = &list[1..];
            }
        }
        Some(lowest as usize)
    }
}

/// Needs of an expression: what must hold for it to be true. An unmet need makes it false or
/// unknown, never an error.
fn needs(expr: &Expr) -> Vec<Need<'_>> {
    match expr {
        Expr::And(operands) => operands.iter().flat_map(needs).collect(),
        Expr::Or(operands) => either(operands).into_iter().collect(),
        Expr::Compare(Comparison::Eq, sides) => match &**sides {
            [Expr::Field(path), Expr::Constant(constant)]
            | [Expr::Constant(constant), Expr::Field(path)] => one(path, constant),
            _ => Vec::new(),
        },
        Expr::In(sides) => match &**sides {
            [Expr::Field(path), Expr::List(items)] => {
                let key_of = |item: &Expr| {
                    if let Expr::Constant(constant) = item {
                        key(constant)
                    } else {
                        None
                    }
                };
                let keys: Option<Vec<IndexKey>> = items.iter().map(key_of).collect();
                keys.filter(|_| is_indexed(path))
                    .map(|keys| (path, keys))
                    .into_iter()
                    .collect()
            }
            _ => Vec::new(),
        },
        Expr::Call(Function::Contains | Function::StartsWith | Function::EndsWith, arguments) => {
            match &arguments[..] {
                [Expr::Field(path), Expr::Constant(Constant::Text(literal))]
                    if is_indexed(path) && is_worthwhile(literal) =>
                {
                    vec![(path, vec![IndexKey::Within(literal.clone())])]
                }
                _ => Vec::new(),
            }
        }
        Expr::Matches(of, pattern) => match &**of {
            Expr::Field(path) if is_indexed(path) => {
                let keys = |any: &[Box<str>]| any.iter().cloned().map(IndexKey::Within).collect();
                pattern
                    .required()
                    .iter()
                    .map(|any| (path, keys(any)))
                    .collect()
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Whether a literal spares work. One of a single letter is in every other text; one that is longer
/// than an expression may be is not found at the end of a long text.
fn is_worthwhile(literal: &str) -> bool {
    (2..=MAX_EXPRESSION_BYTES).contains(&literal.len())
}

/// Alternatives that all look at one field.
fn either(operands: &[Expr]) -> Option<Need<'_>> {
    let (first, others) = operands.split_first()?;
    let mut found = needs(first).into_iter().next()?;
    for operand in others {
        let same = needs(operand)
            .into_iter()
            .find(|(path, _)| *path == found.0)?;
        found.1.extend(same.1);
    }
    Some(found)
}

fn one<'a>(path: &'a Path, constant: &Constant) -> Vec<Need<'a>> {
    match key(constant) {
        Some(key) if is_indexed(path) => vec![(path, vec![key])],
        _ => Vec::new(),
    }
}

/// Whether a field can be indexed. The calendar differs by the rule's time zone, and the clock
/// never twice has one value.
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

fn key(constant: &Constant) -> Option<IndexKey> {
    match constant {
        Constant::Text(text) => Some(IndexKey::Text(text.clone())),
        Constant::Int(number) => Some(IndexKey::Int(*number)),
        Constant::Number(text) => whole_part(text)
            .filter(|(_, is_whole)| *is_whole)
            .map(|(int, _)| IndexKey::Int(int)),
        Constant::Null | Constant::Bool(_) | Constant::Time(_) => None,
    }
}
