//! Instructions of a compiled template, with those put in that have work paid for which the engine does not count.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::Value;
use minijinja::machinery::{Instruction, Instructions};

use crate::operators::{CONCATENATION, CONTAINS, LIST, MAP, METHOD, NESTING, SLICE, TEXTS};

/// Line of an instruction that cannot be paid for, and a message.
type Flaw = (Option<usize>, &'static str);

/// Places of items that are found at once, also in a text.
const NEAR: std::ops::Range<i64> = 0..64;

/// Longest key that is compared with others at once.
const SHORT_BYTES: usize = 64;

/// Longest path that is gone once more to pay for its end.
const MAX_PATH: usize = 20;

/// The same instructions, with all their work paid for.
pub(crate) fn paid<'s>(given: &Instructions<'s>) -> Result<Instructions<'s>, Flaw> {
    let mut all: Vec<Instruction<'s>> = (0..).map_while(|at| given.get(at)).cloned().collect();
    let targets = all.iter_mut().filter_map(target);
    let entered: BTreeSet<usize> = targets.map(|at| *at as usize).collect();
    let mut ahead: BTreeMap<usize, Vec<Instruction<'s>>> = BTreeMap::new();
    let mut blocks = Vec::with_capacity(all.len());
    for (at, instruction) in all.iter().enumerate() {
        let block = match instruction {
            Instruction::GetItem => match item(&all, at, &entered) {
                Item::Near => vec![Instruction::GetItem],
                Item::Path(start) => {
                    let path = ahead.entry(start).or_default();
                    path.extend_from_slice(&all[start..at]);
                    path.extend([filter(TEXTS, 2), Instruction::DiscardTop]);
                    vec![Instruction::GetItem]
                }
                Item::Any => paid_item(),
            },
            other => block(other).map_err(|why| (given.get_line(number(at)), why))?,
        };
        blocks.push(block);
    }
    Ok(joined(given, blocks, &mut ahead))
}

/// Instructions of blocks that stand in place of one each, some with others ahead of them.
fn joined<'s>(
    given: &Instructions<'s>,
    blocks: Vec<Vec<Instruction<'s>>>,
    ahead: &mut BTreeMap<usize, Vec<Instruction<'s>>>,
) -> Instructions<'s> {
    let mut starts = Vec::with_capacity(blocks.len() + 1);
    let mut all = Vec::with_capacity(blocks.len());
    for (at, block) in blocks.into_iter().enumerate() {
        starts.push(number(all.len()));
        let ahead = ahead.remove(&at).unwrap_or_default();
        all.extend(ahead.into_iter().chain(block).map(|it| (number(at), it)));
    }
    starts.push(number(all.len()));
    let mut joined = Instructions::new(given.name(), given.source());
    for (at, mut instruction) in all {
        if let Some(target) = target(&mut instruction)
            && let Some(start) = starts.get(*target as usize)
        {
            *target = *start;
        }
        let line = given.get_line(at).and_then(|line| u16::try_from(line).ok());
        match (given.get_span(at), line) {
            (Some(span), _) => joined.add_with_span(instruction, span),
            (None, Some(line)) => joined.add_with_line(instruction, line),
            (None, None) => joined.add(instruction),
        };
    }
    joined
}

