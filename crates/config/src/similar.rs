//! The word that was probably meant.

use acteon_core::similar::distance;

/// The one of `known` that is like `word`, if any is.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, found) = known.map(|known| (distance(word, known), known)).min()?;
    // Of a short name nothing would be left that is like it.
    (distance <= (word.len() / 3).max(2) && distance < found.len()).then_some(found)
}
