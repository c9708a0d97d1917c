//! Whether two JSON texts say the same: the order of names does not matter, and numbers are compared as they are written. As doubles, ids
//! beyond 2^53 that differ in their last digit would be one.

use std::borrow::Cow;

use super::members::text;
use super::scan::{past_blanks, text_end, word_end};

/// Depth beyond which texts are only the same where their bytes are.
const MAX_SAME_DEPTH: usize = 128;

/// A value, with numbers and words as they are written.
#[derive(PartialEq, Eq)]
enum Tree<'a> {
    Word(&'a str),
    Text(Cow<'a, str>),
    List(Vec<Tree<'a>>),
    /// By name; of one that comes twice the last.
    Object(Vec<(Cow<'a, str>, Tree<'a>)>),
}

/// Whether two texts, which must be JSON, say the same.
pub fn same(left: &str, right: &str) -> bool {
    if left == right {
        return true;
    }
    matches!((tree(left, &mut 0, 0), tree(right, &mut 0, 0)), (Some(left), Some(right)) if left == right)
}

fn tree<'a>(json: &'a str, at: &mut usize, depth: usize) -> Option<Tree<'a>> {
    let bytes = json.as_bytes();
    let start = past_blanks(bytes, *at);
    match bytes.get(start)? {
        b'{' | b'[' if depth == MAX_SAME_DEPTH => None,
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

/// Whether the list or object ends here. Passes over what ends it, or over the comma before its next item.
fn ends(bytes: &[u8], at: &mut usize) -> bool {
    *at = past_blanks(bytes, *at);
    if bytes.get(*at) == Some(&b',') {
        *at += 1;
    }
    let ended = matches!(bytes.get(*at), Some(b'}' | b']') | None);
    *at += usize::from(ended);
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_blanks_and_escapes_do_not_matter_and_digits_do() {
        for (left, right) in [
            (
                r#"{"a":1,"b":[true,{}]}"#,
                r#"{ "b" : [ true , { } ] , "a" : 1 }"#,
            ),
            (r#"{"\u0061":"\u4e2d"}"#, r#"{"a":"中"}"#),
            ("[]", "[ ]"),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
        ] {
            assert!(same(left, right), "{left} {right}");
        }
        for (left, right) in [
            ("18446744073709551617", "18446744073709551618"),
            ("1.10", "1.1"),
            (r#"{"a":[1,2]}"#, r#"{"a":[2,1]}"#),
            (r#"{"a":null}"#, "{}"),
            (r#"{"a":1}"#, r#"{"a":"1"}"#),
            ("[[]]", "[]"),
            ("true", "false"),
        ] {
            assert!(!same(left, right), "{left} {right}");
        }
    }
}
