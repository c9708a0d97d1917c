//! Regular expressions whose cost is bounded, whatever the expression and the text.
//!
//! A search goes through a lazily built automaton, which takes one step for each byte. An expression that makes the automaton grow with
//! the text lets it give up after a fixed amount of memory; then each byte costs as many steps as the expression has states, and the
//! search is made only while the decision has that many steps left. The bytes that automata search have a bound of their own, so that an
//! expensive expression takes nothing from the others. Beyond either there is no answer, which is neither a match nor none.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use acteon_core::limits::{
    MAX_PATTERN_BYTES, MAX_PATTERN_CACHE_BYTES, MAX_PATTERN_PROGRAM_BYTES, MAX_PATTERN_STEPS,
    MAX_SEARCHED_BYTES,
};
use regex_automata::hybrid::dfa::{self, DFA};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures, pikevm};
use regex_automata::util::pool::Pool;
use regex_automata::{Anchored, Input, MatchErrorKind};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::{Extractor, Literal};
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use crate::quote::one_line;

/// Deepest nesting of an expression.
const NEST_LIMIT: u32 = 32;
/// Number of literals that an expression may stand for to be looked up by them.
const MAX_LITERALS: usize = 32;

/// Cost of an automaton that gives up, in steps.
const GIVING_UP: u64 = 200_000;

type CacheOf<T> =
    Pool<T, Box<dyn Fn() -> T + Send + Sync + std::panic::UnwindSafe + std::panic::RefUnwindSafe>>;

/// Part of a text that a pattern must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It matches the whole text.
    Whole,
    /// It matches any part of the text.
    Part,
}

/// Pattern, compiled and shared. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Pattern(Arc<Compiled>);

struct Compiled {
    text: Box<str>,
    anchored: Anchored,
    literals: Option<Box<[Box<str>]>>,
    required: Vec<Box<[Box<str>]>>,
    states: u64,
    bytes: usize,
    /// Whether its automaton ever gave up.
    gave_up: AtomicBool,
    dfa: DFA,
    vm: pikevm::PikeVM,
    dfa_caches: CacheOf<dfa::Cache>,
    vm_caches: CacheOf<pikevm::Cache>,
}

/// Cost of a search beside the bytes of its text, in bytes.
const SEARCHING: u64 = 64;

/// Steps that a decision has left for searches.
#[derive(Debug)]
pub struct Steps {
    /// Steps for searches that no automaton can make.
    expensive: Cell<u64>,
    /// Bytes for searches that an automaton makes.
    bytes: Cell<u64>,
}

impl Default for Steps {
    fn default() -> Self {
        Self::new(MAX_PATTERN_STEPS)
    }
}

impl Steps {
    /// Budget of so many steps for searches that no automaton can make, and as many bytes for the
    /// others as a decision has.
    pub const fn new(steps: u64) -> Self {
        Self {
            expensive: Cell::new(steps),
            bytes: Cell::new(MAX_SEARCHED_BYTES),
        }
    }

    fn are_used_up(&self) -> bool {
        self.expensive.get() == 0
    }
}

/// Takes so many steps if there are as many, and tells whether it did.
fn take(from: &Cell<u64>, steps: u64) -> bool {
    let left = from.get().checked_sub(steps);
    from.set(left.unwrap_or(0));
    left.is_some()
}

impl Pattern {
    /// Compiles an expression, by itself: what it is put into cannot change what it means.
    pub(crate) fn compile(text: &str, reach: Reach) -> Result<Self, String> {
        if text.len() > MAX_PATTERN_BYTES {
            return Err(format!(
                "the pattern is {} bytes long, at most {MAX_PATTERN_BYTES} are allowed",
                text.len()
            ));
        }
        let hir = parsed(text)
            .map_err(|why| format!("the pattern {text:?} is not a regular expression: {why}"))?;
        let (literals, required) = match reach {
            Reach::Whole => (literals(&hir), Vec::new()),
            Reach::Part => (None, required(&hir)),
        };
        let (hir, anchored) = match reach {
            Reach::Whole => (
                Hir::concat(vec![Hir::look(Look::Start), hir, Hir::look(Look::End)]),
                Anchored::Yes,
            ),
            Reach::Part => (hir, Anchored::No),
        };
        let config = thompson::Config::new()
            .nfa_size_limit(Some(MAX_PATTERN_PROGRAM_BYTES))
            .which_captures(WhichCaptures::None);
        let too_large = |_| {
            let limit = MAX_PATTERN_PROGRAM_BYTES / 1024;
            format!(
                "the pattern {text:?} is too large: compiled it takes more than {limit} KiB; repeat less, or name fewer characters"
            )
        };
        let nfa = thompson::Compiler::new()
            .configure(config)
            .build_from_hir(&hir)
            .map_err(too_large)?;
        Self::of(text, anchored, &nfa).map(|compiled| {
            Self(Arc::new(Compiled {
                literals,
                required,
                ..compiled
            }))
        })
    }

