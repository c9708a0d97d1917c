//! `reroute`: the action goes through another provider.

use acteon_core::ProviderName;
use acteon_core::similar::nearest;

use super::entry::{PRIORITY, VerdictEntry, needed};
use crate::reader::{Fields, Reader};
use crate::rule::Verdict;
use crate::yaml::Node;

pub(super) const ENTRY: VerdictEntry = VerdictEntry {
    keys: &[needed("target_provider"), PRIORITY],
    synonyms: &["route", "redirect", "forward"],
    parse: |reader, node, fields| {
        let target = reader.target(node, fields)?;
        Some(Verdict::Reroute { target })
    },
    described: "Reroute",
    outcome: "rerouted",
};

impl Reader<'_> {
    fn target(&mut self, node: &Node, fields: &Fields<'_>) -> Option<ProviderName> {
        let node = self.needed(
            node,
            fields,
            "target_provider",
            "through which provider it goes",
        )?;
        let text = self.text(node)?;
        self.known_provider(node, "target_provider", &text)
    }

    /// Provider of a name, which must be there; `key` is what gives it.
    pub(super) fn known_provider(
        &mut self,
        node: &Node,
        key: &str,
        text: &str,
    ) -> Option<ProviderName> {
        let known = &self.context.providers;
        match ProviderName::parse(text) {
            Ok(name) if known.as_ref().is_none_or(|known| known.contains(&name)) => Some(name),
            Ok(_) => {
                let known: Vec<&str> = known.iter().flatten().map(ProviderName::as_str).collect();
                let hint = nearest(text, known.iter().copied())
                    .map_or(String::new(), |near| format!("; did you mean {near}?"));
                self.fault(
                    node.place,
                    format!(
                        "there is no provider {text:?}{hint}; configured are: {}",
                        known.join(", ")
                    ),
                )
            }
            Err(error) => self.fault(node.place, format!("{key} {error}")),
        }
    }
}
