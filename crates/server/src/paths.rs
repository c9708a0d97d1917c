//! Default places on disk.

use std::path::PathBuf;

/// `$XDG_DATA_HOME/acteon`, or `~/.local/share/acteon`; `None` without a home folder.
pub fn default_data_dir(variable: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let absolute = |name| {
        variable(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base =
        absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")))?;
    Some(base.join("acteon"))
}
