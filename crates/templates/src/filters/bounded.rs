//! Filters and tests of the engine that look at whole texts and values. Here all of these are paid for first.
//!
//! What is left as the engine has it takes a moment, or pays for each item that it takes.

use minijinja::value::{Kwargs, Rest, StringInput, Value, ValueKind, ValueOrKwargs, from_args};
use minijinja::{AutoEscape, Environment, Error, State};

use super::payment::{BYTES_PER_FUEL, FUEL_PER_LEVEL, nothing, paid, paid_but_first};
use super::taken::refusal;

/// Bytes of the name of a member that cost as much as one step, each time that it is looked up.
const NAME_BYTES_PER_FUEL: usize = 8;

/// Blanks of an indented line where no other width is given.
const INDENT: usize = 4;

/// Puts those of the engine's in whose work is a multiple of what they are given, or no more than it.
macro_rules! put {
    ($engine:ident.$add:ident, $paid:ident, $price:expr, $($name:literal: $callee:path),* $(,)?) => {$(
        $engine.$add($name, $paid(Value::from_function($callee), $price));
    )*};
}

/// Puts ours before those of the engine, and takes away what makes lists of lists.
pub(super) fn put_before(engine: &mut Environment<'static>) {
    use minijinja::{filters, tests};
    put!(engine.add_filter, paid, nothing,
        "lower": filters::lower, "upper": filters::upper, "title": filters::title,
        "capitalize": filters::capitalize, "join": filters::join, "string": filters::string,
        "safe": filters::safe, "pprint": filters::pprint, "replace": replace, "sum": sum);
    put!(engine.add_filter, paid, names_for_items,
        "sort": filters::sort, "min": filters::min, "max": filters::max,
        "unique": filters::unique, "groupby": filters::groupby, "dictsort": filters::dictsort);
    put!(engine.add_filter, paid, letters_for_letters, "trim": filters::trim);
    put!(engine.add_filter, paid, pieces, "split": filters::split, "lines": filters::lines);
    put!(engine.add_filter, paid, blanks, "indent": filters::indent);
    put!(engine.add_filter, paid, each_time, "format": filters::format);
    put!(engine.add_filter, paid_but_first, names_for_items,
        "map": filters::map, "select": filters::select, "reject": filters::reject,
        "selectattr": filters::selectattr, "rejectattr": filters::rejectattr);
    put!(engine.add_filter, paid_but_first, way_to_item, "attr": filters::attr);
    put!(engine.add_filter, paid_but_first, level, "batch": filters::batch, "slice": filters::slice);
    put!(engine.add_test, paid, nothing,
        "lower": tests::is_lower, "upper": tests::is_upper, "sameas": tests::is_sameas,
        "startingwith": tests::is_startingwith, "endingwith": tests::is_endingwith);
    for name in ["zip", "chain"] {
        engine.remove_filter(name);
    }
}

/// Names of members are read for each item anew.
fn names_for_items(arguments: &[Value], given: u64) -> u64 {
    let (list, others) = parted(arguments);
    let named = others.iter().filter_map(named_texts).flatten();
    let positional = others
        .iter()
        .filter_map(|value| Some(value.as_str()?.len()));
    let bytes: usize = positional.chain(named).sum();
    let items = list
        .and_then(Value::len)
        .map_or(given, |items| items as u64);
    items.saturating_mul((bytes / NAME_BYTES_PER_FUEL) as u64)
}

/// Items go into lists of their own.
fn level(_: &[Value], _: u64) -> u64 {
    FUEL_PER_LEVEL
}

/// Lengths of the texts that were given by name.
fn named_texts(value: &Value) -> Option<Vec<usize>> {
    let named = Kwargs::try_from(value.clone()).ok()?;
    let texts = named
        .args()
        .filter_map(|name| named.peek::<&str>(name).ok());
    Some(texts.map(str::len).collect())
}

/// Each letter is compared with all that are trimmed.
fn letters_for_letters(arguments: &[Value], given: u64) -> u64 {
    let (text, others) = parted(arguments);
    // What is no text becomes one, about as long as what it cost.
    let bytes = |value: &Value| match value.as_str() {
        Some(text) => text.len() as u64,
        None => given.saturating_mul(BYTES_PER_FUEL as u64),
    };
    let trimmed: u64 = others.iter().map(bytes).fold(0, u64::saturating_add);
    text.map_or(0, bytes).saturating_mul(trimmed) / BYTES_PER_FUEL as u64
}

