//! The `[rules]` section: where rules come from, and what they may refer to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use acteon_config::{Key, Kind, SectionReader};
use acteon_core::ProviderName;
use acteon_schedule::Calendars;

/// Keys of the section.
pub(super) const KEYS: &[Key] = &[
    Key::optional(
        "directory",
        Kind::Text,
        "Folder of *.yaml files of rules, as seen from this file. Default: no rules.",
    ),
    Key::optional(
        "default_timezone",
        Kind::Text,
        "Zone of time.* where a rule names none. Default UTC.",
    ),
    Key::optional(
        "watch",
        Kind::Flag,
        "Load the rules anew when a file changes. Default true.",
    ),
    // What rules mean by a blank text is up to their author.
    Key::optional("env", Kind::TextTable, "What rules read as env.NAME.").or_blank(),
];

/// Folder of the rules, and what they may refer to.
#[derive(Clone, Debug)]
pub struct RulesConfig {
    /// Folder of the rules' files.
    pub directory: Option<PathBuf>,
    /// Whether to load the rules again when a file changes.
    pub watch: bool,
    /// Names that rules may refer to.
    pub context: acteon_rules::Context,
}

impl RulesConfig {
    /// Reads the section of a file in the folder `base`; `providers` and `calendars` are those that are configured.
    pub(crate) fn read(
        reader: &mut SectionReader<'_>,
        base: &Path,
        providers: &[ProviderName],
        calendars: &Calendars,
    ) -> Self {
        let settings = reader.settings();
        let directory = directory(reader, base);
        let context = acteon_rules::Context {
            providers: Some(providers.iter().cloned().collect()),
            intervals: Some(BTreeSet::new()),
            chains: Some(BTreeMap::new()),
            calendars: calendars.clone(),
            default_timezone: default_timezone(reader),
            env: settings.text_table("env"),
            ..acteon_rules::Context::default()
        };
        // What is wrong with a directory is told already.
        if directory.is_none() && !settings.is_given("directory") {
            let needing = ["default_timezone", "watch", "env"];
            reader.without_effect(&needing, "rules.directory");
        }
        Self {
            directory,
            watch: settings.flag_or("watch", true),
            context,
        }
    }
}

fn directory(reader: &mut SectionReader<'_>, base: &Path) -> Option<PathBuf> {
    let directory = base.join(reader.settings().text("directory")?);
    if let Err(error) = std::fs::read_dir(&directory) {
        let message = format!(
            "{} cannot be read as a folder: {error}; make it, or name another",
            directory.display()
        );
        reader.wrong("directory", message);
    }
    Some(directory)
}

fn default_timezone(reader: &mut SectionReader<'_>) -> String {
    let zone = reader.settings().text("default_timezone").unwrap_or("UTC");
    if !acteon_rules::is_time_zone(zone) {
        let message = format!("there is no time zone {zone:?}; use a name such as Asia/Shanghai");
        reader.wrong("default_timezone", message);
        // It is told here, and the rules need not tell it again.
        return "UTC".to_owned();
    }
    zone.to_owned()
}