    fn of(text: &str, anchored: Anchored, nfa: &NFA) -> Result<Compiled, String> {
        let config = DFA::config()
            .cache_capacity(MAX_PATTERN_CACHE_BYTES)
            .skip_cache_capacity_check(true)
            .unicode_word_boundary(true)
            .minimum_cache_clear_count(Some(2))
            .minimum_bytes_per_state(Some(10));
        let fault = |error: String| {
            format!(
                "the pattern {text:?} cannot be compiled: {}",
                one_line(&error)
            )
        };
        let dfa = DFA::builder()
            .configure(config)
            .build_from_nfa(nfa.clone())
            .map_err(|error| fault(error.to_string()))?;
        let vm =
            pikevm::PikeVM::new_from_nfa(nfa.clone()).map_err(|error| fault(error.to_string()))?;
        let (for_dfa, for_vm) = (dfa.clone(), vm.clone());
        Ok(Compiled {
            text: text.into(),
            anchored,
            literals: None,
            required: Vec::new(),
            states: nfa.states().len() as u64,
            bytes: nfa.memory_usage(),
            gave_up: AtomicBool::new(false),
            dfa,
            vm,
            dfa_caches: Pool::new(Box::new(move || for_dfa.create_cache())),
            vm_caches: Pool::new(Box::new(move || for_vm.create_cache())),
        })
    }

    /// Whether it matches; `None` when that would take more steps than there are.
    pub(crate) fn matches(&self, text: &str, steps: &Steps) -> Option<bool> {
        let compiled = &*self.0;
        // One that never gave up goes on being searched: another's steps are not its own.
        let expensive = compiled.gave_up.load(Ordering::Relaxed);
        if (expensive && steps.are_used_up()) || !take(&steps.bytes, text.len() as u64 + SEARCHING)
        {
            return None;
        }
        let input = Input::new(text).anchored(compiled.anchored).earliest(true);
        let found = compiled
            .dfa
            .try_search_fwd(&mut compiled.dfa_caches.get(), &input);
        let gave_up = match found {
            Ok(found) => return Some(found.is_some()),
            // A word's edge beside a character beyond ASCII, which the automaton does not know.
            Err(error) => !matches!(error.kind(), MatchErrorKind::Quit { .. }),
        };
        if gave_up {
            compiled.gave_up.store(true, Ordering::Relaxed);
        }
        let needed =
            compiled.states.saturating_mul(text.len() as u64) + if gave_up { GIVING_UP } else { 0 };
        take(&steps.expensive, needed)
            .then(|| compiled.vm.is_match(&mut compiled.vm_caches.get(), input))
    }

    /// Texts that it can match and no others, where they are few.
    pub(crate) fn literals(&self) -> Option<&[Box<str>]> {
        self.0.literals.as_deref()
    }

    /// Sets of literals, in ASCII regardless of their case: a text must have one of each to match.
    pub(crate) fn required(&self) -> &[Box<[Box<str>]>] {
        &self.0.required
    }

    /// Text of the expression, as it was written.
    pub(crate) fn text(&self) -> &str {
        &self.0.text
    }

    /// Bytes of the compiled pattern, without what searches keep.
    pub(crate) fn bytes(&self) -> usize {
        self.0.bytes
    }
}

/// Syntax tree of an expression as RE2, which Prometheus and Alertmanager use, reads it: a brace
/// that begins no repetition stands for itself. A dot is any character, also a line's end: what
/// people look for is in texts of several lines.
fn parsed(text: &str) -> Result<Hir, String> {
    let mut text = Cow::Borrowed(text);
    loop {
        let error = match ParserBuilder::new()
            .nest_limit(NEST_LIMIT)
            .dot_matches_new_line(true)
            .build()
            .parse(&text)
        {
            Ok(hir) => return Ok(hir),
            Err(error) => error,
        };
        let brace = match &error {
            regex_syntax::Error::Parse(error) => literal_brace(&text, error),
            _ => None,
        };
        match brace {
            Some(at) => text.to_mut().insert(at, '\\'),
            None => return Err(why(&error)),
        }
    }
}

