//! Texts of which nothing is seen.

/// Whether a text holds only blanks and characters that are not drawn. WeChat Work accepts such a message, and phones show an empty one.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(is_unseen)
}

/// Whether a character is white space, a control character, one that renderers ignore (Unicode's `Default_Ignorable_Code_Point`), or a letter that
/// looks like a blank, as Hangul and Braille have.
fn is_unseen(letter: char) -> bool {
    letter.is_whitespace()
        || letter.is_control()
        || matches!(
            letter,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_blank() {
        for text in [
            "",
            " \n\t",
            "\u{3000}",
            "\u{200b}\u{feff}",
            "\u{2060}\u{ad} \u{202e}",
            "\u{3164}\u{2800}",
            "\u{e0041}\u{fe0f}",
        ] {
            assert!(is_blank(text), "{text:?}");
        }
        for text in ["x", "\u{200b}中", "0", "👍🏽", "é", "\u{301}"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }
}
