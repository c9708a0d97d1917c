//! Equality of JSON texts: the order of names does not matter, and numbers are compared as they are
//! written.

use super::Tree;

/// Whether two texts, which must be JSON, hold equal values. Those that nest too deep are equal
/// only where their bytes are.
pub fn same(left: &str, right: &str) -> bool {
    if left == right {
        return true;
    }
    matches!((Tree::parse(left), Tree::parse(right)), (Some(left), Some(right)) if left == right)
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
