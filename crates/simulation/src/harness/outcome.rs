//! Assertions on outcomes.

use acteon_core::{Outcome, Response};

/// Assertions on outcomes, whose messages show the outcome that was found.
pub trait ActionOutcomeExt {
    /// Response of an `Executed` outcome.
    ///
    /// # Panics
    /// On any other outcome.
    fn assert_executed(&self) -> &Response;

    /// Response of a `Rerouted` outcome.
    ///
    /// # Panics
    /// On any other outcome.
    fn assert_rerouted(&self) -> &Response;

    /// Asserts a `Suppressed` outcome.
    ///
    /// # Panics
    /// On any other outcome.
    fn assert_suppressed(&self);

    /// Asserts a `Deduplicated` outcome.
    ///
    /// # Panics
    /// On any other outcome.
    fn assert_deduplicated(&self);

    /// Error code of a `Failed` outcome.
    ///
    /// # Panics
    /// On any other outcome.
    fn assert_failed(&self) -> &str;

    /// Asserts a `Scheduled` outcome.
    ///
    /// # Panics
    /// On any other outcome.
    fn assert_scheduled(&self);
}

impl ActionOutcomeExt for Outcome {
    fn assert_executed(&self) -> &Response {
        match self {
            Self::Executed(response) => response,
            other => panic!("expected Executed, got {other:?}"),
        }
    }

    fn assert_rerouted(&self) -> &Response {
        match self {
            Self::Rerouted { response, .. } => response,
            other => panic!("expected Rerouted, got {other:?}"),
        }
    }

    fn assert_suppressed(&self) {
        assert!(
            matches!(self, Self::Suppressed { .. }),
            "expected Suppressed, got {self:?}"
        );
    }

    fn assert_deduplicated(&self) {
        assert!(
            matches!(self, Self::Deduplicated { .. }),
            "expected Deduplicated, got {self:?}"
        );
    }

    fn assert_failed(&self) -> &str {
        match self {
            Self::Failed { code, .. } => code,
            other => panic!("expected Failed, got {other:?}"),
        }
    }

    fn assert_scheduled(&self) {
        assert!(
            matches!(self, Self::Scheduled { .. }),
            "expected Scheduled, got {self:?}"
        );
    }
}
