//! Names that are most likely slips for others.

use acteon_core::similar::distance;

/// Shortest name, in bytes, for which one wrong letter is a slip: shorter names are close to many other words.
const LONG_NAME: usize = 6;
/// Longest name, in bytes, that can be a slip for a field's.
const LONGEST_SLIP: usize = 24;

/// Field that is missing from a payload, in the forms that names are compared with.
pub(super) struct Missing {
    name: &'static str,
    plain: String,
    letters: Vec<char>,
}

impl Missing {
    pub(super) fn of(name: &'static str) -> Self {
        let plain = plain(name);
        Self {
            name,
            letters: letters(&plain),
            plain,
        }
    }

    /// Whether a name was most likely meant to be this one: it is in the plural, has its letters in another order, or, if it is not short, one letter
    /// too many, missing or wrong. Payloads also have words of their own, such as `total` or `router`, which are no slips.
    fn is_meant_by(&self, name: &str) -> bool {
        let Self {
            plain,
            letters: own,
            ..
        } = self;
        if name.len().abs_diff(plain.len()) > 1 {
            return false;
        }
        let most = usize::from(plain.len() >= LONG_NAME);
        name.strip_suffix('s') == Some(plain)
            || letters(name) == *own
            || distance(name, plain) <= most
    }
}

/// Missing field that a name was most likely meant to be.
pub(super) fn meant(name: &str, missing: &[Missing]) -> Option<&'static str> {
    if name.len() > LONGEST_SLIP {
        return None;
    }
    let name = plain(name);
    missing
        .iter()
        .find(|field| field.is_meant_by(&name))
        .map(|field| field.name)
}

/// Name in small letters, without the separators of its words.
pub(super) fn plain(name: &str) -> String {
    name.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Letters of a name in order, for names whose letters were swapped.
fn letters(name: &str) -> Vec<char> {
    let mut letters: Vec<char> = name.chars().collect();
    letters.sort_unstable();
    letters
}