/// What stands in place of an instruction that may look at more than the engine counts, or why there is nothing.
fn block<'s>(instruction: &Instruction<'s>) -> Result<Vec<Instruction<'s>>, &'static str> {
    Ok(match instruction {
        Instruction::Eq => vec![filter("==", 2)],
        Instruction::Ne => vec![filter("!=", 2)],
        Instruction::Lt => vec![filter("<", 2)],
        Instruction::Lte => vec![filter("<=", 2)],
        Instruction::Gt => vec![filter(">", 2)],
        Instruction::Gte => vec![filter(">=", 2)],
        Instruction::In => vec![filter(CONTAINS, 2)],
        Instruction::StringConcat => vec![filter(CONCATENATION, 2)],
        Instruction::Slice => vec![filter(SLICE, 4)],
        Instruction::BuildMap(pairs @ 1..) => vec![filter(MAP, pairs * 2)],
        Instruction::CallMethod(name, Some(count)) => {
            let name = Instruction::LoadConst(Value::from(*name));
            vec![name, filter(METHOD, usize::from(*count) + 1)]
        }
        Instruction::Add | Instruction::Mul => vec![instruction.clone(), filter(LIST, 1)],
        Instruction::UnpackList(_) => vec![filter(LIST, 1), instruction.clone()],
        Instruction::BuildList(Some(1..)) | Instruction::BuildTuple(Some(1..)) => {
            vec![instruction.clone(), filter(NESTING, 1)]
        }
        Instruction::CompareAndPreserve(_) => {
            return Err("compares three values at once; write a < b and b < c for a < b < c");
        }
        Instruction::UnpackLists(_) | Instruction::MergeKwargs(_) => {
            return Err(
                "spreads a list or a map with * or ** over what is called; write out what it takes",
            );
        }
        other => vec![other.clone()],
    })
}

/// How an item is taken, which the engine counts in lists alone.
enum Item {
    /// By a key that is written out, and finds it at once.
    Near,
    /// By a key at the end of a path that begins at an instruction. The path stays as it is, for messages tell what it is.
    Path(usize),
    Any,
}

fn item(all: &[Instruction<'_>], at: usize, entered: &BTreeSet<usize>) -> Item {
    let key = at.checked_sub(1).map(|key| &all[key]);
    if let Some(Instruction::LoadConst(key)) = key
        && !entered.contains(&at)
        && (key.as_i64().is_some_and(|place| NEAR.contains(&place))
            || key.as_str().is_some_and(|key| key.len() <= SHORT_BYTES))
    {
        return Item::Near;
    }
    match path(all, at) {
        Some(start) if !(start + 1..=at).any(|at| entered.contains(&at)) => Item::Path(start),
        _ => Item::Any,
    }
}

/// Where the path begins that ends with the key at the top.
fn path(all: &[Instruction<'_>], at: usize) -> Option<usize> {
    let is_key = |at: usize| matches!(all[at], Instruction::LoadConst(_) | Instruction::Lookup(_));
    let mut start = at.checked_sub(1).filter(|key| is_key(*key))?;
    while at - start < MAX_PATH {
        start = start.checked_sub(1)?;
        match all[start] {
            Instruction::Lookup(_) => return Some(start),
            Instruction::GetAttr(_) => {}
            Instruction::GetItem => start = start.checked_sub(1).filter(|key| is_key(*key))?,
            _ => return None,
        }
    }
    None
}

/// Pays for a key and for what an item is taken of, wherever they come from.
fn paid_item<'s>() -> Vec<Instruction<'s>> {
    let pay = [
        Instruction::DupTop,
        filter(TEXTS, 1),
        Instruction::DiscardTop,
    ];
    let mut paid = pay.to_vec();
    paid.push(Instruction::Swap);
    paid.extend(pay);
    paid.extend([Instruction::Swap, Instruction::GetItem]);
    paid
}

/// Has a filter take so many values from the stack and put one back.
fn filter<'s>(name: &'static str, values: usize) -> Instruction<'s> {
    // No tag has room for as many values as do not fit.
    let values = u16::try_from(values).unwrap_or(u16::MAX);
    Instruction::ApplyFilter(name, Some(values), u8::MAX)
}

/// Number of the instruction that another goes on with.
fn target<'i>(instruction: &'i mut Instruction<'_>) -> Option<&'i mut u32> {
    match instruction {
        Instruction::Jump(target)
        | Instruction::JumpIfFalse(target)
        | Instruction::JumpIfFalseOrPop(target)
        | Instruction::JumpIfTrueOrPop(target)
        | Instruction::Iterate(target) => Some(target),
        _ => None,
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
