//! The `[log]` section: which lines are logged.

use acteon_config::{Key, Kind, SectionReader};

/// Keys of the section.
pub(super) const KEYS: &[Key] = &[Key::optional(
    "level",
    Kind::Text,
    "What is logged, as in RUST_LOG, which wins where it is set: info,acteon_gateway=debug. Default info.",
)];

/// Directives of the log, as in `RUST_LOG`, if the section has any.
pub(crate) fn read(reader: &mut SectionReader<'_>) -> Option<String> {
    let level = reader.settings().text("level")?;
    if let Err(message) = crate::logging::check(level) {
        reader.wrong("level", message);
    }
    Some(level.to_owned())
}
