//! Templates of payload changes, whose texts may hold `{{ expressions }}` in the language of
//! conditions.

use std::collections::BTreeMap;

use acteon_core::json::{Member, members};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use crate::cel;
use crate::eval::{self, Stop};
use crate::expr::Expr;
use crate::facts::Facts;
use crate::functions::escape;
use crate::quote::quoted;
use crate::value::Val;
use crate::yaml::{Node, NodeKind};
use crate::zone::Zone;

#[derive(Clone, Debug)]
pub(crate) enum Template {
    /// JSON that is put in as it is.
    Constant(String),
    /// One expression, which keeps the type of its value.
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
    pub(crate) fn compile(node: &Node, env: &BTreeMap<String, String>) -> Result<Self, String> {
        Ok(match &node.kind {
            NodeKind::Text(text) if text.contains("{{") => text_template(text, env)?,
            NodeKind::List(items) => Self::List(
                items
                    .iter()
                    .map(|item| Self::compile(item, env))
                    .collect::<Result<_, _>>()?,
            ),
            NodeKind::Map(entries) => {
                let entry = |(key, _, value): &(String, _, Node)| {
                    Ok::<_, String>((key.clone(), Self::compile(value, env)?))
                };
                Self::Map(entries.iter().map(entry).collect::<Result<_, _>>()?)
            }
            _ => Self::Constant(node.to_text()),
        })
    }

    /// JSON of the value, numbers as they were written; `None` where a whole expression reads a
    /// field that is not there, so that nothing is to be changed.
    pub(crate) fn render(&self, facts: &Facts<'_>, zone: &Zone) -> Result<Option<String>, String> {
        Ok(match self {
            Self::Constant(json) => Some(json.clone()),
            Self::Whole(expr) => value(expr, facts, zone)?.map(|value| value.to_json()),
            Self::Text(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(fixed) => text.push_str(fixed),
                        Piece::Value(expr) => match value(expr, facts, zone)? {
                            // Whoever reads the text must see that something is not there.
                            None | Some(Val::Null) => text.push_str(&missing(expr)),
                            Some(other) => text.push_str(&other.to_text()),
                        },
                    }
                }
                Some(quoted(&text))
            }
            Self::List(items) => {
                let rendered = items
                    .iter()
                    .map(|item| Ok(item.render(facts, zone)?.unwrap_or_else(|| "null".into())));
                Some(format!(
                    "[{}]",
                    rendered.collect::<Result<Vec<_>, String>>()?.join(",")
                ))
            }
            Self::Map(entries) => {
                let mut members = Vec::with_capacity(entries.len());
                for (key, template) in entries {
                    if let Some(value) = template.render(facts, zone)? {
                        members.push(format!("{}:{value}", quoted(key)));
                    }
                }
                Some(format!("{{{}}}", members.join(",")))
            }
        })
    }
}

/// Value of an expression; `None` where it reads a field that is not there.
fn value<'a>(
    expr: &'a Expr,
    facts: &'a Facts<'_>,
    zone: &'a Zone,
) -> Result<Option<Val<'a>>, String> {
    match eval::value(expr, facts, zone) {
        // Labels are others' words, and land in texts that services read as markdown.
        Ok(Val::Text(text)) if expr.is_label() => Ok(Some(Val::Text(escape(&text).into()))),
        Ok(value) => Ok(Some(value)),
        Err(Stop::Unknown) => Ok(None),
        Err(Stop::Error(message)) => Err(message.to_string()),
    }
}

/// Text that stands for a field that is not there.
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
            .push(Piece::Value(cel::compile(expression, env).map_err(
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

/// Reason why changes cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PatchError {
    /// The payload holds no members that changes could be merged with.
    #[error(
        "the changes of a rule are merged into an object, and the payload is {0}: nothing of it would be left"
    )]
    NoObject(&'static str),
    /// The changed payload is no JSON.
    #[error("a rule changes the payload, which cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
}

/// Payload with an RFC 7386 merge patch applied to its text: what the patch does not name stays
/// byte for byte, whatever numbers it holds.
pub fn patched(payload: &RawValue, patch: &RawValue) -> Result<Box<RawValue>, PatchError> {
    if members(patch.get()).is_some_and(|changes| changes.is_empty()) {
        return Ok(payload.to_owned());
    }
    let kind = match payload.get().trim_start().as_bytes().first() {
        Some(b'"') => Some("a text"),
        Some(b'[') => Some("a list"),
        Some(b't' | b'f') => Some("true or false"),
        Some(b'-' | b'0'..=b'9') => Some("a number"),
        // Of null nothing is lost.
        _ => None,
    };
    if let Some(kind) = kind {
        return Err(PatchError::NoObject(kind));
    }
    let mut text = String::with_capacity(payload.get().len() + 64);
    patch_text(payload.get(), patch.get(), &mut text);
    Ok(RawValue::from_string(text)?)
}

fn patch_text(target: &str, patch: &str, text: &mut String) {
    let Some(patch) = members(patch) else {
        text.push_str(patch);
        return;
    };
    let members = members(target);
    if patch.is_empty() && members.is_some() {
        text.push_str(target);
        return;
    }
    // What is no object counts as an empty one.
    let members: Vec<Member<'_>> = members.into_iter().flatten().collect();
    let names: Vec<_> = members.iter().map(Member::name).collect();
    let last: BTreeMap<_, usize> = names
        .iter()
        .enumerate()
        .map(|(at, name)| (name, at))
        .collect();
    let changes: BTreeMap<_, _> = patch
        .iter()
        .map(|member| (member.name(), member.value))
        .collect();
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
        match changes.get(name).copied() {
            None => {
                next(text, member.quoted);
                text.push_str(member.value);
            }
            Some("null") => {}
            // Of a name that comes twice, as in what older versions accepted, the last counts.
            Some(_) if last.get(name).is_some_and(|last| *last > at) => {}
            Some(value) => {
                next(text, member.quoted);
                patch_text(member.value, value, text);
            }
        }
    }
    for member in patch
        .iter()
        .filter(|member| member.value != "null" && !last.contains_key(&member.name()))
    {
        next(text, member.quoted);
        patch_text("null", member.value, text);
    }
    text.push('}');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_patch_does_not_name_stays_byte_for_byte() {
        let check = |payload: &str, patch: Json, expected: &str| {
            let [payload, patch] = [payload.to_owned(), patch.to_string()]
                .map(|text| RawValue::from_string(text).expect("JSON"));
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
        check("null", json!({ "a": 1 }), r#"{"a":1}"#);
        check(
            r#"{ "a" : 1 , "a" : 2 }"#,
            json!({ "a": { "b": null } }),
            r#"{"a":{}}"#,
        );
        check(r#"{"a":{"b":1}}"#, json!({ "a": null }), "{}");
    }
}
