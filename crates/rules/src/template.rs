//! Payload changes whose texts may hold `{{ expressions }}`, in the language of conditions.

use std::collections::BTreeMap;

use acteon_core::json::{Member, members};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use crate::cel_syntax;
use crate::eval::{self, Stop};
use crate::expr::Expr;
use crate::facts::{Facts, Zone};
use crate::functions::escape;
use crate::value::Val;

#[derive(Clone, Debug)]
pub(crate) enum Template {
    Constant(Json),
    /// A text that is one expression keeps the type of its value.
    Whole(Expr),
    Text(Vec<Piece>),
    List(Vec<Template>),
    Map(Vec<(String, Template)>),
}

#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Text(String),
    Value(Expr),
}

impl Template {
    pub(crate) fn compile(json: &Json, env: &BTreeMap<String, String>) -> Result<Self, String> {
        Ok(match json {
            Json::String(text) if text.contains("{{") => text_template(text, env)?,
            Json::Array(items) => Self::List(
                items
                    .iter()
                    .map(|item| Self::compile(item, env))
                    .collect::<Result<_, _>>()?,
            ),
            Json::Object(map) => {
                let entry = |(key, value): (&String, &Json)| {
                    Ok::<_, String>((key.clone(), Self::compile(value, env)?))
                };
                Self::Map(map.iter().map(entry).collect::<Result<_, _>>()?)
            }
            _ => Self::Constant(json.clone()),
        })
    }

    /// The value; `None` where a whole expression reads a field that is not there, so that nothing is to be changed.
    pub(crate) fn render(&self, facts: &Facts<'_>, zone: &Zone) -> Result<Option<Json>, String> {
        let value = |expr: &Expr| match eval::value(expr, facts, zone) {
            // Labels are others' words, and land in texts that services read as markdown.
            Ok(Val::Text(text)) if expr.is_label() => Ok(Some(Json::String(escape(&text)))),
            Ok(value) => Ok(Some(value.to_json())),
            Err(Stop::Unknown) => Ok(None),
            Err(Stop::Error(message)) => Err(message.to_string()),
        };
        Ok(match self {
            Self::Constant(json) => Some(json.clone()),
            Self::Whole(expr) => value(expr)?,
            Self::Text(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(fixed) => text.push_str(fixed),
                        Piece::Value(expr) => match value(expr)? {
                            Some(Json::String(inserted)) => text.push_str(&inserted),
                            // Whoever reads the text must see that something is not there.
                            None | Some(Json::Null) => text.push_str(&missing(expr)),
                            Some(other) => text.push_str(&other.to_string()),
                        },
                    }
                }
                Some(Json::String(text))
            }
            Self::List(items) => {
                let rendered = items
                    .iter()
                    .map(|item| Ok(item.render(facts, zone)?.unwrap_or(Json::Null)));
                Some(Json::Array(rendered.collect::<Result<_, String>>()?))
            }
            Self::Map(entries) => {
                let mut map = Map::new();
                for (key, template) in entries {
                    if let Some(value) = template.render(facts, zone)? {
                        map.insert(key.clone(), value);
                    }
                }
                Some(Json::Object(map))
            }
        })
    }
}

/// What stands in a text for a field that is not there.
fn missing(expr: &Expr) -> String {
    let field = expr
        .first_field()
        .map(ToString::to_string)
        .unwrap_or_default();
    let name = field.rsplit_once('.').map_or(&*field, |(_, name)| name);
    if name.is_empty() {
        "(none)".into()
    } else {
        format!("(no {name})")
    }
}

fn text_template(text: &str, env: &BTreeMap<String, String>) -> Result<Template, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let inner = &rest[start + 2..];
        let end = inner
            .find("}}")
            .ok_or_else(|| format!("the closing }}}} is missing in {text:?}"))?;
        if start > 0 {
            pieces.push(Piece::Text(rest[..start].to_owned()));
        }
        let expression = inner[..end].trim();
        pieces
            .push(Piece::Value(cel_syntax::compile(expression, env).map_err(
                |error| format!("in {{{{ {expression} }}}}: {error}"),
            )?));
        rest = &inner[end + 2..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    match pieces.pop() {
        Some(Piece::Value(expr)) if pieces.is_empty() => Ok(Template::Whole(expr)),
        last => Ok(Template::Text(pieces.into_iter().chain(last).collect())),
    }
}

