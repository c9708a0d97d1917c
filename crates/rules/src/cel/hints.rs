//! Hints at what was probably meant by a text that is not a CEL expression. The parser knows what
//! it expected; people want to know what to write.

/// Slip in `text`: its position in characters from 1, and what to write instead.
pub(crate) fn slip(text: &str) -> Option<(usize, String)> {
    let mut scan = Scan {
        rest: text,
        at: 1,
        open: Vec::new(),
        found: None,
    };
    while let Some(first) = scan.rest.chars().next() {
        scan.one(first);
        if scan.found.is_some() {
            return scan.found;
        }
    }
    let (bracket, at) = scan.open.pop()?;
    Some((at, format!("the {bracket} is not closed")))
}

struct Scan<'a> {
    rest: &'a str,
    /// Position of the first character of `rest`, from 1.
    at: usize,
    open: Vec<(char, usize)>,
    found: Option<(usize, String)>,
}

/// Signs of other languages, longest first, and what CEL has for them. Those that it has too are here so that no shorter one is found in them.
const SIGNS: &[(&str, Option<&str>)] = &[
    ("===", Some("write == to compare")),
    ("!==", Some("write != to compare")),
    ("==", None),
    ("!=", None),
    ("<=", None),
    (">=", None),
    ("&&", None),
    ("||", None),
    (
        "=~",
        Some("write a regular expression as field.matches(\"pattern\")"),
    ),
    (
        "!~",
        Some("write a negated regular expression as !field.matches(\"pattern\")"),
    ),
    ("<>", Some("write != for what differs")),
    ("=<", Some("write <=")),
    ("=>", Some("write >=")),
    (":=", Some("write == to compare")),
    ("=", Some("write == to compare")),
    ("&", Some("write && for and")),
    ("|", Some("write || for or")),
    ("“", Some("write straight quotes, \" or '")),
    ("”", Some("write straight quotes, \" or '")),
    ("‘", Some("write straight quotes, \" or '")),
    ("’", Some("write straight quotes, \" or '")),
    ("`", Some("write straight quotes, \" or '")),
    ("；", Some("an expression ends without a sign")),
    (";", Some("an expression ends without a sign")),
];

/// Words of other languages, and what CEL has for them.
const WORDS: &[(&str, &str)] = &[
    ("and", "write && for and"),
    ("or", "write || for or"),
    ("not", "write ! for not"),
    ("is", "write == to compare"),
    ("eq", "write == to compare"),
    ("ne", "write != for what differs"),
];

/// Functions that are written between their operands in other languages.
const INFIX: [&str; 8] = [
    "contains",
    "matches",
    "startsWith",
    "starts_with",
    "endsWith",
    "ends_with",
    "like",
    "regex",
];

impl Scan<'_> {
    fn one(&mut self, first: char) {
        if matches!(first, '"' | '\'') {
            return self.quoted(first);
        }
        if first.is_alphabetic() || first == '_' {
            return self.word();
        }
        if let Some((sign, meant)) = SIGNS.iter().find(|(sign, _)| self.rest.starts_with(sign)) {
            if let Some(meant) = meant {
                self.found = Some((self.at, format!("{sign} is nothing in CEL: {meant}")));
            }
            return self.skip(sign.len());
        }
        match first {
            '(' | '[' | '{' => self.open.push((first, self.at)),
            ')' | ']' | '}' => {
                let opens = match first {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                if self.open.pop().is_none_or(|(open, _)| open != opens) {
                    self.found = Some((self.at, format!("the {first} closes nothing")));
                }
            }
            _ => {}
        }
        self.skip(first.len_utf8());
    }

    fn quoted(&mut self, quote: char) {
        let mut escaped = false;
        let end = self.rest.char_indices().skip(1).find(|(_, letter)| {
            let ends = *letter == quote && !escaped;
            escaped = *letter == '\\' && !escaped;
            ends
        });
        match end {
            Some((end, _)) => self.skip(end + 1),
            None => {
                self.found = Some((
                    self.at,
                    format!("the text that begins with {quote} does not end"),
                ));
            }
        }
    }

    fn word(&mut self) {
        let end = self
            .rest
            .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
            .unwrap_or(self.rest.len());
        let (word, after) = self.rest.split_at(end);
        let is_field = after.starts_with('.');
        let is_called = after.trim_start().starts_with('(');
        let lower = word.to_lowercase();
        if let Some((_, meant)) = WORDS.iter().find(|(known, _)| *known == lower)
            && !is_field
            && (!is_called || matches!(lower.as_str(), "and" | "or" | "not"))
        {
            self.found = Some((self.at, format!("{word} is nothing in CEL: {meant}")));
        } else if INFIX.contains(&word) && !is_called && !is_field {
            let function = if matches!(word, "like" | "regex") {
                "matches"
            } else {
                word
            };
            self.found = Some((
                self.at,
                format!("{word} stands after a dot, as in field.{function}(\"text\")"),
            ));
        }
        self.skip(end);
        // What stands after a dot is a field, whatever its name.
        while let Some(field) = self.rest.strip_prefix('.') {
            let end = field
                .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
                .unwrap_or(field.len());
            self.skip(1 + end);
        }
    }

    fn skip(&mut self, bytes: usize) {
        let (skipped, rest) = self.rest.split_at(bytes);
        self.at += skipped.chars().count();
        self.rest = rest;
    }
}

