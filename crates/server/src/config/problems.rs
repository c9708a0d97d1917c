//! What is wrong with a file, for a person to mend.

use std::fmt;

/// Most problems that are told one by one.
pub(super) const MAX_TOLD: usize = 50;
/// Most places that are told in one line.
const MAX_PLACES: usize = 5;

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
        /// What is wrong, as far as it is told.
        troubles: Vec<Trouble>,
        /// How many more problems there are.
        more: usize,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(message) => f.write_str(message),
            Self::Wrong {
                file,
                troubles,
                more,
            } => {
                let count = troubles.len() + more;
                write!(
                    f,
                    "{count} problem{} in {file}",
                    if count == 1 { "" } else { "s" }
                )?;
                for Trouble {
                    place,
                    subject,
                    message,
                    hint,
                } in troubles
                {
                    write!(
                        f,
                        "\n  {file}:{}:{}: {subject}: {message}",
                        place.line, place.column
                    )?;
                    if let Some(hint) = hint {
                        write!(f, "\n      {hint}")?;
                    }
                }
                match more {
                    0 => Ok(()),
                    more => write!(
                        f,
                        "\n  and {more} more, which come out once these are mended"
                    ),
                }
            }
        }
    }
}

impl ConfigError {
    /// Where something is wrong, for everybody who may look: what is wrong there may show what stands there.
    pub fn places(&self) -> String {
        match self {
            Self::Unreadable(message) => message.clone(),
            Self::Wrong {
                file,
                troubles,
                more,
            } => {
                let shown = |Trouble { place, subject, .. }: &Trouble| {
                    format!("{file}:{}: {subject}", place.line)
                };
                let places: Vec<String> = troubles.iter().take(MAX_PLACES).map(shown).collect();
                let rest = troubles.len().saturating_sub(MAX_PLACES) + more;
                let rest = if rest == 0 {
                    String::new()
                } else {
                    format!(", and {rest} more")
                };
                format!("{}{rest}", places.join(", "))
            }
        }
    }
}

impl std::error::Error for ConfigError {}
