//! Conditions as predicates: `{field, operator: value}`, `{all: [...]}`, `{any: [...]}`. Each also has a spelling in CEL, for people.

use acteon_core::limits::MAX_CONDITION_DEPTH;
use acteon_core::similar::nearest;

use crate::cel_syntax;
use crate::expr::{Comparison, Constant, Expr};

use crate::functions::Function;
use crate::never::{conflict, never};
use crate::path::Path;
use crate::quote::one_line;
use crate::reader::Reader;
use crate::types;
use crate::yaml::{Node, NodeKind};

/// A compiled condition and its spelling in CEL.
pub(crate) struct Condition {
    pub(crate) expr: Expr,
    pub(crate) display: String,
}

/// Every operator of a predicate.
pub(crate) const OPERATORS: [&str; 11] = [
    "eq",
    "ne",
    "gt",
    "lt",
    "gte",
    "lte",
    "contains",
    "starts_with",
    "ends_with",
    "matches",
    "in_list",
];

/// Predicates that need state or programs which this version does not have.
const LATER: [&str; 5] = [
    "state_counter",
    "state_seen",
    "semantic_match",
    "wasm_plugin",
    "wasm_function",
];

/// Compiles `node`; what is wrong is noted with the reader.
pub(crate) fn condition(reader: &mut Reader<'_>, node: &Node) -> Option<Condition> {
    match &node.kind {
        NodeKind::Text(text) => {
            let compiled = cel_syntax::compile(text, reader.env());
            let checked =
                compiled.and_then(|mut expr| types::check_condition(&mut expr).map(|()| expr));
            // What the environment decides is meant to be never true in one of them.
            let reads_environment = ["env.", "env[", "environment.", "environment["]
                .iter()
                .any(|root| text.contains(root));
            match checked.and_then(|expr| {
                never(&expr)
                    .filter(|_| !reads_environment)
                    .map_or(Ok(expr), Err)
            }) {
                Ok(expr) => Some(Condition {
                    expr,
                    display: one_line(text),
                }),
                Err(message) => reader.fault(node.place, message),
            }
        }
        NodeKind::Bool(flag) => Some(Condition {
            expr: Expr::Constant(Constant::Bool(*flag)),
            display: flag.to_string(),
        }),
        NodeKind::Map(_) => predicate(reader, node, 0),
        _ => reader.fault(
            node.place,
            format!(
                "must be predicates or a CEL expression as text, is {}",
                node.described()
            ),
        ),
    }
}

fn predicate(reader: &mut Reader<'_>, node: &Node, depth: usize) -> Option<Condition> {
    if depth > MAX_CONDITION_DEPTH {
        return reader.fault(
            node.place,
            format!(
                "conditions nest deeper than {MAX_CONDITION_DEPTH} levels; make it several rules"
            ),
        );
    }
    let NodeKind::Map(entries) = &node.kind else {
        return reader.fault(
            node.place,
            format!(
                "must be a predicate such as {{field: action.tenant, eq: acme}}, is {}",
                node.described()
            ),
        );
    };
    match &entries[..] {
        [(key, _, list)] if key == "all" || key == "any" => {
            group(reader, key == "all", list, depth)
        }
        _ => comparison(reader, node, entries),
    }
}

fn group(reader: &mut Reader<'_>, all: bool, list: &Node, depth: usize) -> Option<Condition> {
    let word = if all { "all" } else { "any" };
    let NodeKind::List(items) = &list.kind else {
        return reader.fault(
            list.place,
            format!(
                "{word} must be a list of predicates, is {}",
                list.described()
            ),
        );
    };
    if items.is_empty() {
        return reader.fault(list.place, format!("{word} needs at least one predicate"));
    }
    let conditions: Vec<Option<Condition>> = items
        .iter()
        .map(|item| predicate(reader, item, depth + 1))
        .collect();
    let conditions: Vec<Condition> = conditions.into_iter().collect::<Option<_>>()?;
    let displays: Vec<String> = conditions
        .iter()
        .map(|condition| parenthesized(&condition.expr, &condition.display))
        .collect();
    let display = displays.join(if all { " && " } else { " || " });
    let operands: Vec<Expr> = conditions
        .into_iter()
        .map(|condition| condition.expr)
        .collect();
    if all && let Some((at, why)) = conflict(&operands) {
        return reader.fault(items.get(at).map_or(list.place, |item| item.place), why);
    }
    Some(Condition {
        expr: if all {
            Expr::And(operands)
        } else {
            Expr::Or(operands)
        },
        display,
    })
}

fn parenthesized(expr: &Expr, display: &str) -> String {
    if matches!(expr, Expr::And(_) | Expr::Or(_)) {
        format!("({display})")
    } else {
        display.to_owned()
    }
}

