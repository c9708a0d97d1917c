//! Predicate: a field, and operators that must all hold of it.

use acteon_config::Place;
use acteon_core::similar::nearest;

use super::condition::Condition;
use super::operator::{OPERATORS, operator};
use crate::expr::Expr;
use crate::never::conflict;
use crate::path::Path;
use crate::reader::Reader;
use crate::yaml::{Node, NodeKind};

/// Predicates that need state or programs which this version does not have.
const LATER: [&str; 5] = [
    "state_counter",
    "state_seen",
    "semantic_match",
    "wasm_plugin",
    "wasm_function",
];

/// Compiles one predicate: a mapping with `field` and its operators.
pub(super) fn comparison(
    reader: &mut Reader<'_>,
    node: &Node,
    entries: &[(String, Place, Node)],
) -> Option<Condition> {
    let mut good = true;
    let mut path = None;
    let mut operators = Vec::new();
    for (key, place, value) in entries {
        if key == "field" {
            path = field(reader, value);
            good &= path.is_some();
        } else if OPERATORS.contains(&key.as_str()) {
            operators.push((key.as_str(), value));
        } else if key == "not" && matches!(value.kind, NodeKind::Map(_) | NodeKind::List(_)) {
            let message = "there is no not: write the opposite operator, such as ne for eq, or a CEL condition with !(...), in which what \
                           is missing stays unknown";
            return reader.fault(*place, message.into());
        } else {
            reader.fault::<()>(*place, no_operator(key));
            good = false;
        }
    }
    if path.is_none() && good {
        return reader
            .fault(node.place, "field is missing: a predicate reads such as {field: action.payload.severity, eq: critical}".into());
    }
    let path = path?;
    if operators.is_empty() && good {
        let known = OPERATORS.join(", ");
        return reader.fault(
            node.place,
            format!("an operator is missing; known are: {known}"),
        );
    }
    let parts: Vec<Option<(Expr, String)>> = operators
        .into_iter()
        .map(|(name, value)| operator(reader, &path, name, value))
        .collect();
    let parts: Vec<(Expr, String)> = parts.into_iter().collect::<Option<_>>().filter(|_| good)?;
    joined(reader, node, parts)
}

/// Message for a key that is no operator.
fn no_operator(key: &str) -> String {
    if LATER.contains(&key) {
        return format!("{key} is not supported by this version");
    }
    if ["all", "any"].contains(&key) {
        return format!(
            "{key} stands alone in a condition: put what is beside it, or both, into the list of an all or any"
        );
    }
    let near =
        meant(key).or_else(|| nearest(key, OPERATORS.into_iter().chain(["field", "all", "any"])));
    let hint = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
    format!(
        "there is no operator {key:?}{hint}; a predicate has field and any of: {}",
        OPERATORS.join(", ")
    )
}

/// Condition that all operators of a field hold.
fn joined(
    reader: &mut Reader<'_>,
    node: &Node,
    mut parts: Vec<(Expr, String)>,
) -> Option<Condition> {
    if parts.len() == 1 {
        let (expr, display) = parts.remove(0);
        return Some(Condition { expr, display });
    }
    let (operands, displays): (Vec<Expr>, Vec<String>) = parts.into_iter().unzip();
    if let Some((_, why)) = conflict(&operands) {
        return reader.fault(node.place, why);
    }
    Some(Condition {
        expr: Expr::And(operands),
        display: displays.join(" && "),
    })
}

/// Operator here of what other languages call it.
fn meant(key: &str) -> Option<&'static str> {
    Some(match key {
        "equals" | "equal" | "is" | "==" | "=" | "value" => "eq",
        "not" | "not_equal" | "not_equals" | "neq" | "!=" => "ne",
        "greater_than" | ">" => "gt",
        "less_than" | "<" => "lt",
        "ge" | ">=" | "min" => "gte",
        "le" | "<=" | "max" => "lte",
        "in" | "one_of" | "any_of" => "in_list",
        "regex" | "regexp" | "match" | "=~" | "like" => "matches",
        "includes" => "contains",
        "prefix" => "starts_with",
        "suffix" => "ends_with",
        "and" => "all",
        "or" => "any",
        _ => return None,
    })
}

fn field(reader: &mut Reader<'_>, node: &Node) -> Option<Expr> {
    let NodeKind::Text(text) = &node.kind else {
        return reader.fault(
            node.place,
            format!(
                "field must be text such as action.payload.severity, is {}",
                node.described()
            ),
        );
    };
    if let Some(name) = text
        .strip_prefix("env.")
        .or_else(|| text.strip_prefix("environment."))
    {
        return match reader.env().get(name).cloned() {
            Some(value) => Some(Expr::text(&value)),
            None => reader.fault(
                node.place,
                format!("there is no {text}; it must be in [rules.env] of the configuration"),
            ),
        };
    }
    match Path::parse(text) {
        Ok(path) => Some(Expr::Field(path)),
        Err(message) => reader.fault(node.place, message),
    }
}
