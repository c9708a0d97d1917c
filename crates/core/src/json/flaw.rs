//! Flaws of a JSON text that its grammar allows and its readers do not agree about. What has none is the same for every reader.

use std::fmt;

use super::members::{members, text};
use super::scan::{lone_surrogate, past_blanks, text_end, word_end};

/// Longest number without an exponent that a double holds however its digits are.
const SAFE_DIGITS: usize = 300;

/// Names of one object up to which each is compared with each.
const FEW_NAMES: usize = 16;

/// Flaw of a JSON text: what it is, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flaw {
    kind: FlawKind,
    at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FlawKind {
    TooDeep(usize),
    /// One reader takes it for infinity, one for the largest number, one for an error.
    NoDouble,
    /// One reader takes it for U+FFFD, one for nothing, one for an error.
    HalfLetter,
    /// One reader takes the first, one the last, one both.
    Twice,
}

impl Flaw {
    /// The first flaw of a text, whose objects and arrays may nest `max_depth` deep. Takes one pass, without recursion, and for each name of an
    /// object that is not over yet eight bytes.
    pub fn find(json: &str, max_depth: usize) -> Option<Self> {
        Scan {
            json,
            max_depth,
            open: Vec::with_capacity(8),
            names: Vec::with_capacity(16),
        }
        .run()
    }

    /// Whether the flaw is that the text nests too deep.
    pub fn is_depth(self) -> bool {
        matches!(self.kind, FlawKind::TooDeep(_))
    }

    /// Path of the flaw, such as `payload.a[3].b`. `json` is the text in which it was found.
    pub fn path(self, json: &str) -> String {
        path(json, self.at)
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            FlawKind::TooDeep(limit) => write!(f, "the JSON nests deeper than {limit} levels"),
            FlawKind::NoDouble => f.write_str("is a number that is too large for a 64-bit floating-point number; send it as text"),
            FlawKind::HalfLetter => f.write_str(
                "holds half of a surrogate pair, such as \\ud83d alone: a letter was cut in two; cut texts between letters, or send U+FFFD",
            ),
            FlawKind::Twice => f.write_str("is given twice, and readers differ in which one counts; send it once"),
        }
    }
}

/// Object or array whose end is not reached.
struct Open {
    at: usize,
    /// Number of names in `Scan::names` that were there before its own.
    names: usize,
}

struct Scan<'a> {
    json: &'a str,
    max_depth: usize,
    open: Vec<Open>,
    /// Hashes of the names of all objects whose end is not reached.
    names: Vec<u64>,
}

impl Scan<'_> {
    fn run(mut self) -> Option<Flaw> {
        let bytes = self.json.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' => {
                    let end = text_end(bytes, at);
                    if let Some(flaw) = self.text(at, end) {
                        return Some(flaw);
                    }
                    at = end;
                }
                b'-' | b'0'..=b'9' => {
                    let end = word_end(bytes, at);
                    if !self.json.get(at..end).is_some_and(is_double) {
                        return Some(Flaw {
                            kind: FlawKind::NoDouble,
                            at,
                        });
                    }
                    at = end;
                }
                b'{' | b'[' => {
                    if self.open.len() == self.max_depth {
                        return Some(Flaw {
                            kind: FlawKind::TooDeep(self.max_depth),
                            at,
                        });
                    }
                    self.open.push(Open {
                        at,
                        names: self.names.len(),
                    });
                    at += 1;
                }
                b'}' | b']' => {
                    if let Some(flaw) = self.open.pop().and_then(|open| self.close(&open)) {
                        return Some(flaw);
                    }
                    at += 1;
                }
                _ => at += 1,
            }
        }
        None
    }

    /// Reads a text in quotes, and keeps its hash if it is a name.
    fn text(&mut self, at: usize, end: usize) -> Option<Flaw> {
        let bytes = self.json.as_bytes();
        let quoted = bytes.get(at..end)?;
        let is_escaped = quoted.contains(&b'\\');
        if is_escaped && lone_surrogate(bytes, at, end).is_some() {
            return Some(Flaw {
                kind: FlawKind::HalfLetter,
                at,
            });
        }
        if bytes.get(past_blanks(bytes, end)) == Some(&b':') {
            let name = if is_escaped {
                self.json.get(at..end).and_then(text)
            } else {
                None
            };
            let plain = quoted
                .strip_prefix(b"\"")
                .and_then(|quoted| quoted.strip_suffix(b"\""))
                .unwrap_or(quoted);
            self.names
                .push(hash(name.as_ref().map_or(plain, |name| name.as_bytes())));
        }
        None
    }

    /// Compares the names of an object whose end is reached.
    fn close(&mut self, open: &Open) -> Option<Flaw> {
        let names = self.names.get_mut(open.names..)?;
        let is_twice = if names.len() <= FEW_NAMES {
            names
                .iter()
                .enumerate()
                .any(|(at, name)| names[..at].contains(name))
        } else {
            names.sort_unstable();
            names.windows(2).any(|pair| pair[0] == pair[1])
        };
        self.names.truncate(open.names);
        // // Two names may have one hash, so the names themselves are compared before it is called
        // a flaw.
        if is_twice {
            twice(self.json, open.at)
        } else {
            None
        }
    }
}

