//! Skipping of tests that the machine has no means for.

use std::io::Write as _;

/// Prints that a test is skipped, and why. The message is not captured with the test's output: `ok` alone would look like a test that was run.
///
/// # Panics
/// When `CI` is set: a test that is skipped there fails.
pub fn skipped(why: &str) {
    assert!(
        std::env::var_os("CI").is_none(),
        "a test cannot be run here: {why}"
    );
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    drop(writeln!(std::io::stderr(), "skipped: {test}: {why}"));
}
