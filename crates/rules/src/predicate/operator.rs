//! Operators of a predicate.

use crate::expr::{Comparison, Constant, Expr};
use crate::functions::Function;
use crate::pattern::{Pattern, Reach};
use crate::reader::Reader;
use crate::types;
use crate::yaml::{Node, NodeKind};

/// Operators of a predicate, all of them.
pub(super) const OPERATORS: [&str; 11] = [
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

/// Expression of an operator applied to a field, unless it could never hold.
pub(super) fn operator(
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

/// Expression of an operator applied to a field, and its spelling in CEL.
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
        return in_list(reader, field, &shown, node);
    }
    let constant = constant(reader, node)?;
    if let Some((comparison, sign)) = comparison(name) {
        let display = format!("{shown} {sign} {}", constant.spelled());
        let operands = Box::new([field.clone(), Expr::Constant(constant)]);
        return Some((Expr::Compare(comparison, operands), display));
    }
    if name == "matches" {
        return matches(reader, field, &shown, node, &constant);
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
    let display = format!("{shown}.{spelling}({})", constant.spelled());
    let arguments = vec![field.clone(), Expr::Constant(constant)];
    Some((Expr::Call(function, arguments), display))
}

/// Comparison that an operator makes, and its sign in CEL.
fn comparison(name: &str) -> Option<(Comparison, &'static str)> {
    let comparison = match name {
        "eq" => Comparison::Eq,
        "ne" => Comparison::Ne,
        "gt" => Comparison::Gt,
        "lt" => Comparison::Lt,
        "gte" => Comparison::Ge,
        "lte" => Comparison::Le,
        _ => return None,
    };
    Some((comparison, comparison.sign()))
}

fn in_list(
    reader: &mut Reader<'_>,
    field: &Expr,
    shown: &str,
    node: &Node,
) -> Option<(Expr, String)> {
    let NodeKind::List(items) = &node.kind else {
        return reader.fault(
            node.place,
            format!("in_list must be a list of values, is {}", node.described()),
        );
    };
    let constants: Vec<Option<Constant>> =
        items.iter().map(|item| constant(reader, item)).collect();
    let constants: Vec<Constant> = constants.into_iter().collect::<Option<_>>()?;
    let spelled: Vec<String> = constants.iter().map(Constant::spelled).collect();
    let display = format!("{shown} in [{}]", spelled.join(", "));
    let list = Expr::List(constants.into_iter().map(Expr::Constant).collect());
    Some((Expr::In(Box::new([field.clone(), list])), display))
}

fn matches(
    reader: &mut Reader<'_>,
    field: &Expr,
    shown: &str,
    node: &Node,
    pattern: &Constant,
) -> Option<(Expr, String)> {
    let Constant::Text(text) = pattern else {
        return reader.fault(
            node.place,
            format!(
                "matches must be a regular expression as text, is {}",
                node.described()
            ),
        );
    };
    match Pattern::compile(text, Reach::Part) {
        Ok(compiled) => Some((
            Expr::Matches(Box::new(field.clone()), compiled),
            format!("{shown}.matches({})", pattern.spelled()),
        )),
        Err(message) => reader.fault(node.place, message),
    }
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
