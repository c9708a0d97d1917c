//! Diagnostics: what is wrong with a file, for a person to mend.

use std::fmt;

/// Most problems of a file that are told one by one.
pub(crate) const MAX_TOLD: usize = 50;
/// Most places that are told in one line.
const MAX_PLACES: usize = 5;

/// Place in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl Place {
    /// Where a file begins.
    pub const START: Self = Self { line: 1, column: 1 };

    /// Place of the byte at `offset`. Walks through the text before it.
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

/// Input that cannot be used: what is wrong with it, and what to do. It has no place yet; whoever knows where it stands makes it a [`Diagnostic`].
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

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Name of the file.
    pub file: String,
    /// Where in it.
    pub place: Place,
    /// Path of the field, such as `providers[0] (wechat-ops): wechat.corp_id` or `rules[2] (page-critical)`.
    pub subject: String,
    /// What is wrong and what was expected.
    pub message: String,
    /// What to do, or what was probably meant.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// Where it is and what it says, without the hint.
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

/// All in one line.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.without_hint(f)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// A file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// A file or variable cannot be read.
    Unreadable(String),
    /// All that is wrong with the file, in its order.
    Wrong {
        /// Name of the file.
        file: String,
        /// What is wrong, as far as it is told.
        diagnostics: Vec<Diagnostic>,
        /// How many more problems there are.
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
    /// Where something is wrong, for everybody who may look: what is wrong there may show what stands there.
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
