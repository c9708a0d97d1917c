//! Promises that did not hold.

/// Promise that did not hold, and the seed of the run that shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Seed of the run.
    pub seed: u64,
    /// Description of what did not hold.
    pub why: String,
}

impl Broken {
    pub(super) fn new(seed: u64, why: String) -> Self {
        Self { seed, why }
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "seed {}: {}", self.seed, self.why)
    }
}

impl std::error::Error for Broken {}
