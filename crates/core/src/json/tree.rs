//! JSON as a tree in which numbers stay as they are written. As doubles, ids beyond 2^53 that differ in their last digit would be one.

use std::borrow::Cow;
use std::fmt;

use super::members::text;
use super::scan::{past_blanks, text_end, word_end};

/// Depth beyond which no tree is built.
const MAX_TREE_DEPTH: usize = 128;

/// Value, with numbers as they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree<'a> {
    /// A number, `true`, `false` or `null`.
    Word(&'a str),
    /// A text, without quotes and escapes.
    Text(Cow<'a, str>),
    /// The items of an array.
    List(Vec<Tree<'a>>),
    /// The members of an object in the order of their names; of a name that comes twice the last.
    Object(Vec<(Cow<'a, str>, Tree<'a>)>),
}

impl<'a> Tree<'a> {
    /// The tree of a text, which must be JSON; `None` where it nests deeper than 128 levels.
    pub fn parse(json: &'a str) -> Option<Self> {
        tree(json, &mut 0, 0)
    }

    /// Member of an object, by its name.
    pub fn member(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else {
            return None;
        };
        let at = members
            .binary_search_by(|(known, _)| (**known).cmp(name))
            .ok()?;
        members.get(at).map(|(_, value)| value)
    }

    /// Whether `are` holds of every number, `true`, `false` and `null` within.
    pub fn all_words(&self, are: fn(&str) -> bool) -> bool {
        match self {
            Self::Word(word) => are(word),
            Self::Text(_) => true,
            Self::List(items) => items.iter().all(|item| item.all_words(are)),
            Self::Object(members) => members.iter().all(|(_, value)| value.all_words(are)),
        }
    }
}

/// As JSON without blanks.
impl fmt::Display for Tree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::Text(text) => quote(f, text),
            Self::List(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    f.write_str(if at > 0 { "," } else { "" })?;
                    item.fmt(f)?;
                }
                f.write_str("]")
            }
            Self::Object(members) => {
                f.write_str("{")?;
                for (at, (name, value)) in members.iter().enumerate() {
                    f.write_str(if at > 0 { "," } else { "" })?;
                    quote(f, name)?;
                    f.write_str(":")?;
                    value.fmt(f)?;
                }
                f.write_str("}")
            }
        }
    }
}

fn quote(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str(&serde_json::Value::from(text).to_string())
}

fn tree<'a>(json: &'a str, at: &mut usize, depth: usize) -> Option<Tree<'a>> {
    let bytes = json.as_bytes();
    let start = past_blanks(bytes, *at);
    match bytes.get(start)? {
        b'{' | b'[' if depth == MAX_TREE_DEPTH => None,
        b'[' => {
            let mut items = Vec::new();
            *at = start + 1;
            while !ends(bytes, at) {
                items.push(tree(json, at, depth + 1)?);
            }
            Some(Tree::List(items))
        }
        b'{' => {
            let mut fields = Vec::new();
            *at = start + 1;
            while !ends(bytes, at) {
                let Tree::Text(name) = tree(json, at, depth + 1)? else {
                    return None;
                };
                *at = past_blanks(bytes, *at) + 1;
                fields.push((name, tree(json, at, depth + 1)?));
            }
            fields.reverse();
            fields.sort_by(|(left, _), (right, _)| left.cmp(right));
            fields.dedup_by(|(left, _), (right, _)| left == right);
            Some(Tree::Object(fields))
        }
        b'"' => {
            *at = text_end(bytes, start);
            Some(Tree::Text(text(json.get(start..*at)?)?))
        }
        _ => {
            *at = word_end(bytes, start);
            json.get(start..*at)
                .filter(|word| !word.is_empty())
                .map(Tree::Word)
        }
    }
}

/// Whether the list or object ends at `at`. Passes over what ends it, or over the comma before its
/// next item.
fn ends(bytes: &[u8], at: &mut usize) -> bool {
    *at = past_blanks(bytes, *at);
    if bytes.get(*at) == Some(&b',') {
        *at += 1;
    }
    let ended = matches!(bytes.get(*at), Some(b'}' | b']') | None);
    *at += usize::from(ended);
    ended
}
