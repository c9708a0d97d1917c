//! Groups of predicates: `{all: [...]}` and `{any: [...]}`.

use acteon_core::limits::MAX_CONDITION_DEPTH;

use super::comparison::comparison;
use super::condition::Condition;
use crate::expr::Expr;
use crate::never::conflict;
use crate::reader::Reader;
use crate::yaml::{Node, NodeKind};

/// Compiles a predicate that lies `depth` groups below the root.
pub(super) fn predicate(reader: &mut Reader<'_>, node: &Node, depth: usize) -> Option<Condition> {
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
    let displays: Vec<String> = conditions.iter().map(Condition::parenthesized).collect();
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
