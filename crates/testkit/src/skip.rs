//! Tests that this machine has no means for.

use std::io::Write as _;

/// Says that a test is skipped and why, past the capture of a test's output: `ok` alone would be taken for a test that was run.
///
/// # Panics
/// When `CI` is set: there, a test that is skipped is a test that fails.
pub fn skipped(why: &str) {
    assert!(
        std::env::var_os("CI").is_none(),
        "a test cannot be run here: {why}"
    );
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    drop(writeln!(std::io::stderr(), "skipped: {test}: {why}"));
}
