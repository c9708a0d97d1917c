//! Diagnostics of rules files, for a person to mend.

use std::fmt;

use acteon_config::Diagnostic;

/// Rules that cannot be used: all that is wrong with them, in the order of files and lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError(pub Vec<Diagnostic>);

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(f, "{} problem{plural} in the rules", self.0.len())?;
        self.0
            .iter()
            .try_for_each(|diagnostic| write!(f, "\n  {diagnostic}"))
    }
}

impl std::error::Error for LoadError {}
