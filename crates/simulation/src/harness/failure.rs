//! Why a simulation could not start or go on.

/// Why a simulation could not start or go on.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
