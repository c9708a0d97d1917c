//! The `[directory]` section: the file of people and groups, where they do not stand in the configuration itself.

use std::path::{Path, PathBuf};

use acteon_config::{Key, Kind, SectionReader};

/// Keys of the section.
pub(super) const KEYS: &[Key] = &[
    Key::optional(
        "file",
        Kind::Text,
        "File with [[people]] and [[people_groups]], as seen from this file, in place of such blocks here.",
    ),
    Key::optional(
        "watch",
        Kind::Flag,
        "Read the file anew when it changes. Default true.",
    ),
];

/// File of people and groups.
#[derive(Clone, Debug)]
pub struct PeopleFile {
    /// Path of the file.
    pub path: PathBuf,
    /// Whether to read it again when it changes.
    pub watch: bool,
}

/// File of people and groups, where a file of the folder `base` names one.
pub(crate) fn read(reader: &mut SectionReader<'_>, base: &Path) -> Option<PeopleFile> {
    let settings = reader.settings();
    if !settings.is_given("file") {
        reader.without_effect(&["watch"], "directory.file");
    }
    Some(PeopleFile {
        path: base.join(settings.text("file")?),
        watch: settings.flag_or("watch", true),
    })
}
