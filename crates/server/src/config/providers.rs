//! The `[[providers]]` blocks: their common keys, and the providers built of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use acteon_config::{
    Block, InvalidInput, Key, Kind, Problem, SectionReader, Settings, Takes, Walker,
};
use acteon_core::similar::nearest;
use acteon_core::{Provider, ProviderName};
use acteon_gateway::OnRepairable;
use acteon_providers::{Context, KNOWN_TYPES, ProviderType, catalog};

use super::sections::retry::on_repairable;

/// Keys of every block; each type of provider has more.
pub(super) const PROVIDER: &[Key] = &[
    Key::required("name", Kind::Text, "The name that actions use."),
    Key::required(
        "type",
        Kind::Text,
        "What kind of provider it is, such as \"log\" or \"webhook\".",
    ),
    Key::optional(
        "on_repairable",
        Kind::Text,
        "\"fail\" or \"hold\", where it is not as in [retry].",
    )
    .taking(Takes::AtStart),
];

/// Provider that a block configures.
pub struct ConfiguredProvider {
    /// Name that actions use.
    pub name: ProviderName,
    /// Type of the provider, such as `webhook`.
    pub type_name: String,
    /// Provider that sends its actions.
    pub provider: Arc<dyn Provider>,
    /// What becomes of its actions when people must repair it; `None` for what holds for all
    /// providers.
    pub on_repairable: Option<OnRepairable>,
    /// Keys of its type.
    pub keys: &'static [Key],
    /// Values of its block, to be compared with those of a reload.
    pub settings: Settings,
}

/// Reads all blocks, and builds the providers of those without errors.
pub(super) fn read(walker: &mut Walker<'_>, context: &Context) -> Vec<ConfiguredProvider> {
    let types = catalog();
    let mut first_blocks = BTreeMap::new();
    let mut providers = Vec::new();
    for (index, block) in walker.blocks("providers").into_iter().enumerate() {
        let section = section_name(&block, index);
        let Some(provider) = read_one(walker, &section, &block, &types, context) else {
            continue;
        };
        if let Some(first) = first_blocks.insert(provider.name.clone(), index) {
            let message = format!(
                "the name {:?} is taken by block {}; each provider needs a name of its own",
                provider.name.as_str(),
                first + 1
            );
            walker.note(&section, [Problem::new("name", message)]);
        }
        providers.push(provider);
    }
    providers
}

fn read_one<'a>(
    walker: &mut Walker<'a>,
    section: &str,
    block: &Block<'a>,
    types: &[ProviderType],
    context: &Context,
) -> Option<ConfiguredProvider> {
    let type_name = block.text_of("type");
    let Some(found) = type_name.and_then(|name| types.iter().find(|known| known.name == name))
    else {
        match type_name {
            Some(name) => {
                let invalid = InvalidInput::of(unknown_type(name, types));
                walker.note_unread(section, block, "type", invalid);
            }
            None => drop(walker.read(section, &block.only(&["name", "type"]), &[PROVIDER])),
        }
        return None;
    };
    let settings = walker.read(section, block, &[PROVIDER, found.keys]);
    let (on_repairable, name, provider) = walker.check(section, &settings, |reader| {
        let on_repairable = on_repairable(reader);
        let name = name(reader);
        let provider = build(reader, name.clone(), found, context);
        (on_repairable, name, provider)
    });
    Some(ConfiguredProvider {
        name: name?,
        type_name: found.name.to_owned(),
        provider: provider?,
        on_repairable,
        keys: found.keys,
        settings,
    })
}

/// Name of a block; `None` where it is missing or no text, which the walker has noted.
fn name(reader: &mut SectionReader<'_>) -> Option<ProviderName> {
    let parsed = ProviderName::parse_new(reader.settings().text("name")?);
    reader.take(parsed.map_err(|error| Problem::new("name", error.to_string())))
}

/// Builds the provider of a block that has all it needs, also where its name is wrong, so that all
/// errors come out together.
fn build(
    reader: &mut SectionReader<'_>,
    name: Option<ProviderName>,
    found: &ProviderType,
    context: &Context,
) -> Option<Arc<dyn Provider>> {
    let settings = reader.settings();
    let mut needed = found.keys.iter().filter(|key| key.required);
    if !needed.all(|key| settings.has(key.name)) {
        return None;
    }
    let name = name.or_else(|| ProviderName::parse("unnamed").ok())?;
    reader.take_all((found.build)(&name, settings, context))
}

/// Name of a block in messages: its place, and its `name`.
fn section_name(block: &Block<'_>, index: usize) -> String {
    match block.text_of("name") {
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
    if let Some(near) = nearest(name, types.iter().map(|known| known.name)) {
        return format!("there is no provider type {name:?}; did you mean {near:?}?");
    }
    let known: Vec<&str> = types.iter().map(|known| known.name).collect();
    format!(
        "there is no provider type {name:?}; this binary has: {}",
        known.join(", ")
    )
}
