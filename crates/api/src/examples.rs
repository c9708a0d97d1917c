//! Examples of answers, by the name of their schema.

use serde_json::{Map, Value};

/// Examples, in a file of their own, which a test holds against the schemas.
const EXAMPLES: &str = include_str!("examples.json");

/// Example of an answer of this schema, where there is one.
pub fn example(schema: &str) -> Option<Value> {
    let mut all: Map<String, Value> = serde_json::from_str(EXAMPLES).ok()?;
    all.remove(schema)
}
