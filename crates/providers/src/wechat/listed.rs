//! Names as messages list them.

/// Most fields that a warning names.
const NAMED: usize = 5;
/// Most characters of a name in a warning.
const NAME_LETTERS: usize = 40;

/// First names of a list, with the number of the others.
pub(super) fn listed(names: &[&str]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(NAMED)
        .map(|name| name.chars().take(NAME_LETTERS).collect())
        .collect();
    let more = names.len().saturating_sub(NAMED);
    if more == 0 {
        shown.join(", ")
    } else {
        format!("{} and {more} more", shown.join(", "))
    }
}
