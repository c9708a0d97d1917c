//! Regular expressions, whose work is counted: a search takes at most as many steps as the text has bytes and the expression states.

use std::collections::BTreeMap;
use std::sync::Arc;

use acteon_core::json::head;
use acteon_core::limits::{MAX_FAULT_BYTES, MAX_PATTERN_BYTES, MAX_PATTERN_PROGRAM_BYTES};
use minijinja::{Error, State};
use regex_automata::nfa::thompson::{self, pikevm::PikeVM};
use regex_automata::util::syntax;

use super::taken::refusal;

/// Steps of a search that cost as much as one of the engine.
const STEPS_PER_FUEL: usize = 500;

/// Bytes of a compiled expression that cost as much as one step of the engine.
const BYTES_PER_FUEL: usize = 64;

/// Deepest nesting of an expression.
const NEST_LIMIT: u32 = 32;

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
    charge(state, &engine, text)?;
    let mut cache = engine.create_cache();
    let mut replaced = String::new();
    let mut copied = 0;
    for captures in engine.captures_iter(&mut cache, text) {
        let Some(found) = captures.get_match() else {
            continue;
        };
        replaced.push_str(&text[copied..found.start()]);
        let before = replaced.len();
        captures.interpolate_string_into(text, replacement, &mut replaced);
        // Each match may write a long replacement.
        state.consume_fuel(1 + ((replaced.len() - before) / BYTES_PER_FUEL) as u64)?;
        copied = found.end();
    }
    replaced.push_str(&text[copied..]);
    Ok(replaced)
}

/// Whether an expression matches a part of a text.
pub(super) fn is_match(state: &mut State, text: &str, pattern: &str) -> Result<bool, Error> {
    let engine = compiled(state, pattern)?;
    charge(state, &engine, text)?;
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
    let engine = Arc::new(compile(pattern).map_err(refusal)?);
    state.consume_fuel((engine.get_nfa().memory_usage() / BYTES_PER_FUEL) as u64)?;
    let all = state.get_or_insert_extension_with(Compiled::default);
    all.0.insert(pattern.to_owned(), Arc::clone(&engine));
    Ok(engine)
}

fn charge(state: &State, engine: &PikeVM, text: &str) -> Result<(), Error> {
    let steps = engine.get_nfa().states().len().saturating_mul(text.len());
    state.consume_fuel((steps / STEPS_PER_FUEL) as u64)
}

fn compile(pattern: &str) -> Result<PikeVM, String> {
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(format!(
            "the pattern is {} bytes long, at most {MAX_PATTERN_BYTES} are allowed",
            pattern.len()
        ));
    }
    PikeVM::builder()
        .syntax(syntax::Config::new().nest_limit(NEST_LIMIT))
        .thompson(thompson::Config::new().nfa_size_limit(Some(MAX_PATTERN_PROGRAM_BYTES)))
        .build(pattern)
        .map_err(|error| {
            let why = acteon_core::with_causes(&error).to_string();
            let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
            let why = head(&why, MAX_FAULT_BYTES).to_owned();
            format!("the pattern {pattern:?} is no regular expression: {why}")
        })
}
