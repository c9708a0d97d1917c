//! Dedup key of the actions of occurrences: a text with placeholders.

use acteon_core::Timestamp;
use acteon_core::json::head;

/// Placeholder of the flow's id.
const RECURRING_ID: &str = "recurring_id";
/// Placeholder of the occurrence's instant.
const EXECUTION_TIME: &str = "execution_time";

/// Longest part of a placeholder that messages show.
const SHOWN_BYTES: usize = 64;

/// Key of an occurrence. What is no placeholder stays as it is.
pub(super) fn filled(key: &str, id: &str, occurrence: Timestamp) -> String {
    let mut filled = String::with_capacity(key.len());
    for part in Parts(key) {
        match part {
            Part::Text(text) | Part::Unclosed(text) => filled.push_str(text),
            Part::Placeholder(RECURRING_ID, _) => filled.push_str(id),
            Part::Placeholder(EXECUTION_TIME, _) => filled.push_str(&occurrence.to_string()),
            Part::Placeholder(_, whole) => filled.push_str(whole),
        }
    }
    filled
}

/// Message about the first that is no placeholder, if there is one.
pub(super) fn unknown_placeholder(key: &str) -> Option<String> {
    const KNOWN: &str = "{{recurring_id}} and {{execution_time}} are filled in";
    Parts(key).find_map(|part| match part {
        Part::Text(_) | Part::Placeholder(RECURRING_ID | EXECUTION_TIME, _) => None,
        Part::Placeholder(_, whole) => Some(format!(
            "has {:?}, which is no placeholder and would be the same for each occurrence; {KNOWN}",
            head(whole, SHOWN_BYTES)
        )),
        Part::Unclosed(rest) => Some(format!(
            "has {:?} without the closing braces; {KNOWN}",
            head(rest, SHOWN_BYTES)
        )),
    })
}

/// Part of a key.
enum Part<'k> {
    Text(&'k str),
    /// Word in braces, without blanks at its ends, and all of it.
    Placeholder(&'k str, &'k str),
    /// All from braces on that do not close.
    Unclosed(&'k str),
}

/// Parts of a key, one after the other.
struct Parts<'k>(&'k str);

impl<'k> Iterator for Parts<'k> {
    type Item = Part<'k>;

    fn next(&mut self) -> Option<Part<'k>> {
        let rest = self.0;
        let (part, behind) = match rest.find("{{") {
            None => (Part::Text(rest), ""),
            Some(0) => match rest.find("}}") {
                Some(end) => {
                    let (whole, behind) = rest.split_at(end + 2);
                    (Part::Placeholder(whole[2..end].trim(), whole), behind)
                }
                None => (Part::Unclosed(rest), ""),
            },
            Some(start) => {
                let (text, behind) = rest.split_at(start);
                (Part::Text(text), behind)
            }
        };
        self.0 = behind;
        (!rest.is_empty()).then_some(part)
    }
}
