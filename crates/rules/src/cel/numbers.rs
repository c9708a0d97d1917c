//! Numbers of CEL texts that its parser cannot hold: it knows integers of 64 bits and doubles. Longer ones go through it as calls of a function
//! whose name the text does not have.

use std::borrow::Cow;

use acteon_core::json::order;
use cel::common::ast::{CallExpr, Expr as Cel, LiteralValue};

/// Expression as it is given to the parser.
pub(crate) struct Marked<'a> {
    /// The same expression with each number that a double would change as the argument of [`Self::function`].
    pub(crate) text: Cow<'a, str>,
    /// A name that the expression does not have. A name is written in one way only, while any text in quotes could also be written with escapes.
    function: String,
}

impl<'a> Marked<'a> {
    /// Marks the numbers of an expression.
    pub(crate) fn of(text: &'a str) -> Self {
        let longest = text
            .split(|letter| letter != '_')
            .map(str::len)
            .max()
            .unwrap_or(0);
        let function = format!("n{}", "_".repeat(longest + 1));
        let call = |number: &str| {
            format!(
                "{function}(\"{}{number}\")",
                if number.starts_with('.') { "0" } else { "" }
            )
        };
        Self {
            text: replaced(text, call),
            function,
        }
    }

    /// The number that a call of the parsed expression stands for.
    pub(crate) fn number<'c>(&self, call: &'c CallExpr) -> Option<&'c str> {
        match (&call.target, &call.args[..]) {
            (None, [argument]) if call.func_name == self.function => match &argument.expr {
                Cel::Literal(LiteralValue::String(number)) => Some(number.inner()),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Why the parser refuses an expression: where it first stumbles, and its words for that. Long integers count as such of 64 bits with as many digits, so
/// that places and words are those of the text; `None` where nothing else is wrong with it.
pub(crate) fn refusal(
    text: &str,
    parse: impl FnOnce(&str) -> Option<((isize, isize), String)>,
) -> Option<((isize, isize), String)> {
    let mut stand_ins: Vec<(String, String)> = Vec::new();
    let short = replaced(text, |number| {
        if number.contains(['.', 'e', 'E']) {
            return number.to_owned();
        }
        let stand_in = format!("{:0>width$}", stand_ins.len(), width = number.len());
        stand_ins.push((stand_in.clone(), number.to_owned()));
        stand_in
    });
    let (place, message) = parse(&short)?;
    Some((
        place,
        stand_ins
            .iter()
            .fold(message, |message, (stand_in, number)| {
                message.replace(stand_in, number)
            }),
    ))
}

/// Text with something else for each number that a double would change.
fn replaced(text: &str, mut by: impl FnMut(&str) -> String) -> Cow<'_, str> {
    let mut marked = String::new();
    let mut from = 0;
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let is_number = first.is_ascii_digit()
            || (first == '.' && rest[1..].starts_with(|next: char| next.is_ascii_digit()));
        let length = match first {
            '"' | '\'' => quoted(rest, text[..at].ends_with(['r', 'R'])),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if is_number => number(rest),
            _ if is_of_a_word(first) || first == '.' => rest
                .find(|letter: char| !is_of_a_word(letter) && letter != '.')
                .unwrap_or(rest.len()),
            other => other.len_utf8(),
        };
        if is_number && !is_exact(&rest[..length]) {
            marked.push_str(&text[from..at]);
            marked.push_str(&by(&rest[..length]));
            from = at + length;
        }
        at += length;
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    marked.push_str(&text[from..]);
    Cow::Owned(marked)
}

fn is_of_a_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Length in bytes of the text in quotes that `text` begins with.
fn quoted(text: &str, is_raw: bool) -> usize {
    let quote = &text[..1];
    let triple = quote.repeat(3);
    let end = if text.starts_with(&triple) {
        &triple
    } else {
        quote
    };
    let mut at = end.len();
    while let Some(letter) = text[at..].chars().next() {
        if text[at..].starts_with(end) {
            return at + end.len();
        }
        at += letter.len_utf8();
        if letter == '\\' && !is_raw {
            at += text[at..].chars().next().map_or(0, char::len_utf8);
        }
    }
    text.len()
}

/// Length in bytes of the number that `text` begins with, with the letters right behind it.
fn number(text: &str) -> usize {
    let mut before = ' ';
    let mut ends = |letter: char| {
        let is_sign = matches!(letter, '+' | '-') && matches!(before, 'e' | 'E');
        before = letter;
        !is_of_a_word(letter) && letter != '.' && !is_sign
    };
    text.find(&mut ends).unwrap_or(text.len())
}

/// Whether the parser reads a number, or whatever else begins with a digit, as it stands.
fn is_exact(number: &str) -> bool {
    let is_json = number
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    if !is_json || number.parse::<i64>().is_ok() {
        return true;
    }
    match number.parse::<f64>() {
        Ok(double) if double.is_finite() => {
            number.contains(['.', 'e', 'E']) && order(number, &format!("{double:e}")).is_eq()
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_that_a_double_would_change_are_marked() {
        let check =
            |text: &str, expected: &str| assert_eq!(Marked::of(text).text, expected, "{text}");
        check(
            "a == 18446744073709551617 && b < 1.5",
            r#"a == n_("18446744073709551617") && b < 1.5"#,
        );
        check(
            "a == -0.12345678901234567891e-3",
            r#"a == -n_("0.12345678901234567891e-3")"#,
        );
        check(
            "f(9223372036854775808,9007199254740993.0)",
            r#"f(n_("9223372036854775808"),n_("9007199254740993.0"))"#,
        );
        check(
            "a__b == .5000000000000000000001 || a.x.b > .5",
            r#"a__b == n___("0.5000000000000000000001") || a.x.b > .5"#,
        );
        for same in [
            "a.b12345678901234567890 == 1 && x12345678901234567890",
            "a == '12345678901234567890' || b == \"it's 12345678901234567890\"",
            "a == r'\\' && b == '12345678901234567890'",
            "a == '''it's 12345678901234567890''' // 12345678901234567890 isn't",
            "a == 0x7fffffffffffffff && b == 1u && c == 1e300 && d == 0.1 && e == 1e999",
            "'unclosed 12345678901234567890",
        ] {
            check(same, same);
        }
    }
}
