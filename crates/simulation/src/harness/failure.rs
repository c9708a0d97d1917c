//! Failures of the harness itself.

/// Error of a simulation that could not start or go on, of any kind, boxed.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
