//! Payment for work that the engine does not count: of what a filter, a test or an operator looks at, each item and each text is paid for first, whatever it shares with itself.

use acteon_core::limits::MAX_TEMPLATE_DEPTH;
use minijinja::value::{Rest, Value, ValueKind, ValueOrKwargs};
use minijinja::{Error, State};

use super::taken::refusal;

/// Bytes that cost as much as one step of the engine.
pub(super) const BYTES_PER_FUEL: usize = 64;

/// Steps that a list costs which holds others. What nests is dropped one level within the other, on the stack of a thread, and so few levels fit there.
pub(crate) const FUEL_PER_LEVEL: u64 = 50;

/// Steps that a call costs beside what it is given, which came to so many steps.
pub(super) type Price = fn(&[Value], u64) -> u64;

/// Filter or test that pays for all that it is given before it begins.
pub(super) fn paid(
    callee: Value,
    price: Price,
) -> impl Fn(&mut State<'_, '_>, Rest<ValueOrKwargs>) -> Result<Value, Error> + Send + Sync + 'static
{
    move |state, arguments| {
        let arguments = arguments.into_values();
        let mut given = 0;
        for argument in &arguments {
            given += pay(state, argument)?;
        }
        state.consume_fuel(price(&arguments, given))?;
        callee.call(state, &arguments)
    }
}

/// Filter that pays by itself for what it takes of its first value, and here for all others.
pub(super) fn paid_but_first(
    filter: Value,
    price: Price,
) -> impl Fn(&mut State<'_, '_>, Rest<ValueOrKwargs>) -> Result<Value, Error> + Send + Sync + 'static
{
    move |state, arguments| {
        let arguments = arguments.into_values();
        let mut given = 0;
        for argument in arguments.iter().skip(1) {
            given += pay(state, argument)?;
        }
        state.consume_fuel(price(&arguments, given))?;
        filter.call(state, &arguments)
    }
}

/// Price of what costs no more than it is given.
pub(super) fn nothing(_: &[Value], _: u64) -> u64 {
    0
}

/// Pays for each item of a value, and for the bytes of its texts; what that came to.
pub(crate) fn pay(state: &State, value: &Value) -> Result<u64, Error> {
    pay_within(state, value, 0)
}

fn pay_within(state: &State, value: &Value, depth: usize) -> Result<u64, Error> {
    let mut paid = 1 + steps(value);
    state.consume_fuel(paid)?;
    if depth > MAX_TEMPLATE_DEPTH {
        return Err(refusal(format!(
            "a value nests deeper than {MAX_TEMPLATE_DEPTH} levels"
        )));
    }
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            for item in value.try_iter()? {
                paid += pay_within(state, &item, depth + 1)?;
            }
        }
        ValueKind::Map => {
            for key in value.try_iter()? {
                paid += pay_within(state, &key, depth + 1)?;
                paid += pay_within(state, &value.get_item(&key)?, depth + 1)?;
            }
        }
        _ => {}
    }
    Ok(paid)
}

/// Pays for the bytes of a text; nothing else costs anything.
pub(crate) fn pay_for_text(state: &State, value: &Value) -> Result<(), Error> {
    state.consume_fuel(steps(value))
}

/// Pays for each item of a list once, and each time for the bytes of what it is compared with.
pub(crate) fn pay_for_items(state: &State, list: &Value, with: &Value) -> Result<(), Error> {
    for _ in list.try_iter()? {
        state.consume_fuel(1 + steps(with))?;
    }
    Ok(())
}

/// Steps that a text costs.
fn steps(value: &Value) -> u64 {
    let bytes = value.as_str().map_or(0, str::len);
    (bytes / BYTES_PER_FUEL) as u64
}
