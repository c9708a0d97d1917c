//! The text of an error together with that of its causes.

use std::error::Error;
use std::fmt;

/// An error as one line of text; see [`with_causes`].
#[derive(Clone, Copy)]
pub struct WithCauses<'a>(&'a (dyn Error + 'static));

/// Text of an error and of each of its sources, outermost first, parted by ": ", as `{:#}` prints an `anyhow::Error`.
///
/// An error's own `Display` says one sentence and leaves its sources to them. Whoever shows an error to a person (log, HTTP, command line) shows it through this, once.
pub fn with_causes<'a>(error: &'a (dyn Error + 'static)) -> WithCauses<'a> {
    WithCauses(error)
}

impl fmt::Display for WithCauses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the outer failed")]
    struct Outer(#[source] Middle);

    #[derive(Debug, thiserror::Error)]
    #[error("the middle failed")]
    struct Middle(#[source] std::io::Error);

    #[test]
    fn each_sentence_stands_once() {
        let inner = || std::io::Error::other("no disk");
        assert_eq!(with_causes(&inner()).to_string(), "no disk");
        assert_eq!(
            with_causes(&Outer(Middle(inner()))).to_string(),
            "the outer failed: the middle failed: no disk"
        );
    }
}
