//! What is wrong with a file, for a person to mend.

use std::fmt;

/// Where in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Where.
    pub place: Place,
    /// The section and key, such as `providers.wechat-ops: wechat.corp_id`.
    pub subject: String,
    /// What is wrong and what was expected.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// A configuration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// A file or variable cannot be read.
    Unreadable(String),
    /// All that is wrong with the file, in its order.
    Wrong {
        /// The file's name.
        file: String,
        /// What is wrong.
        troubles: Vec<Trouble>,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(message) => f.write_str(message),
            Self::Wrong { file, troubles } => {
                let plural = if troubles.len() == 1 { "" } else { "s" };
                write!(f, "{} problem{plural} in {file}", troubles.len())?;
                for Trouble { place, subject, message, hint } in troubles {
                    write!(f, "\n  {file}:{}:{}: {subject}: {message}", place.line, place.column)?;
                    if let Some(hint) = hint {
                        write!(f, "\n      {hint}")?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for ConfigError {}
