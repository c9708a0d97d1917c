//! Diagnostics: problems of a file, for a person to correct.

use std::fmt;

/// Most problems of a file that are listed; the rest are counted.
pub(crate) const MAX_LISTED: usize = 50;
/// Most places that are named in one line.
const MAX_PLACES: usize = 5;

/// Place in a file, shown as `line:column`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Number of the line, from 1.
    pub line: usize,
    /// Number of the character in its line, from 1.
    pub column: usize,
}

impl Place {
    /// Beginning of a file.
    pub const START: Self = Self { line: 1, column: 1 };

    /// Place of the byte at `offset`. Reads all of the text before it.
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        let before = &text[..text.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Input that cannot be used: what is wrong with it, and what to do. It has no place; the [`Walker`](crate::Walker), which knows the place, makes it a
/// [`Diagnostic`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidInput {
    /// What is wrong and what was expected.
    pub message: String,
    /// What to do, or what was probably meant.
    pub hint: Option<String>,
}

impl InvalidInput {
    /// Invalid input with a hint that says what to do.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    /// Invalid input without a hint: the message alone says what to do.
    pub fn of(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }
}

/// Problem of a file, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Name of the file.
    pub file: String,
    /// Place in the file.
    pub place: Place,
    /// Path of the value, such as `providers[0] (wechat-ops): wechat.corp_id` or `rules[2] (page-critical)`.
    pub subject: String,
    /// What is wrong and what was expected.
    pub message: String,
    /// What to do, or what was probably meant.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// Writes place, subject and message, without the hint.
    fn without_hint(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            place,
            subject,
            message,
            hint: _,
        } = self;
        write!(f, "{file}:{place}: {subject}: {message}")
    }
}

/// Place, subject, message and hint in one line.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.without_hint(f)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// Error of a configuration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// A file or an environment variable cannot be read. The text says which, and why.
    Unreadable(String),
    /// The file has problems.
    Wrong {
        /// Name of the file.
        file: String,
        /// Problems in the order of the file, 50 at most.
        diagnostics: Vec<Diagnostic>,
        /// Number of problems that are not listed.
        more: usize,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, diagnostics, more) = match self {
            Self::Unreadable(message) => return f.write_str(message),
            Self::Wrong {
                file,
                diagnostics,
                more,
            } => (file, diagnostics, more),
        };
        let count = diagnostics.len() + more;
        let plural = if count == 1 { "" } else { "s" };
        write!(f, "{count} problem{plural} in {file}")?;
        for diagnostic in diagnostics {
            f.write_str("\n  ")?;
            diagnostic.without_hint(f)?;
            if let Some(hint) = &diagnostic.hint {
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

impl ConfigError {
    /// Places of the problems in one line, without their messages: those may quote values, which not every reader may see.
    pub fn places(&self) -> String {
        let (diagnostics, more) = match self {
            Self::Unreadable(message) => return message.clone(),
            Self::Wrong {
                diagnostics, more, ..
            } => (diagnostics, more),
        };
        let shown =
            |Diagnostic {
                 file,
                 place,
                 subject,
                 ..
             }: &Diagnostic| format!("{file}:{}: {subject}", place.line);
        let places: Vec<String> = diagnostics.iter().take(MAX_PLACES).map(shown).collect();
        let rest = diagnostics.len().saturating_sub(MAX_PLACES) + more;
        let rest = match rest {
            0 => String::new(),
            rest => format!(", and {rest} more"),
        };
        format!("{}{rest}", places.join(", "))
    }
}

impl std::error::Error for ConfigError {}
