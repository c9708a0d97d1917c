//! Filters of the engine that write a value before it is known how long it is. Here it is paid for first, whatever it shares with itself.

use acteon_core::limits::MAX_TEMPLATE_DEPTH;
use minijinja::value::{Rest, Value, ValueKind};
use minijinja::{Environment, Error, State};

use super::taken::refusal;

/// Bytes that cost as much as one step of the engine.
const BYTES_PER_FUEL: usize = 64;

/// Names under which the engine's own are kept. No template can write them.
const STRING: &str = " string";
const JOIN: &str = " join";

/// Puts ours before those of the engine, and takes away what makes lists of lists.
pub(super) fn put_before(engine: &mut Environment<'static>) {
    engine.add_filter(STRING, minijinja::filters::string);
    engine.add_filter(JOIN, minijinja::filters::join);
    engine.add_filter("string", string);
    engine.add_filter("join", join);
    for name in ["zip", "chain"] {
        engine.remove_filter(name);
    }
}

fn string(state: &mut State, value: &Value) -> Result<Value, Error> {
    pay(state, value, 0)?;
    state.apply_filter(STRING, std::slice::from_ref(value))
}

fn join(state: &mut State, value: &Value, others: Rest<Value>) -> Result<Value, Error> {
    pay(state, value, 0)?;
    let arguments: Vec<Value> = std::iter::once(value.clone()).chain(others.0).collect();
    state.apply_filter(JOIN, &arguments)
}

/// Pays for each item of a value, and for the bytes of its texts.
fn pay(state: &State, value: &Value, depth: usize) -> Result<(), Error> {
    let bytes = value.as_str().map_or(0, str::len);
    state.consume_fuel(1 + (bytes / BYTES_PER_FUEL) as u64)?;
    if depth > MAX_TEMPLATE_DEPTH {
        return Err(refusal(format!(
            "a value nests deeper than {MAX_TEMPLATE_DEPTH} levels"
        )));
    }
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            for item in value.try_iter()? {
                pay(state, &item, depth + 1)?;
            }
        }
        ValueKind::Map => {
            for key in value.try_iter()? {
                pay(state, &key, depth + 1)?;
                pay(state, &value.get_item(&key)?, depth + 1)?;
            }
        }
        _ => {}
    }
    Ok(())
}