/// Message for a number that no action can have.
pub(crate) const TOO_LARGE: &str = "a number in it is larger than any that can be sent";
/// Message for an unsigned number that does not fit into 64 bits.
pub(crate) const TOO_LARGE_UNSIGNED: &str =
    "an unsigned number in it is too large; write it without the u";

/// What the parser stumbled over, without the words of its grammar.
pub(crate) fn stumbled_over(message: &str) -> String {
    let message = message.trim_start_matches("Syntax error:").trim();
    if message.contains("has() macro") {
        return "has() takes a field such as action.payload.team, with a name after a dot at its end".to_owned();
    }
    if message.contains("invalid double literal") {
        return TOO_LARGE.to_owned();
    }
    if message.contains("invalid int literal") {
        return format!("{TOO_LARGE}; one that begins with 0x has 64 bits at most");
    }
    if message.contains("invalid uint literal") {
        return TOO_LARGE_UNSIGNED.to_owned();
    }
    if message.contains("Recursion limit") {
        return "it nests too deep: put fewer parentheses within each other, or make it several rules".to_owned();
    }
    let quoted = message.split_once('\'').and_then(|(_, rest)| {
        rest.rsplit_once("' expecting")
            .or_else(|| rest.rsplit_once('\''))
    });
    match quoted.map(|(token, _)| token.trim()) {
        Some("<EOF>" | "") => "it ends too early: something is missing at its end".to_owned(),
        Some(token) if !message.starts_with("undeclared") => {
            format!("{token:?} is not expected here")
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_other_languages_are_told_with_what_to_write() {
        for (text, at, says) in [
            ("action.payload.a = 1", 18, "write == to compare"),
            ("action.payload.a == 1 and true", 23, "write && for and"),
            ("action.payload.a == 1 OR true", 23, "write || for or"),
            ("not action.payload.a", 1, "write ! for not"),
            ("action.payload.a =~ 'x'", 18, "matches("),
            ("action.payload.a !~ 'x'", 18, "!field.matches("),
            ("action.payload.a <> 1", 18, "!="),
            ("action.payload.a == “x”", 21, "straight quotes"),
            ("action.payload.a == 'x", 21, "does not end"),
            ("(action.payload.a == 'x)'", 1, "the ( is not closed"),
            ("action.payload.a == 'x')", 24, "the ) closes nothing"),
            ("action.payload.a contains 'x'", 18, "field.contains("),
            ("action.payload.a like 'x'", 18, "field.matches("),
            ("a == 'and = or' & b", 17, "&&"),
            ("action.payload.a | b", 18, "||"),
        ] {
            let (place, said) = slip(text).unwrap_or_else(|| panic!("{text}"));
            assert!(
                place == at && said.contains(says),
                "{text}: {place}: {said}"
            );
        }
        for fine in [
            "action.payload.and == 1 && action.payload.contains.or == 2",
            "a.contains('=') || !(b <= 1)",
            "has(action.payload.is)",
        ] {
            assert_eq!(slip(fine), None, "{fine}");
        }
    }

    #[test]
    fn what_the_parser_says_is_told_without_its_grammar() {
        for (message, says) in [
            (
                "Syntax error: mismatched input '<EOF>' expecting {'[', '{', '}', IDENTIFIER}",
                "ends too early",
            ),
            (
                "Syntax error: extraneous input 'b' expecting <EOF>",
                "\"b\" is not expected here",
            ),
            (
                "Syntax error: token recognition error at: '@'",
                "\"@\" is not expected here",
            ),
            (
                "OtherError(ParseError { source: None, msg: \"Recursion limit of 33 exceeded\" })",
                "nests too deep",
            ),
        ] {
            assert!(
                stumbled_over(message).contains(says),
                "{message}: {}",
                stumbled_over(message)
            );
        }
    }
}