fn comparison(
    reader: &mut Reader<'_>,
    node: &Node,
    entries: &[(String, acteon_config::Place, Node)],
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
        } else {
            let message = if LATER.contains(&key.as_str()) {
                format!("{key} is not supported by this version")
            } else {
                if key == "not" && matches!(value.kind, NodeKind::Map(_) | NodeKind::List(_)) {
                    let message = "there is no not: write the opposite operator, such as ne for eq, or a CEL condition with !(...), in which what \
                                   is missing stays unknown";
                    return reader.fault(*place, message.into());
                }
                let near = meant(key)
                    .or_else(|| nearest(key, OPERATORS.into_iter().chain(["field", "all", "any"])));
                let hint = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
                format!(
                    "there is no operator {key:?}{hint}; a predicate has field and any of: {}",
                    OPERATORS.join(", ")
                )
            };
            reader.fault::<()>(*place, message);
            good = false;
        }
    }
    if path.is_none() && good {
        return reader
            .fault(node.place, "field is missing: a predicate reads such as {field: action.payload.severity, eq: critical}".into());
    }
    let path = path?;
    if operators.is_empty() {
        return if good {
            reader.fault(
                node.place,
                format!(
                    "an operator is missing; known are: {}",
                    OPERATORS.join(", ")
                ),
            )
        } else {
            None
        };
    }
    let parts: Vec<Option<(Expr, String)>> = operators
        .into_iter()
        .map(|(name, value)| operator(reader, &path, name, value))
        .collect();
    let mut parts: Vec<(Expr, String)> =
        parts.into_iter().collect::<Option<_>>().filter(|_| good)?;
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

/// What other languages call an operator.
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

/// What an operator makes of a field, unless it could never hold.
fn operator(
    reader: &mut Reader<'_>,
    field: &Expr,
    name: &str,
    node: &Node,
) -> Option<(Expr, String)> {
    let (mut expr, display) = untyped(reader, field, name, node)?;
    match types::check(&mut expr) {
        Ok(_) => Some((expr, display)),
        Err(message) => reader.fault(node.place, message),
    }
}

fn untyped(
    reader: &mut Reader<'_>,
    field: &Expr,
    name: &str,
    node: &Node,
) -> Option<(Expr, String)> {
    let shown = match field {
        Expr::Field(path) => path.to_string(),
        _ => "env".to_owned(),
    };
    if name == "in_list" {
        let NodeKind::List(items) = &node.kind else {
            return reader.fault(
                node.place,
                format!("in_list must be a list of values, is {}", node.described()),
            );
        };
        let constants: Vec<Option<Constant>> =
            items.iter().map(|item| constant(reader, item)).collect();
        let constants: Vec<Constant> = constants.into_iter().collect::<Option<_>>()?;
        let display = format!(
            "{shown} in [{}]",
            constants
                .iter()
                .map(Constant::spelled)
                .collect::<Vec<_>>()
                .join(", ")
        );
        let list = Expr::List(constants.into_iter().map(Expr::Constant).collect());
        return Some((Expr::In(Box::new([field.clone(), list])), display));
    }
    let constant = constant(reader, node)?;
    let right = constant.spelled();
    let compare = |comparison, sign: &str| {
        let operands = Box::new([field.clone(), Expr::Constant(constant.clone())]);
        Some((
            Expr::Compare(comparison, operands),
            format!("{shown} {sign} {right}"),
        ))
    };
    match name {
        "eq" => return compare(Comparison::Eq, "=="),
        "ne" => return compare(Comparison::Ne, "!="),
        "gt" => return compare(Comparison::Gt, ">"),
        "lt" => return compare(Comparison::Lt, "<"),
        "gte" => return compare(Comparison::Ge, ">="),
        "lte" => return compare(Comparison::Le, "<="),
        _ => {}
    }
    if name == "matches" {
        let Constant::Text(text) = &constant else {
            return reader.fault(
                node.place,
                format!(
                    "matches must be a regular expression as text, is {}",
                    node.described()
                ),
            );
        };
        return match cel_syntax::pattern(text) {
            Ok(pattern) => Some((
                Expr::Matches(Box::new(field.clone()), pattern),
                format!("{shown}.matches({right})"),
            )),
            Err(message) => reader.fault(node.place, message),
        };
    }
    if matches!(
        (name, &constant),
        ("starts_with" | "ends_with", Constant::Null)
    ) {
        return reader.fault(
            node.place,
            format!(
                "{name} must be text, is empty: no text begins or ends with nothing; leave it out"
            ),
        );
    }
    let (function, spelling) = match name {
        "contains" => (Function::Contains, "contains"),
        "starts_with" => (Function::StartsWith, "startsWith"),
        _ => (Function::EndsWith, "endsWith"),
    };
    let arguments = vec![field.clone(), Expr::Constant(constant)];
    Some((
        Expr::Call(function, arguments),
        format!("{shown}.{spelling}({right})"),
    ))
}

fn constant(reader: &mut Reader<'_>, node: &Node) -> Option<Constant> {
    Some(match &node.kind {
        NodeKind::Null => Constant::Null,
        NodeKind::Bool(flag) => Constant::Bool(*flag),
        NodeKind::Int(number) => Constant::Int(*number),
        NodeKind::Number(text) => Constant::Number(text.as_str().into()),
        NodeKind::Text(text) => Constant::Text(text.as_str().into()),
        NodeKind::List(_) | NodeKind::Map(_) => {
            return reader.fault(
                node.place,
                format!("must be one value to compare with, is {}", node.described()),
            );
        }
    })
}
