//! Writing to standard output.

use std::io::Write as _;

use anyhow::Context as _;

/// Prints a line, and returns the error where that fails: a panic would tell nobody anything.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::cli::output::print(format_args!($($text)*))?
    };
}

/// Prints a line on standard output.
pub(super) fn print(line: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("standard output cannot be written")
}

pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
