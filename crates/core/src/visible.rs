//! Texts as they may be shown to people who decide by them: nothing in them is unseen, or turns what stands beside it around.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::names::is_invisible;

/// Text with each character that nobody sees as its escape, such as `\u{202e}`. Lines and tabs stay, and so does what only joins or colours emoji.
pub fn visible(text: &str) -> Cow<'_, str> {
    let letters: Vec<char> = text.chars().collect();
    let unseen: Vec<bool> = (0..letters.len())
        .map(|at| is_unseen(&letters, at))
        .collect();
    if !unseen.contains(&true) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for (letter, is_unseen) in letters.into_iter().zip(unseen) {
        if is_unseen {
            // Writing to a text does not fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(letter));
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

/// Whether nobody sees anything of a text: it is empty, or has blanks and unseen characters alone.
pub fn is_blank(text: &str) -> bool {
    let is_unseen =
        |letter: char| letter.is_whitespace() || letter.is_control() || is_invisible(letter);
    text.chars().all(is_unseen)
}

/// Colour of the emoji before it, or its lack.
const SELECTORS: std::ops::RangeInclusive<char> = '\u{fe0e}'..='\u{fe0f}';
const JOINER: char = '\u{200d}';
/// What makes a key of a digit before it.
const KEYCAP: char = '\u{20e3}';
/// Emoji that are letters too.
const LETTERS: [char; 6] = ['ℹ', 'Ⓜ', '🅰', '🅱', '🅾', '🅿'];

/// Whether nobody sees the letter at a place of a text.
fn is_unseen(letters: &[char], at: usize) -> bool {
    let letter = letters[at];
    if matches!(letter, '\n' | '\t') || !(letter.is_control() || is_invisible(letter)) {
        return false;
    }
    let before = at.checked_sub(1).map(|at| letters[at]);
    let behind = letters.get(at + 1).copied();
    if letter == JOINER {
        let joins = before.is_some_and(|it| is_emoji(it) || SELECTORS.contains(&it));
        return !(joins && behind.is_some_and(is_emoji));
    }
    if SELECTORS.contains(&letter) {
        let is_key = behind == Some(KEYCAP);
        return !before.is_some_and(|it| is_emoji(it) || (is_key && it.is_ascii_graphic()));
    }
    true
}

/// Whether a letter may be an emoji: it can be seen, and is no part of a word.
fn is_emoji(letter: char) -> bool {
    let is_of_word = letter.is_ascii() || letter.is_alphanumeric() || letter.is_whitespace();
    LETTERS.contains(&letter) || !(is_of_word || is_invisible(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_escaped() {
        for (text, shown) in [
            ("plain 文字\n\tnext", "plain 文字\n\tnext"),
            ("\u{202e}gnp.exe", "\\u{202e}gnp.exe"),
            ("z\u{200b}w\u{200d}v\0", "z\\u{200b}w\\u{200d}v\\u{0}"),
            ("⚠\u{fe0f} 👩\u{200d}💻", "⚠\u{fe0f} 👩\u{200d}💻"),
            (
                "🏳\u{fe0f}\u{200d}🌈 1\u{fe0f}\u{20e3} ℹ\u{fe0f}",
                "🏳\u{fe0f}\u{200d}🌈 1\u{fe0f}\u{20e3} ℹ\u{fe0f}",
            ),
            ("pay\u{fe0f}pal", "pay\\u{fe0f}pal"),
            (
                "-\u{200d}\u{200d}evil.\u{200d}com",
                "-\\u{200d}\\u{200d}evil.\\u{200d}com",
            ),
            ("⚠\u{fe0f}\u{fe0f}", "⚠\u{fe0f}\\u{fe0f}"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }
}
