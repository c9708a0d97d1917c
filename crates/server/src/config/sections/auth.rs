//! The `[auth]` section: whether callers are asked for an API key.

use std::path::{Path, PathBuf};

use acteon_config::{Key, Kind, SectionReader};

/// Keys of the section.
pub(super) const KEYS: &[Key] = &[
    Key::optional(
        "enabled",
        Kind::Flag,
        "Ask every caller for an API key. Default false; needed to listen beyond this machine.",
    ),
    Key::optional(
        "config_path",
        Kind::Text,
        "File of the keys, as seen from this file. Default auth.toml.",
    ),
];

/// File of the API keys, if callers are asked for one.
pub(crate) fn read(reader: &mut SectionReader<'_>, base: &Path) -> Option<PathBuf> {
    let settings = reader.settings();
    // Who says `enabled = false` knows that the rest is off.
    if !settings.has("enabled") {
        reader.without_effect(&["config_path"], "auth.enabled = true");
    }
    settings
        .flag("enabled")
        .then(|| base.join(settings.text("config_path").unwrap_or("auth.toml")))
}