/// Position of a brace that begins no repetition, if that is what is wrong.
fn literal_brace(text: &str, error: &regex_syntax::ast::Error) -> Option<usize> {
    use regex_syntax::ast::ErrorKind as K;
    let is_of_brace = matches!(
        error.kind(),
        K::RepetitionCountUnclosed
            | K::RepetitionCountDecimalEmpty
            | K::DecimalEmpty
            | K::DecimalInvalid
            | K::RepetitionMissing
    );
    let span = error.span();
    // The error of a count points at its brace or past it.
    let upto = text.get(..span.end.offset.max(span.start.offset + 1).min(text.len()))?;
    let at = upto.rfind('{').filter(|_| is_of_brace)?;
    let escaped = upto[..at]
        .bytes()
        .rev()
        .take_while(|byte| *byte == b'\\')
        .count()
        % 2
        == 1;
    let counts = text[at + 1..].split_once('}').is_some_and(|(count, _)| {
        let mut numbers = count
            .split(',')
            .map(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
        numbers.next() == Some(true) && at > 0 && !matches!(error.kind(), K::RepetitionMissing)
    });
    (!escaped && !counts).then_some(at)
}

/// Message about what is wrong with an expression, in words and without a drawing.
fn why(error: &regex_syntax::Error) -> String {
    match error {
        regex_syntax::Error::Parse(error) => {
            let start = error.span().start;
            let hint = match error.kind() {
                regex_syntax::ast::ErrorKind::RepetitionMissing => {
                    "; * alone is no pattern: .* stands for anything"
                }
                regex_syntax::ast::ErrorKind::UnsupportedLookAround => {
                    "; write what must match with one rule and what must not with another"
                }
                _ => "",
            };
            format!("{} at character {}{hint}", error.kind(), start.column)
        }
        other => one_line(&other.to_string()),
    }
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pattern").field(&self.0.text).finish()
    }
}

/// Texts that an expression stands for, if they are few. An assertion within may rule some of them
/// out, never add one.
fn literals(hir: &Hir) -> Option<Box<[Box<str>]>> {
    let found = Extractor::new().limit_total(MAX_LITERALS).extract(hir);
    let found = found
        .literals()
        .filter(|literals| literals.iter().all(Literal::is_exact))?;
    found
        .iter()
        .map(|literal| std::str::from_utf8(literal.as_bytes()).ok().map(Box::from))
        .collect()
}

/// Sets of literals, of each of which a text must have one within to match.
fn required(hir: &Hir) -> Vec<Box<[Box<str>]>> {
    let mut sets = Vec::new();
    let mut run = String::new();
    walk(hir, &mut run, &mut sets);
    end(&mut run, &mut sets);
    sets
}

/// Ends a run of letters that follow each other.
fn end(run: &mut String, sets: &mut Vec<Box<[Box<str>]>>) {
    if run.len() > 1 {
        sets.push([run.as_str().into()].into());
    }
    run.clear();
}

fn walk(hir: &Hir, run: &mut String, sets: &mut Vec<Box<[Box<str>]>>) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(text) => run.push_str(text),
            Err(_) => end(run, sets),
        },
        HirKind::Class(class) => match letter(class) {
            Some(letter) => run.push(letter),
            None => end(run, sets),
        },
        HirKind::Capture(capture) => walk(&capture.sub, run, sets),
        HirKind::Concat(parts) => parts.iter().for_each(|part| walk(part, run, sets)),
        HirKind::Repetition(repetition) => {
            end(run, sets);
            if repetition.min > 0 {
                walk(&repetition.sub, run, sets);
                end(run, sets);
            }
        }
        HirKind::Alternation(branches) => {
            end(run, sets);
            // The longest of each branch.
            let longest = |branch: &Hir| {
                required(branch)
                    .into_iter()
                    .max_by_key(|any| any.iter().map(|literal| literal.len()).min())
            };
            let any: Option<Vec<Box<[Box<str>]>>> = branches.iter().map(longest).collect();
            if let Some(any) = any
                .map(|any| any.concat())
                .filter(|any| any.len() <= MAX_LITERALS)
            {
                sets.push(any.into());
            }
        }
    }
}

/// Letter that a class is in both its cases. Some letters have a third beyond ASCII: those are
/// none.
fn letter(class: &Class) -> Option<char> {
    let Class::Unicode(class) = class else {
        return None;
    };
    let [upper, lower] = class.ranges() else {
        return None;
    };
    let (upper, lower) = (upper.start() == upper.end())
        .then_some((upper.start(), lower.start()))
        .filter(|_| lower.start() == lower.end())?;
    (upper.is_ascii_uppercase() && lower == upper.to_ascii_lowercase()).then_some(lower)
}
