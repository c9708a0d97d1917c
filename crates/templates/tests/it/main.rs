//! Templates as callers write them: what they render to, what is told about those that are wrong, and what bounds them.

mod bounds;
mod escaping;
mod filters;
mod payloads;
mod payment;
mod properties;
mod texts;

use acteon_templates::{Context, Escaping, Text};

/// What a text renders to where `x` is a JSON value, or what is told.
fn with_x(source: &str, json: &str, escaping: Escaping) -> Result<String, String> {
    let text = Text::compile(source).map_err(|problem| problem.to_string())?;
    let context = Context::new().with("x", json);
    text.render(&context, escaping)
        .map_err(|error| error.to_string())
}
