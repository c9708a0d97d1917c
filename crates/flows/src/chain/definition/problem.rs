//! What is wrong with a definition, and where.

use std::fmt;

use acteon_core::json::head;
use acteon_core::limits::MAX_FAULT_BYTES;

use crate::chain::limits::MAX_PROBLEMS;

/// What is wrong with a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Path to it, such as `steps[2].branches[0].target`; empty where it is all of the definition.
    pub path: String,
    /// What was found, and what is expected.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

/// Problems that were found so far.
#[derive(Debug, Default)]
pub(super) struct Problems {
    found: Vec<Problem>,
    more: usize,
}

impl Problems {
    pub(super) fn add(&mut self, path: &str, message: impl Into<String>) {
        if self.found.len() == MAX_PROBLEMS {
            self.more += 1;
            return;
        }
        let message: String = message.into();
        self.found.push(Problem {
            path: path.to_owned(),
            message: head(&message, MAX_FAULT_BYTES * 2).to_owned(),
        });
    }

    pub(super) fn count(&self) -> usize {
        self.found.len() + self.more
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(super) fn into_vec(mut self) -> Vec<Problem> {
        if self.more > 0 {
            self.found.push(Problem {
                path: String::new(),
                message: format!("{} more problems are not listed", self.more),
            });
        }
        self.found
    }
}
