//! JSON texts, looked at without building them.

mod flaw;
mod members;
mod number;
mod same;
mod scan;
mod tree;

pub use flaw::Flaw;
pub use members::{Member, items, members, text, whole_letters};
pub use number::{order, whole_part};
pub use same::same;
pub use tree::Tree;

/// Whether arrays and objects in `text` nest deeper than `limit`. `text` must be JSON; strings are skipped as a whole.
///
/// Works on bytes without recursion, so it is safe on what is not yet known to be harmless.
pub fn nests_deeper_than(text: &str, limit: usize) -> bool {
    let mut depth = 0usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// The first `limit` bytes of `text`, cut at a character.
pub fn head(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_nesting_outside_strings() {
        assert!(!nests_deeper_than(r#"{"a":["[[[[","\"{{{"]}"#, 2));
        assert!(nests_deeper_than(r#"{"a":[[1]]}"#, 2));
    }

    #[test]
    fn cuts_at_a_character() {
        assert_eq!(head("中文", 4), "中");
        assert_eq!(head("abc", 9), "abc");
    }
}
