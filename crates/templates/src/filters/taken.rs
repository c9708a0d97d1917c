//! What filters take.

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind, State};

/// Error of a filter that was given what it cannot take.
pub(crate) fn refusal(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// Number of a value, which may also be a text, as Prometheus' values are.
pub(super) fn number(value: &Value) -> Result<f64, Error> {
    let number = match value.as_str() {
        Some(text) => text.trim().parse().ok(),
        None if value.is_number() => f64::try_from(value.clone())
            .ok()
            .or_else(|| value.to_string().parse().ok()),
        None => None,
    };
    number.ok_or_else(|| refusal(format!("{} is no number", named(value))))
}

/// What a value is, without its content: errors are logged, and shown where the value is hidden.
pub(super) fn named(value: &Value) -> String {
    match value.kind() {
        ValueKind::String => "a text".to_owned(),
        ValueKind::None => "null".to_owned(),
        kind => format!("a {kind}"),
    }
}

/// Has the engine say what is not there: it knows its name.
pub(crate) fn defined(state: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        state.apply_filter("upper", std::slice::from_ref(value))?;
    }
    Ok(())
}
