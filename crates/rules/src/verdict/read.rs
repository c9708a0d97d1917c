//! The `action` of a rule in a rules file: its verdict, and the priority that goes with it.

use acteon_core::similar::nearest;
use acteon_core::{Priority, VerdictKind};

use super::entry;
use super::entry::VerdictEntry;
use crate::file::ACTION_KEYS;
use crate::reader::Reader;
use crate::rule::Verdict;
use crate::yaml::{Node, NodeKind};

impl Reader<'_> {
    /// Verdict, and the priority that goes with it.
    pub(crate) fn verdict(&mut self, node: &Node) -> Option<(Verdict, Option<Priority>)> {
        let before = self.diagnostics.len();
        if let NodeKind::Text(text) = &node.kind {
            return self.fault(node.place, as_mapping(text));
        }
        let fields = self.fields(node, ACTION_KEYS, &["type"])?;
        let type_node = *fields.get("type")?;
        let type_name = self.text(type_node)?;
        let Some(kind) = VerdictKind::parse(&type_name) else {
            return self.fault(type_node.place, no_verdict(&type_name));
        };
        let VerdictEntry { keys, parse, .. } = entry(kind);
        for (name, node) in &fields {
            if *name != "type" && !keys.iter().any(|key| key.name == *name) {
                self.fault::<()>(
                    node.place,
                    format!("{type_name} takes no {name}{}", takes_what(kind)),
                );
            }
        }
        let verdict = parse(self, node, &fields)?;
        let priority = fields.get("priority").and_then(|node| self.priority(node));
        (self.diagnostics.len() == before).then_some((verdict, priority))
    }

    fn priority(&mut self, node: &Node) -> Option<Priority> {
        let text = self.text(node)?;
        let known = Priority::ALL.map(Priority::as_str).join(", ");
        Priority::parse(&text).or_else(|| {
            self.fault(
                node.place,
                format!("priority must be one of {known}, is {text:?}"),
            )
        })
    }
}

/// List of the keys that a verdict takes, for whoever gave another.
fn takes_what(kind: VerdictKind) -> String {
    let keys: Vec<&str> = entry(kind).keys.iter().map(|key| key.name).collect();
    if keys.is_empty() {
        "; leave it out".to_owned()
    } else {
        format!("; it takes: {}", keys.join(", "))
    }
}

/// Message for an action that is a word.
fn as_mapping(text: &str) -> String {
    let Some(kind) = VerdictKind::parse(text) else {
        return format!(
            "action must be a mapping such as {{type: deny}}; {}",
            no_verdict(text)
        );
    };
    let needed = entry(kind).keys.iter().filter(|key| key.is_needed);
    let parameters: Vec<String> = std::iter::once(format!("type: {text}"))
        .chain(needed.map(|key| format!("{}: ...", key.name)))
        .collect();
    format!(
        "action must be a mapping: write action: {{{}}}",
        parameters.join(", ")
    )
}

fn no_verdict(text: &str) -> String {
    if VerdictKind::LATER.contains(&text) {
        return format!("{text} is not supported by this version");
    }
    let names = VerdictKind::ALL.map(VerdictKind::as_str);
    let near = synonym(text).or_else(|| nearest(text, names));
    let hint = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
    format!(
        "there is no action type {text:?}{hint}; known are: {}",
        names.join(", ")
    )
}

/// Verdict that people mean by another word.
fn synonym(text: &str) -> Option<&'static str> {
    VerdictKind::ALL
        .into_iter()
        .find(|kind| entry(*kind).synonyms.contains(&text))
        .map(VerdictKind::as_str)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_keys_of_an_action_are_those_of_all_verdicts() {
        let of_verdicts = VerdictKind::ALL
            .into_iter()
            .flat_map(|kind| entry(kind).keys)
            .map(|key| key.name);
        assert_eq!(
            of_verdicts.chain(["type"]).collect::<BTreeSet<_>>(),
            ACTION_KEYS.iter().copied().collect()
        );
    }
}
