//! JSON Schema of a body, made from the table that reads it.

use acteon_core::limits::{MAX_BODY_BYTES, MAX_CRON_BYTES, MAX_NAME_BYTES};
use serde_json::{Map, Value, json};

use super::{Field, FieldType, Shape};

/// Pattern of new names: no control characters, and no blank at either end. What else a name must
/// not be has no short pattern.
const NAME: &str = "^[^\\s\\u0000-\\u001f\\u007f-\\u009f]([^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f])?$";

/// Schema of the bodies of a shape.
pub(in crate::http) fn schema(shape: &Shape) -> Value {
    object(shape.fields)
}

fn object(groups: &[&[Field]]) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for field in groups.iter().flat_map(|group| group.iter()) {
        properties.insert(field.name.to_owned(), of(field));
        if field.is_needed {
            required.push(field.name);
        }
    }
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// Schema of a field. `null` counts as absent, so one that may be left out may be `null`.
fn of(field: &Field) -> Value {
    let mut schema = match &field.is {
        FieldType::Name | FieldType::Tenant => {
            json!({ "type": "string", "minLength": 1, "maxLength": MAX_NAME_BYTES, "pattern": NAME })
        }
        FieldType::Text(longest) if field.is_needed => {
            json!({ "type": "string", "minLength": 1, "maxLength": longest, "pattern": "\\S" })
        }
        FieldType::Text(longest) | FieldType::Verbatim(longest) => {
            json!({ "type": "string", "maxLength": longest })
        }
        FieldType::Word(words) => return word(field, words),
        FieldType::Time => json!({ "type": "string", "format": "date-time" }),
        FieldType::Flag => json!({ "type": "boolean" }),
        FieldType::Cron => {
            json!({ "type": "string", "maxLength": MAX_CRON_BYTES, "format": "cron" })
        }
        FieldType::TimeZone => {
            json!({ "type": "string", "maxLength": MAX_NAME_BYTES, "format": "time-zone" })
        }
        FieldType::Whole(range) => {
            json!({ "type": "integer", "minimum": range.start(), "maximum": range.end() })
        }
        // Flat, or as some clients send them, within `labels`.
        FieldType::Labels => {
            json!({ "type": "object", "additionalProperties": { "type": ["string", "object", "null"] } })
        }
        FieldType::Texts => {
            json!({ "type": "object", "additionalProperties": { "type": ["string", "null"] } })
        }
        FieldType::Objects(fields, most) => {
            json!({ "type": "array", "items": object(&[fields]), "maxItems": most })
        }
        FieldType::Json if field.is_needed => {
            json!({ "type": ["object", "array", "string", "number", "boolean"] })
        }
        FieldType::JsonOf(name) => return described(field, name),
        FieldType::Base64 => {
            json!({ "type": "string", "contentEncoding": "base64", "maxLength": MAX_BODY_BYTES })
        }
        FieldType::Json | FieldType::Unheeded => json!({}),
    };
    if !field.is_needed
        && let Some(is) = schema.get("type").cloned()
    {
        schema["type"] = json!([is, "null"]);
    }
    schema
}

fn described(field: &Field, name: &str) -> Value {
    let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
    if field.is_needed {
        schema
    } else {
        json!({ "anyOf": [schema, { "type": "null" }] })
    }
}

fn word(field: &Field, words: &[&str]) -> Value {
    let mut known: Vec<Value> = words.iter().map(|word| json!(word)).collect();
    if !field.is_needed {
        known.push(Value::Null);
    }
    json!({ "enum": known })
}
