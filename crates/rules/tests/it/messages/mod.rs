//! What whoever writes rules, time intervals and matchers is told, word for word: what was wrong, where, what was expected, what to do.
//!
//! One table a boundary. Here: rules, conditions, time intervals, matchers, and what a rule fails with. Beside it `meaning` has what could never
//! be true. The server's tests have the others: `messages.rs` the configuration and the command line, `words.rs` requests, `wechat/errors.rs` and
//! `wechat/told.rs` what WeChat Work answers and what it cannot be sent.

mod conditions;
mod others;
mod rules;

use acteon_rules::Context;

use crate::support::faults;

/// What is wrong with each text, by its table; all that differ are told together.
fn check(rows: &[(&str, &str)], told: impl Fn(&str) -> String) {
    let differ = rows.iter().filter_map(|(text, expected)| {
        let told = told(text);
        (told != *expected).then(|| format!("{text}\n  says      {told}\n  should be {expected}"))
    });
    let differ: Vec<String> = differ.collect();
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

/// What is told of a file of rules, with its place, without the count of the problems.
fn told(text: &str) -> String {
    let told = faults(text, &Context::default());
    told.lines()
        .skip(1)
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" | ")
}
