//! Values between JSON and the engine. Integers stay exact; other numbers are doubles within an expression.

use acteon_core::json::Tree;
use acteon_core::limits::{MAX_RENDERED_BYTES, MAX_TEMPLATE_DEPTH};
use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

/// Value of a JSON text; `None` where it nests too deep.
pub(crate) fn from_json(json: &str) -> Option<Value> {
    Tree::parse(json).map(|tree| from_tree(&tree))
}

fn from_tree(tree: &Tree<'_>) -> Value {
    match tree {
        Tree::Word("null") => Value::from(()),
        Tree::Word("true") => Value::from(true),
        Tree::Word("false") => Value::from(false),
        Tree::Word(number) => from_number(number),
        Tree::Text(text) => Value::from(&**text),
        Tree::List(items) => items.iter().map(from_tree).collect(),
        Tree::Object(members) => Value::from_pairs(
            members
                .iter()
                .map(|(name, value)| (&**name, from_tree(value))),
        ),
    }
}

/// Number, exact where it is an integer of up to 128 bits. One that no double holds is the text that it was written as.
fn from_number(word: &str) -> Value {
    if let Ok(small) = word.parse::<i64>() {
        return Value::from(small);
    }
    if let Ok(large) = word.parse::<u128>() {
        return Value::from(large);
    }
    if let Ok(large) = word.parse::<i128>() {
        return Value::from(large);
    }
    match word.parse::<f64>() {
        Ok(double) if double.is_finite() && word.contains(['.', 'e', 'E']) => Value::from(double),
        _ => Value::from(word),
    }
}

/// JSON of a value. What JSON cannot write is an error: an absent value, a number that is none, bytes.
pub(crate) fn to_json(value: &Value) -> Result<String, Error> {
    let mut json = String::new();
    write(&mut json, value, 0)?;
    Ok(json)
}

fn write(json: &mut String, value: &Value, depth: usize) -> Result<(), Error> {
    if depth > MAX_TEMPLATE_DEPTH || json.len() > MAX_RENDERED_BYTES {
        let why = format!(
            "is deeper than {MAX_TEMPLATE_DEPTH} levels or longer than {MAX_RENDERED_BYTES} bytes"
        );
        return Err(Error::new(ErrorKind::BadSerialization, why));
    }
    match value.kind() {
        ValueKind::Undefined => return Err(ErrorKind::UndefinedError.into()),
        ValueKind::None => json.push_str("null"),
        ValueKind::Bool => json.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => json.push_str(&number(value)?),
        ValueKind::Map => write_map(json, value, depth)?,
        ValueKind::Seq | ValueKind::Iterable => {
            json.push('[');
            for (at, item) in value.try_iter()?.enumerate() {
                json.push_str(if at > 0 { "," } else { "" });
                write(json, &item, depth + 1)?;
            }
            json.push(']');
        }
        ValueKind::String => json.push_str(&quoted(&value.to_string())),
        // The error that it stands for.
        ValueKind::Invalid => {
            return Err(value.try_iter().err().unwrap_or_else(|| unwritable(value)));
        }
        _ => return Err(unwritable(value)),
    }
    Ok(())
}

fn write_map(json: &mut String, map: &Value, depth: usize) -> Result<(), Error> {
    json.push('{');
    for (at, key) in map.try_iter()?.enumerate() {
        json.push_str(if at > 0 { "," } else { "" });
        json.push_str(&quoted(&key.to_string()));
        json.push(':');
        write(json, &map.get_item(&key)?, depth + 1)?;
    }
    json.push('}');
    Ok(())
}

fn number(value: &Value) -> Result<String, Error> {
    if value.is_integer() {
        return Ok(value.to_string());
    }
    f64::try_from(value.clone())
        .ok()
        .and_then(serde_json::Number::from_f64)
        .map(|number| number.to_string())
        .ok_or_else(|| unwritable(value))
}

fn unwritable(value: &Value) -> Error {
    // Numbers that are none tell nothing; other values may be what is hidden.
    let shown = match value.kind() {
        ValueKind::Number => format!("{value}, a number"),
        kind => format!("a {kind}"),
    };
    let message = format!("JSON has no way to write {shown}");
    Error::new(ErrorKind::BadSerialization, message)
}

/// A text as JSON writes it.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
