//! The `[[providers]]` blocks.

use std::collections::BTreeMap;

use acteon_core::ProviderName;
use acteon_providers::{Context, KNOWN_TYPES, ProviderType, catalog};
use toml::de::{DeTable, DeValue};

use super::ConfiguredProvider;
use super::schema::PROVIDER;
use super::walk::{Block, Walker};

pub(super) fn build(walker: &mut Walker<'_>, context: &Context) -> Vec<ConfiguredProvider> {
    let types = catalog();
    let mut first_lines = BTreeMap::new();
    let mut providers = Vec::new();
    for (index, block) in walker.blocks("providers").into_iter().enumerate() {
        let section = section_name(&block.table, index);
        let before = providers.len();
        providers.extend(build_one(walker, &section, &block, &types, context));
        if let Some(provider) = providers.get(before)
            && let Some(first) = first_lines.insert(provider.name.clone(), index)
        {
            let message = format!(
                "the name {:?} is taken by block {}; each provider needs a name of its own",
                provider.name.as_str(),
                first + 1
            );
            walker.trouble(&section, "name", &message);
        }
    }
    providers
}

fn build_one<'a>(
    walker: &mut Walker<'a>,
    section: &str,
    block: &Block<'a>,
    types: &[ProviderType],
    context: &Context,
) -> Option<ConfiguredProvider> {
    let type_name = text_of(&block.table, "type");
    let found = type_name
        .as_deref()
        .and_then(|name| types.iter().find(|known| known.name == name));
    let Some(found) = found else {
        match type_name {
            Some(name) => walker.push(
                &type_span(block),
                format!("{section}: type"),
                unknown_type(&name, types),
                None,
            ),
            None => drop(walker.read(
                section,
                &only(&block.table, &["name", "type"]),
                &block.span,
                &[PROVIDER],
            )),
        }
        return None;
    };
    let settings = walker.read(section, &block.table, &block.span, &[PROVIDER, found.keys]);
    let on_repairable = super::on_repairable(walker, section, &settings);
    let complete = found
        .keys
        .iter()
        .filter(|key| key.required)
        .all(|key| settings.has(key.name));
    // A name that is missing, or no text, is told of already.
    let name = match settings.text("name").map(ProviderName::parse_new) {
        Some(Ok(name)) => Some(name),
        Some(Err(error)) => {
            walker.trouble(section, "name", &error.to_string());
            None
        }
        None => None,
    };
    if !complete {
        return None;
    }
    let for_messages = name
        .clone()
        .or_else(|| ProviderName::parse("unnamed").ok())?;
    match (found.build)(&for_messages, &settings, context) {
        Ok(provider) => {
            let type_name = found.name.to_owned();
            Some(ConfiguredProvider {
                name: name?,
                type_name,
                provider,
                on_repairable,
                keys: found.keys,
                settings,
            })
        }
        Err(problems) => {
            for problem in problems {
                walker.trouble(section, problem.key, &problem.message);
            }
            None
        }
    }
}

/// The block's name for messages: what it calls itself and its place.
fn section_name(table: &DeTable<'_>, index: usize) -> String {
    match text_of(table, "name") {
        Some(name) => format!("providers[{index}] ({name})"),
        None => format!("providers[{index}]"),
    }
}

fn unknown_type(name: &str, types: &[ProviderType]) -> String {
    let gated = KNOWN_TYPES
        .iter()
        .find(|known| known.name == name)
        .and_then(|known| known.feature);
    if let Some(feature) = gated {
        return format!(
            "this binary was built without the cargo feature {feature:?}: build it with `cargo build -p acteon-server --features {feature}`"
        );
    }
    if let Some(near) = crate::similar::nearest(name, types.iter().map(|known| known.name)) {
        return format!("there is no provider type {name:?}; did you mean {near:?}?");
    }
    let known: Vec<&str> = types.iter().map(|known| known.name).collect();
    format!(
        "there is no provider type {name:?}; this binary has: {}",
        known.join(", ")
    )
}

fn text_of(table: &DeTable<'_>, key: &str) -> Option<String> {
    let (_, value) = table.iter().find(|(name, _)| name.get_ref() == key)?;
    value.get_ref().as_str().map(str::to_owned)
}

fn type_span(block: &Block<'_>) -> std::ops::Range<usize> {
    block
        .table
        .iter()
        .find(|(name, _)| name.get_ref() == "type")
        .map_or_else(|| block.span.clone(), |(_, value)| value.span())
}

fn only<'a>(table: &DeTable<'a>, keys: &[&str]) -> DeTable<'a> {
    let kept = table
        .iter()
        .filter(|(name, _)| keys.contains(&name.get_ref().as_ref()));
    kept.map(|(name, value): (_, &toml::Spanned<DeValue<'a>>)| (name.clone(), value.clone()))
        .collect()
}
