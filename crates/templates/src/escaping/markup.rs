//! Texts in which nothing is markup.
//!
//! Where a value begins and ends, nobody knows what stands beside it: it may be the beginning of a line, and another value may follow. So what would be
//! markup together with a neighbour is none either.

/// As HTML.
pub(super) fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Where WeChat Work reads tags and mentions.
pub(super) fn tags(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    // What the template wrote before the value may be a bracket.
    let mut is_first = true;
    while let Some(letter) = letters.next() {
        escaped.push(match letter {
            '<' if begins_tag(letters.peek()) => '＜',
            '@' if is_first => '＠',
            other => other,
        });
        is_first = false;
    }
    escaped
}

/// Where WeChat Work reads markdown.
pub(super) fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    let mut is_line_start = true;
    // What the template wrote before the value may be the text of a link, or a bracket.
    let mut is_first = true;
    while let Some(letter) = letters.next() {
        escaped.push(match letter {
            '<' if begins_tag(letters.peek()) => '＜',
            '[' => '［',
            ']' => '］',
            '(' if is_first => '（',
            '@' if is_first => '＠',
            '*' => '＊',
            '`' => '｀',
            '#' if is_line_start => '＃',
            '>' if is_line_start => '＞',
            other => other,
        });
        is_first = false;
        is_line_start = is_line_end(letter) || (is_line_start && letter.is_whitespace());
    }
    escaped
}

/// Whether `<` before such a letter begins a tag or a mention. At the end nobody knows what follows.
fn begins_tag(next: Option<&char>) -> bool {
    next.is_none_or(|next| next.is_alphabetic() || matches!(next, '@' | '/' | '!' | '?'))
}

fn is_line_end(letter: char) -> bool {
    matches!(
        letter,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}
