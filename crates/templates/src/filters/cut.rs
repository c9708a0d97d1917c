//! Texts that are cut to a length, with a mark that shows it. A character as people see one is kept whole or left out.

use minijinja::{Error, State};
use unicode_segmentation::UnicodeSegmentation as _;

use super::taken::refusal;
use crate::escaping::Escaping;

/// Mark of a text that was cut.
const MARK: &str = "…";

/// Letters whose boundaries cost as much as one step.
const LETTERS_PER_FUEL: usize = 8;

/// To so many bytes of UTF-8, mark included.
pub(super) fn bytes(
    state: &mut State,
    text: &str,
    most: usize,
    mark: Option<&str>,
) -> Result<String, Error> {
    cut(state, text, most, mark, str::len)
}

/// To so many characters of Unicode.
pub(super) fn chars(
    state: &mut State,
    text: &str,
    most: usize,
    mark: Option<&str>,
) -> Result<String, Error> {
    cut(state, text, most, mark, |text| text.chars().count())
}

/// To so many units of UTF-16, as JavaScript and many services count.
pub(super) fn utf16(
    state: &mut State,
    text: &str,
    most: usize,
    mark: Option<&str>,
) -> Result<String, Error> {
    cut(state, text, most, mark, |text| text.encode_utf16().count())
}

/// What is cut is measured as it will be escaped, which may be longer.
fn cut(
    state: &mut State,
    text: &str,
    most: usize,
    mark: Option<&str>,
    size: impl Fn(&str) -> usize,
) -> Result<String, Error> {
    let escaping = match Escaping::of(state) {
        // Quotes stand around all of it.
        json if json.is_json() => Escaping::None,
        other => other,
    };
    state.consume_fuel((text.len() / LETTERS_PER_FUEL) as u64)?;
    if size(&escaping.escape(text)) <= most {
        return Ok(text.to_owned());
    }
    let mark = mark.unwrap_or(MARK);
    let room = most.checked_sub(size(mark)).ok_or_else(|| {
        refusal(format!(
            "the mark {mark:?} alone is longer than {most}: cut to more, or give another mark"
        ))
    })?;
    let mut used = 0;
    let mut end = 0;
    for piece in text.graphemes(true) {
        used += size(&escaping.escape(piece));
        if used > room {
            break;
        }
        end += piece.len();
    }
    Ok(format!("{}{mark}", text[..end].trim_end()))
}