/// Each piece takes a place in a list.
fn pieces(arguments: &[Value], _: u64) -> u64 {
    let (text, others) = parted(arguments);
    let text = text.and_then(Value::as_str).unwrap_or("");
    let pieces = match others.first().and_then(Value::as_str) {
        Some(between) => text.matches(between).count(),
        None => text.matches(char::is_whitespace).count(),
    };
    pieces as u64
}

/// Each line begins with as many blanks as it is indented by.
fn blanks(arguments: &[Value], _: u64) -> u64 {
    let (text, others) = parted(arguments);
    let width_of = |value: &Value| {
        let positional = usize::try_from(value.clone()).ok();
        let named = || usize::try_from(value.get_attr("width").ok()?).ok();
        positional.or_else(named)
    };
    let width = others.iter().filter_map(width_of).max().unwrap_or(INDENT);
    let lines = text
        .and_then(Value::as_str)
        .map_or(0, |text| text.matches('\n').count());
    (width.saturating_mul(lines + 1) / BYTES_PER_FUEL) as u64
}

/// A format may write all that it is given at each of its places.
fn each_time(arguments: &[Value], given: u64) -> u64 {
    let form = parted(arguments).0.and_then(Value::as_str).unwrap_or("");
    let others = given.saturating_sub((form.len() / BYTES_PER_FUEL) as u64);
    others.saturating_mul(form.matches('%').count() as u64)
}

/// An item of what is no list is found by going through those before it.
fn way_to_item(arguments: &[Value], _: u64) -> u64 {
    let (list, _) = parted(arguments);
    let list = list.filter(|list| list.kind() == ValueKind::Iterable);
    list.map_or(0, |list| list.len().unwrap_or(usize::MAX) as u64)
}

/// The engine's own for numbers. Texts and lists that are added up would be copied for each that is added.
fn sum(
    state: &State,
    values: Value,
    attribute: Option<&str>,
    start: Option<Value>,
    named: Kwargs,
) -> Result<Value, Error> {
    let first = match &start {
        Some(start) => Some(start.clone()),
        None => named.peek::<Option<Value>>("start")?,
    };
    if let Some(first) = first.filter(|first| !first.is_number()) {
        let kind = first.kind();
        return Err(refusal(format!(
            "sum begins with a {kind}; expected a number. join makes one text of several"
        )));
    }
    minijinja::filters::sum(state, values, attribute, start, named)
}

/// What a replacement takes: a text, what to replace in it, by what, and how often.
type Replacing<'a> = (&'a Value, &'a Value, &'a Value, Option<i64>, Kwargs);

/// The engine's own, with the count that it takes: that one is not to be had.
fn replace(state: &mut State, arguments: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let arguments = arguments.into_values();
    let (value, from, to, count, named): Replacing<'_> = from_args(&arguments)?;
    let count = match count {
        Some(count) => Some(count),
        None => named.get::<Option<i64>>("count")?,
    };
    named.assert_all_used()?;
    let count = count
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or(usize::MAX);
    let value = StringInput::new(state, value)?;
    let from = StringInput::new(state, from)?;
    let to = StringInput::new(state, to)?;
    let is_escaped = !matches!(state.auto_escape(), AutoEscape::None)
        && (value.is_safe() || from.is_safe() || to.is_safe());
    let (text, to) = if is_escaped {
        (value.format(state)?, to.format(state)?)
    } else {
        (value.as_str().into(), to.as_str().into())
    };
    let found = text.matches(from.as_str()).take(count).count();
    state.consume_fuel((found.saturating_mul(to.len()) / BYTES_PER_FUEL) as u64)?;
    let replaced = text.replacen(from.as_str(), &to, count);
    Ok(if is_escaped {
        Value::from_safe_string(replaced)
    } else {
        Value::from(replaced)
    })
}

fn parted(arguments: &[Value]) -> (Option<&Value>, &[Value]) {
    match arguments {
        [first, others @ ..] => (Some(first), others),
        [] => (None, &[]),
    }
}
