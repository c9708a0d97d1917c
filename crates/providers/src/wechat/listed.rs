//! Names as messages list them.

/// Most fields that a warning names.
const NAMED: usize = 5;
/// Most characters of a name in a warning.
const NAME_LETTERS: usize = 40;

/// Beginning of a name that may be long.
pub(super) fn short(name: &str) -> String {
    name.chars().take(NAME_LETTERS).collect()
}

/// First names of a list, with the number of the others.
pub(super) fn listed(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMED)].join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
