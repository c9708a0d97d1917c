//! Operators, as filters that stand in their place. The engine has them paid for by the length of their texts and lists, if at all; here all that they look at is paid for first,
//! whatever it shares with itself. No list that an operator makes is longer than what was paid for.

use minijinja::value::{Rest, Value, ValueKind, ValueOrKwargs};
use minijinja::{AutoEscape, Environment, Error, State};

use crate::filters::{FUEL_PER_LEVEL, defined, pay, pay_for_items, pay_for_text, refusal};
use crate::slice::{items, slice};

/// A comparison, and the names of its tests. The first is that of its filter, which no template can write.
type Comparison = (&'static [&'static str], fn(&Value, &Value) -> bool);

/// Name under which `in` is kept. No template has it as the name of a filter.
pub(crate) const CONTAINS: &str = "-in";

/// Name under which the making of maps is kept.
pub(crate) const MAP: &str = "-map";

/// Name under which `~` is kept.
pub(crate) const CONCATENATION: &str = "-concatenation";

/// Name under which `[a:b:c]` is kept.
pub(crate) const SLICE: &str = "-slice";

/// Name under which calls of methods are kept.
pub(crate) const METHOD: &str = "-method";

/// Name of what makes a list of each iterable, and leaves all else as it is.
pub(crate) const LIST: &str = "-list";

/// Name of what pays for a list that holds others, and leaves it as it is.
pub(crate) const NESTING: &str = "-nesting";

/// Name of what pays for texts, and comes to nothing.
pub(crate) const TEXTS: &str = "-texts";

/// Puts in the filters, and the tests that compare.
pub(crate) fn add_to(engine: &mut Environment<'static>) {
    let comparisons: [Comparison; 6] = [
        (&["==", "eq", "equalto"], |a, b| a == b),
        (&["!=", "ne"], |a, b| a != b),
        (&["<", "lt", "lessthan"], |a, b| a < b),
        (&["<=", "le"], |a, b| a <= b),
        (&[">", "gt", "greaterthan"], |a, b| a > b),
        (&[">=", "ge"], |a, b| a >= b),
    ];
    for (names, compare) in comparisons {
        for (at, name) in names.iter().copied().enumerate() {
            let paid = move |state: &mut State, a: &Value, b: &Value| {
                pay_for_both(state, a, b)?;
                Ok::<bool, Error>(compare(a, b))
            };
            engine.add_test(name, paid);
            if at == 0 {
                engine.add_filter(name, paid);
            }
        }
    }
    engine.add_test("in", contains);
    engine.add_filter(CONTAINS, contains);
    engine.add_filter(MAP, map);
    engine.add_filter(CONCATENATION, concatenation);
    engine.add_filter(SLICE, slice);
    engine.add_filter(METHOD, method);
    engine.add_filter(LIST, list);
    engine.add_filter(NESTING, nesting);
    engine.add_filter(TEXTS, texts);
}

/// One text of two values. Where one of them is safe, the other is escaped.
fn concatenation(state: &mut State, left: &Value, right: &Value) -> Result<Value, Error> {
    for value in [left, right] {
        defined(state, value)?;
        pay(state, value)?;
    }
    let is_mixed = left.is_safe() != right.is_safe();
    if is_mixed && !matches!(state.auto_escape(), AutoEscape::None) {
        let text = state.format(left.clone())? + &state.format(right.clone())?;
        return Ok(Value::from_safe_string(text));
    }
    let text = format!("{left}{right}");
    Ok(if left.is_safe() && right.is_safe() {
        Value::from_safe_string(text)
    } else {
        Value::from(text)
    })
}

/// Calls a method: the object, what it takes, and the name of the method. What it takes may be compared with what it took before.
fn method(state: &mut State, given: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let given = given.into_values();
    let [object, taken @ .., name] = given.as_slice() else {
        return Err(refusal("a method was called without an object"));
    };
    let name = name.as_str().unwrap_or_default();
    for value in taken {
        pay(state, value)?;
    }
    if name == "cycle" && taken.is_empty() {
        return Err(refusal("cycle takes no values; expected those to go round"));
    }
    object.call_method(state, name, taken)
}

fn list(state: &mut State, value: &Value) -> Result<Value, Error> {
    if value.kind() != ValueKind::Iterable {
        return Ok(value.clone());
    }
    items(state, value, 1).map(Value::from)
}

fn nesting(state: &mut State, list: &Value) -> Result<Value, Error> {
    if items(state, list, 1)?.iter().any(is_container) {
        state.consume_fuel(FUEL_PER_LEVEL)?;
    }
    Ok(list.clone())
}

fn texts(state: &mut State, first: &Value, others: Rest<Value>) -> Result<Value, Error> {
    pay_for_text(state, first)?;
    for value in others.0 {
        pay_for_text(state, &value)?;
    }
    Ok(Value::from(()))
}

/// Map that is written out. Its keys are compared with each other, and paid for first.
fn map(state: &mut State, first: &Value, others: Rest<Value>) -> Result<Value, Error> {
    let values: Vec<Value> = std::iter::once(first.clone()).chain(others.0).collect();
    let pairs = values.chunks_exact(2).map(|pair| (&pair[0], &pair[1]));
    let mut members = Vec::with_capacity(values.len() / 2);
    for (key, value) in pairs {
        if is_container(key) {
            let kind = key.kind();
            return Err(refusal(format!(
                "a {kind} is the key of a map; expected a text or a number"
            )));
        }
        pay(state, key)?;
        members.push((key.clone(), value.clone()));
    }
    if members.iter().any(|(_, value)| is_container(value)) {
        state.consume_fuel(FUEL_PER_LEVEL)?;
    }
    Ok(Value::from_pairs(members))
}

/// Pays for a comparison. Values of two kinds are told apart at once.
fn pay_for_both(state: &mut State, a: &Value, b: &Value) -> Result<(), Error> {
    for value in [a, b] {
        defined(state, value)?;
    }
    if is_long(a) && is_long(b) {
        pay(state, a)?;
        pay(state, b)?;
    }
    Ok(())
}

fn contains(state: &mut State, item: &Value, within: &Value) -> Result<bool, Error> {
    defined(state, within)?;
    defined(state, item)?;
    match within.kind() {
        ValueKind::Seq | ValueKind::Iterable if is_container(item) => {
            pay(state, within)?;
            pay(state, item)?;
        }
        ValueKind::Seq | ValueKind::Iterable => pay_for_items(state, within, item)?,
        ValueKind::String => {
            pay(state, within)?;
            pay(state, item)?;
        }
        ValueKind::Map => pay_for_text(state, item)?,
        kind => {
            return Err(refusal(format!("a {kind} has nothing in it to look for")));
        }
    }
    minijinja::tests::is_in(state, item, within)
}

fn is_long(value: &Value) -> bool {
    is_container(value) || value.kind() == ValueKind::String
}

fn is_container(value: &Value) -> bool {
    let kind = value.kind();
    matches!(kind, ValueKind::Seq | ValueKind::Iterable | ValueKind::Map)
}
