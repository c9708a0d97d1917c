//! Suggestions for misspelt words.

use acteon_core::similar::distance;

/// Known word that is most like `word`; `None` when none is like it.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, found) = known.map(|known| (distance(word, known), known)).min()?;
    // A distance of a short word's whole length would make every word like it.
    (distance <= (word.len() / 3).max(2) && distance < found.len()).then_some(found)
}
