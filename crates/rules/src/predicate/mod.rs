//! Conditions as predicates: `{field, operator: value}`, `{all: [...]}`, `{any: [...]}`. Each also has a spelling in CEL, for people.

mod comparison;
mod condition;
mod group;
mod operator;

use crate::cel;
use crate::expr::{Constant, Expr};
use crate::never::never;
use crate::quote::one_line;
use crate::reader::Reader;
use crate::types;
use crate::yaml::{Node, NodeKind};

pub(crate) use condition::Condition;
use group::predicate;

/// Compiles `node`; what is wrong is said to the reader.
pub(crate) fn condition(reader: &mut Reader<'_>, node: &Node) -> Option<Condition> {
    match &node.kind {
        NodeKind::Text(text) => {
            let compiled = cel::compile(text, reader.env());
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
