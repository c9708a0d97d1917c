//! What is wrong with a template, and where.

use std::fmt;

use acteon_core::json::head;
use acteon_core::limits::MAX_FAULT_BYTES;
use acteon_core::with_causes;
use minijinja::{Error, ErrorKind};

/// What is wrong with a template as it is written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", Place { path, line: *line })]
pub struct Problem {
    /// Path to the template within the JSON around it, such as `steps[2].payload_template.content`; empty where it stands alone.
    pub path: String,
    /// Line of the template, from 1.
    pub line: Option<usize>,
    /// What is wrong, and what to do about it.
    pub message: String,
}

/// Why a template could not be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", Place { path, line: *line })]
pub struct RenderError {
    /// Path to the template within the JSON around it; empty where it stands alone.
    pub path: String,
    /// Line of the template, from 1.
    pub line: Option<usize>,
    /// What went wrong, and what to do about it.
    pub message: String,
}

/// Path and line, as messages begin with them.
struct Place<'a> {
    path: &'a str,
    line: Option<usize>,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.path, self.line) {
            ("", None) => Ok(()),
            ("", Some(line)) => write!(f, "line {line}: "),
            (path, None) => write!(f, "{path}: "),
            (path, Some(line)) => write!(f, "{path}, line {line}: "),
        }
    }
}

impl Problem {
    pub(crate) fn of(path: &str, error: &Error) -> Self {
        Self {
            path: path.to_owned(),
            line: error.line(),
            message: message(error),
        }
    }

    pub(crate) fn new(path: &str, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line: None,
            message: message.into(),
        }
    }
}

impl RenderError {
    pub(crate) fn of(path: &str, error: &Error) -> Self {
        Self {
            path: path.to_owned(),
            line: error.line(),
            message: message(error),
        }
    }

    pub(crate) fn new(path: &str, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line: None,
            message: message.into(),
        }
    }
}

/// What an error of the engine says to people.
fn message(error: &Error) -> String {
    let text = match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => {
            "does too much work; make its loops and texts shorter".to_owned()
        }
        (ErrorKind::UndefinedError, Some(detail)) => format!(
            "{detail}; correct the name, or say what stands there without it: {{{{ name | default(\"...\") }}}}"
        ),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    };
    let text = std::error::Error::source(error).map_or(text.clone(), |cause| {
        format!("{text}: {}", with_causes(cause))
    });
    head(&text, MAX_FAULT_BYTES).to_owned()
}