/// A quick hash. Whoever finds names of one hash gains a comparison of the names themselves, which takes no longer than sorting them.
fn hash(name: &[u8]) -> u64 {
    let word = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0u64, |word, byte| word << 8 | u64::from(*byte))
    };
    let mix = |hash: u64, bytes: &[u8]| {
        (hash.rotate_left(5) ^ word(bytes)).wrapping_mul(0x517c_c1b7_2722_0a95)
    };
    name.chunks(8).fold(name.len() as u64, mix)
}

/// Where the second of two equal names of the object at `at` stands.
fn twice(json: &str, at: usize) -> Option<Flaw> {
    let mut names: Vec<_> = members(json.get(at..)?)?
        .into_iter()
        .map(|member| (member.name(), member.quoted))
        .collect();
    names.sort_by(|(left, _), (right, _)| left.cmp(right));
    let (_, second) = names
        .windows(2)
        .find(|pair| pair[0].0 == pair[1].0)
        .map(|pair| pair[1].clone())?;
    // // Both are slices of one text, so their addresses differ by the offset.
    Some(Flaw {
        kind: FlawKind::Twice,
        at: second.as_ptr() as usize - json.as_ptr() as usize,
    })
}

/// Whether a number is finite when it is read as a double. A word that is no number is left to
/// others.
fn is_double(number: &str) -> bool {
    let may_be_large =
        number.len() > SAFE_DIGITS || number.bytes().any(|byte| matches!(byte, b'e' | b'E'));
    !may_be_large || number.parse::<f64>().map_or(true, f64::is_finite)
}

/// Path of the value or name that begins at `target`.
fn path(json: &str, target: usize) -> String {
    let bytes = json.as_bytes();
    // What each open object or array adds to the path, and how many items came before.
    let mut steps: Vec<(String, Option<usize>)> = Vec::new();
    let mut at = 0;
    while at <= target {
        let mut end = at + 1;
        match bytes.get(at) {
            Some(b'{') if at < target => steps.push((String::new(), None)),
            Some(b'[') if at < target => steps.push(("[0]".into(), Some(0))),
            Some(b'}' | b']') => drop(steps.pop()),
            Some(b',') => {
                if let Some((step, Some(index))) = steps.last_mut() {
                    *index += 1;
                    *step = format!("[{index}]");
                }
            }
            Some(b'"') => {
                end = text_end(bytes, at);
                if let (Some(b':'), Some((step, None))) =
                    (bytes.get(past_blanks(bytes, end)), steps.last_mut())
                {
                    *step = named(json.get(at..end).unwrap_or_default());
                }
            }
            Some(_) => {}
            None => break,
        }
        at = end;
    }
    let path: String = steps.into_iter().map(|(step, _)| step).collect();
    path.strip_prefix('.').map_or(path.clone(), str::to_owned)
}

/// Step of a path to a member: `.name`, or `["a.b"]` where the name would not be told from a path.
fn named(quoted: &str) -> String {
    match text(quoted) {
        Some(name)
            if !name.is_empty()
                && name
                    .chars()
                    .all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-')) =>
        {
            format!(".{name}")
        }
        _ => format!("[{quoted}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str) -> Option<(String, FlawKind)> {
        Flaw::find(json, 64).map(|flaw| (flaw.path(json), flaw.kind))
    }

    #[test]
    fn flaws_are_found_wherever_they_are_and_their_place_is_named() {
        for (json, path, kind) in [
            (
                r#"{"payload":{"a":[0,1,2,{"b":1e400}]}}"#,
                "payload.a[3].b",
                FlawKind::NoDouble,
            ),
            (r#"{ "a" : [ -1e309 ] }"#, "a[0]", FlawKind::NoDouble),
            (r#"{"text":"cut \ud83d"}"#, "text", FlawKind::HalfLetter),
            (r#"{"text":"\ude00\ud83d"}"#, "text", FlawKind::HalfLetter),
            (
                r#"{"a":{"x\ud800":1}}"#,
                r#"a["x\ud800"]"#,
                FlawKind::HalfLetter,
            ),
            (r#"{"a":{"b":{},"b":1}}"#, "a.b", FlawKind::Twice),
            (
                r#"{"a.b":[{"c":1,"\u0063":2}]}"#,
                r#"["a.b"][0].c"#,
                FlawKind::Twice,
            ),
            ("1e400", "", FlawKind::NoDouble),
        ] {
            assert_eq!(found(json), Some((path.to_owned(), kind)), "{json}");
        }
        let long = format!(r#"{{"n":{}}}"#, "9".repeat(400));
        assert_eq!(found(&long), Some(("n".to_owned(), FlawKind::NoDouble)));
        let many: Vec<String> = (0..100)
            .chain([7])
            .map(|number| format!("\"k{number}\":0"))
            .collect();
        assert_eq!(
            found(&format!("{{{}}}", many.join(","))),
            Some(("k7".to_owned(), FlawKind::Twice))
        );
        let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
        assert_eq!(
            found(&deep).map(|(_, kind)| kind),
            Some(FlawKind::TooDeep(64))
        );
    }

    #[test]
    fn what_every_reader_reads_alike_has_no_flaw() {
        for json in [
            r#"{"a":{"x":1},"b":{"x":1},"x":[{"x":1},{"x":1}],"y":"x"}"#,
            r#"{"text":"\ud83d\ude00 \\ud83d \\\\","n":[1e308,-0,0e999,1e-400,123456789012345678901234567890,1.10]}"#,
            "[[],{},[{}],\"\"]",
            "",
            "\"",
            "{\"a",
            "]]}}",
        ] {
            assert_eq!(found(json), None, "{json}");
        }
    }
}