/// Applies an RFC 7386 merge patch.
pub fn merge_patch(target: &mut Json, patch: &Json) {
    let Json::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Json::Object(Map::new());
    }
    let Json::Object(map) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            map.remove(key);
        } else {
            merge_patch(map.entry(key.clone()).or_insert(Json::Null), value);
        }
    }
}

/// A payload with an RFC 7386 merge patch applied to its text: what the patch does not name stays byte for byte, whatever numbers it holds.
pub fn patched(payload: &RawValue, patch: &Json) -> Result<Box<RawValue>, serde_json::Error> {
    let mut text = String::with_capacity(payload.get().len() + 64);
    patch_text(payload.get(), patch, &mut text)?;
    RawValue::from_string(text)
}

fn patch_text(target: &str, patch: &Json, text: &mut String) -> Result<(), serde_json::Error> {
    let Json::Object(patch) = patch else {
        text.push_str(&serde_json::to_string(patch)?);
        return Ok(());
    };
    let members = members(target);
    if patch.is_empty() && members.is_some() {
        text.push_str(target);
        return Ok(());
    }
    // What is no object counts as an empty one.
    let members: Vec<Member<'_>> = members.into_iter().flatten().collect();
    let names: Vec<_> = members.iter().map(Member::name).collect();
    text.push('{');
    let start = text.len();
    let next = |text: &mut String, quoted: &str| {
        if text.len() > start {
            text.push(',');
        }
        text.push_str(quoted);
        text.push(':');
    };
    for (at, (member, name)) in members.iter().zip(&names).enumerate() {
        match patch.get(&**name) {
            None => {
                next(text, member.quoted);
                text.push_str(member.value);
            }
            Some(Json::Null) => {}
            // Of a name that comes twice, as in what older versions accepted, the last counts.
            Some(_) if names[at + 1..].contains(name) => {}
            Some(value) => {
                next(text, member.quoted);
                patch_text(member.value, value, text)?;
            }
        }
    }
    for (name, value) in patch
        .iter()
        .filter(|(name, value)| !value.is_null() && !names.iter().any(|known| **known == **name))
    {
        next(text, &serde_json::to_string(name)?);
        patch_text("null", value, text)?;
    }
    text.push('}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_patch_does_not_name_stays_byte_for_byte() {
        let check = |payload: &str, patch: Json, expected: &str| {
            let payload = RawValue::from_string(payload.to_owned()).expect("JSON");
            assert_eq!(patched(&payload, &patch).expect("JSON").get(), expected);
        };
        let rest = r#""n":123456789012345678901234567890,"\u0061":[1.10, 1e400],"cut":"\ud83d""#;
        let payload = &format!(r#"{{{rest}, "o":{{"x":1.0,"y":2}}}}"#);
        check(
            payload,
            json!({ "z": 1 }),
            &format!(r#"{{{rest},"o":{{"x":1.0,"y":2}},"z":1}}"#),
        );
        check(
            payload,
            json!({ "o": { "y": null, "new": { "gone": null, "k": true } } }),
            &format!(r#"{{{rest},"o":{{"x":1.0,"new":{{"k":true}}}}}}"#),
        );
        check(payload, json!({}), payload);
        check("[1.10]", json!({ "a": 1 }), r#"{"a":1}"#);
        check(r#"{"a":1}"#, json!("text"), r#""text""#);
        check(
            r#"{ "a" : 1 , "a" : 2 }"#,
            json!({ "a": { "b": null } }),
            r#"{"a":{}}"#,
        );
        check(r#"{"a":{"b":1}}"#, json!({ "a": null }), "{}");
    }
}
