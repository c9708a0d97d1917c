//! Regular expressions, whose work is counted: a search takes at most as many steps as the text has bytes and the expression states.

use std::collections::BTreeMap;
use std::sync::Arc;

use acteon_core::json::head;
use acteon_core::limits::{MAX_FAULT_BYTES, MAX_PATTERN_BYTES, MAX_PATTERN_PROGRAM_BYTES};
use minijinja::{Error, State};
use regex_automata::nfa::thompson::{self, pikevm::PikeVM};
use regex_automata::util::syntax;
use regex_automata::{Input, Match};

use super::taken::refusal;

/// Steps of a search that cost as much as one of the engine.
const STEPS_PER_FUEL: usize = 500;

/// Bytes of a compiled expression that cost as much as one step of the engine.
const BYTES_PER_FUEL: usize = 64;

/// Deepest nesting of an expression.
const NEST_LIMIT: u32 = 32;

/// Most groups of an expression: a search keeps a place for each, for each of its states.
const MAX_GROUPS: usize = 20;

/// Steps of the engine that a byte of an expression costs when it is compiled: a class of Unicode is a few bytes.
const FUEL_PER_PATTERN_BYTE: u64 = 10;

/// Expressions that a rendering compiled.
#[derive(Default)]
struct Compiled(BTreeMap<String, Arc<PikeVM>>);

/// Text in which each match is replaced. `$1` and `${name}` stand for what groups matched.
pub(super) fn replace_all(
    state: &mut State,
    text: &str,
    pattern: &str,
    replacement: &str,
) -> Result<String, Error> {
    let engine = compiled(state, pattern)?;
    let mut cache = engine.create_cache();
    let mut captures = engine.create_captures();
    let references = replacement.matches('$').count();
    let mut replaced = String::new();
    let (mut copied, mut from, mut last) = (0, 0, None);
    while from <= text.len() {
        // Each search may walk through all that is left.
        charge(state, &engine, text.len() - from)?;
        let input = Input::new(text).range(from..);
        engine.search(&mut cache, &input, &mut captures);
        let Some(found) = captures.get_match() else {
            break;
        };
        from = next_start(text, found);
        // An empty match where the last one ended belongs to that.
        if found.is_empty() && last == Some(found.end()) {
            continue;
        }
        last = Some(found.end());
        replaced.push_str(&text[copied..found.start()]);
        let most = replacement
            .len()
            .saturating_add(references.saturating_mul(found.len()));
        state.consume_fuel(1 + (most / BYTES_PER_FUEL) as u64)?;
        captures.interpolate_string_into(text, replacement, &mut replaced);
        copied = found.end();
    }
    replaced.push_str(&text[copied..]);
    Ok(replaced)
}

/// Where the search for the next match begins: behind this one, and behind the next letter where it is empty.
fn next_start(text: &str, found: Match) -> usize {
    if !found.is_empty() {
        return found.end();
    }
    let letter = text[found.end()..].chars().next();
    found.end() + letter.map_or(1, char::len_utf8)
}

/// Whether an expression matches a part of a text.
pub(super) fn is_match(state: &mut State, text: &str, pattern: &str) -> Result<bool, Error> {
    let engine = compiled(state, pattern)?;
    charge(state, &engine, text.len())?;
    Ok(engine.is_match(&mut engine.create_cache(), text))
}

/// What is wrong with an expression.
pub(crate) fn check(pattern: &str) -> Option<String> {
    compile(pattern).err()
}

fn compiled(state: &mut State, pattern: &str) -> Result<Arc<PikeVM>, Error> {
    let known = state.get_extension::<Compiled>();
    if let Some(engine) = known.and_then(|known| known.0.get(pattern)) {
        return Ok(Arc::clone(engine));
    }
    state.consume_fuel(FUEL_PER_PATTERN_BYTE.saturating_mul(pattern.len() as u64))?;
    let engine = Arc::new(compile(pattern).map_err(refusal)?);
    state.consume_fuel((engine.get_nfa().memory_usage() / BYTES_PER_FUEL) as u64)?;
    let all = state.get_or_insert_extension_with(Compiled::default);
    all.0.insert(pattern.to_owned(), Arc::clone(&engine));
    Ok(engine)
}

/// Charges a search: its steps, and what it keeps for each state.
fn charge(state: &State, engine: &PikeVM, bytes: usize) -> Result<(), Error> {
    let states = engine.get_nfa().states().len();
    let steps = states.saturating_mul(bytes.saturating_add(1));
    state.consume_fuel((steps / STEPS_PER_FUEL) as u64 + 1)
}

fn compile(pattern: &str) -> Result<PikeVM, String> {
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(format!(
            "the pattern is {} bytes long, at most {MAX_PATTERN_BYTES} are allowed",
            pattern.len()
        ));
    }
    let engine = PikeVM::builder()
        .syntax(syntax::Config::new().nest_limit(NEST_LIMIT))
        .thompson(thompson::Config::new().nfa_size_limit(Some(MAX_PATTERN_PROGRAM_BYTES)))
        .build(pattern)
        .map_err(|error| {
            let why = acteon_core::with_causes(&error).to_string();
            let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
            let why = head(&why, MAX_FAULT_BYTES).to_owned();
            format!("the pattern {pattern:?} is no regular expression: {why}")
        })?;
    // With that of all that matched.
    let groups = engine.get_nfa().group_info().all_group_len() - 1;
    if groups > MAX_GROUPS {
        return Err(format!(
            "the pattern has {groups} groups, at most {MAX_GROUPS} are allowed; those that nothing refers to are written (?:...)"
        ));
    }
    Ok(engine)
}
