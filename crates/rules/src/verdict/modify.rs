//! `modify`: the action goes with a changed payload, or with another priority.

use super::entry::{PRIORITY, VerdictEntry, needed};
use crate::path::Path;
use crate::reader::{Fields, Reader};
use crate::rule::{Changes, Verdict};
use crate::template::Template;
use crate::yaml::{Node, NodeKind};
use acteon_config::Place;

pub(super) const ENTRY: VerdictEntry = VerdictEntry {
    keys: &[needed("changes"), PRIORITY],
    synonyms: &["change", "transform", "patch", "set"],
    parse,
    described: "Modify",
    outcome: "executed",
};

fn parse(reader: &mut Reader<'_>, node: &Node, fields: &Fields<'_>) -> Option<Verdict> {
    // A rule that changes the priority alone leaves the payload as it is.
    let changes = if fields.contains_key("priority") && !fields.contains_key("changes") {
        None
    } else {
        Some(reader.changes(node, fields)?)
    };
    Some(Verdict::Modify { changes })
}

impl Reader<'_> {
    fn changes(&mut self, node: &Node, fields: &Fields<'_>) -> Option<Changes> {
        let node = self.needed(
            node,
            fields,
            "changes",
            "what of the payload changes; modify may also have a priority alone",
        )?;
        if !matches!(node.kind, NodeKind::Map(_)) {
            return self.fault(
                node.place,
                format!(
                    "changes must be a mapping to merge into the payload, is {}",
                    node.described()
                ),
            );
        }
        if let NodeKind::Map(entries) = &node.kind {
            for (key, place, value) in entries {
                if let Some(message) = outside_payload(key, value) {
                    self.fault::<()>(*place, message);
                }
            }
        }
        match Template::compile(node, self.env()) {
            Ok(template) => Some(Changes(template)),
            Err(message) => self.fault(node.place, message),
        }
    }
}

/// Message for a change that is meant for what is not in the payload, or is named as if the payload
/// were within itself.
fn outside_payload(key: &str, value: &Node) -> Option<String> {
    let within = key.strip_prefix("action.").unwrap_or(key);
    if let Some(name) = within.strip_prefix("payload.") {
        return Some(format!(
            "changes are of the payload itself: write {} in place of {key:?}",
            nested(name)
        ));
    }
    let is_field = |name: &str| Path::action_fields().any(|field| field == name);
    let holds_fields = |entries: &[(String, Place, Node)]| {
        !entries.is_empty() && entries.iter().all(|(name, ..)| is_field(name))
    };
    let is_outside = within != key
        || (key == "action"
            && matches!(&value.kind, NodeKind::Map(entries) if holds_fields(entries)));
    let message = || {
        format!(
            "changes are of the payload itself, and {key:?} is outside of it: a rule changes nothing else but provider and priority"
        )
    };
    is_outside.then(message)
}

/// Nested mapping that a path of names means.
fn nested(path: &str) -> String {
    let inner = path.split('.').rev().fold("...".to_owned(), |inner, name| {
        if inner == "..." {
            format!("{name}: ...")
        } else {
            format!("{name}: {{{inner}}}")
        }
    });
    format!("`{inner}`")
}
