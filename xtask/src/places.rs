//! Words that belong in one place only, and words that were left behind.

use crate::tree::{Source, Tree};

/// The one crate that may name the HTTP client and its errors, tests and examples aside: requests and their addresses hold secrets.
const HTTP_CLIENT: &str = "crates/http/";

/// Parts of paths that may name it as well.
const OTHER_CLIENTS: &[&str] = &["/tests/", "/examples/", "bench/", "crates/testkit/"];

/// Roots of the crates that others may use as libraries: every public item has a doc comment. Elsewhere one that only repeats the name is left out.
const LIBRARIES: &[&str] = &["crates/http/src/lib.rs", "crates/wecom/src/lib.rs"];

const CLIENT_WORDS: &[&str] = &[
    concat!("reqwest", "::"),
    concat!("hyper", "::client"),
    concat!("hyper_util", "::client"),
    concat!("hyper", "_rustls"),
];

const LEFT_BEHIND: &[&str] = &[
    concat!("#[ign", "ore"),
    concat!("to", "do!("),
    concat!("unimpl", "emented!("),
    concat!("FIX", "ME"),
    concat!("dbg", "!("),
];

/// Complaints about words that stand where they may not.
pub(crate) fn check(tree: &Tree) -> Vec<String> {
    tree.sources.iter().flat_map(check_file).collect()
}

fn check_file(Source { path, text }: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for word in LEFT_BEHIND.iter().filter(|word| text.contains(**word)) {
        complaints.push(format!("{path} has {word}"));
    }
    let names_client = CLIENT_WORDS.iter().any(|word| text.contains(word));
    let may_name_it =
        path.starts_with(HTTP_CLIENT) || OTHER_CLIENTS.iter().any(|part| path.contains(part));
    if names_client && !may_name_it {
        complaints.push(format!(
            "{path} names an HTTP client: call through acteon-http"
        ));
    }
    if LIBRARIES.contains(&path.as_str()) && !text.contains("#![deny(missing_docs)]") {
        complaints.push(format!("{path} does not deny missing_docs"));
    }
    complaints
}
