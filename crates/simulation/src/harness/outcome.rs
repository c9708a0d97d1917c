//! Looking at outcomes.

use acteon_core::{Outcome, Response};

/// Assertions on outcomes that say what they found.
pub trait ActionOutcomeExt {
    /// # Panics
    /// Unless the provider took it.
    fn assert_executed(&self) -> &Response;

    /// # Panics
    /// Unless it failed for good; returns the code.
    fn assert_failed(&self) -> &str;

    /// # Panics
    /// Unless it goes on by itself.
    fn assert_scheduled(&self);
}

impl ActionOutcomeExt for Outcome {
    fn assert_executed(&self) -> &Response {
        match self {
            Self::Executed(response) => response,
            other => panic!("expected Executed, got {other:?}"),
        }
    }

    fn assert_failed(&self) -> &str {
        match self {
            Self::Failed { code, .. } => code,
            other => panic!("expected Failed, got {other:?}"),
        }
    }

    fn assert_scheduled(&self) {
        assert!(matches!(self, Self::Scheduled { .. }), "expected Scheduled, got {self:?}");
    }
}
