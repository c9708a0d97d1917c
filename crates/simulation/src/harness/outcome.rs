//! Looking at outcomes.

use acteon_core::{Outcome, Response};

/// Assertions on outcomes that say what they found.
pub trait ActionOutcomeExt {
    /// # Panics
    /// Unless the provider took it.
    fn assert_executed(&self) -> &Response;

    /// # Panics
    /// Unless another provider took it.
    fn assert_rerouted(&self) -> &Response;

    /// # Panics
    /// Unless a rule said no.
    fn assert_suppressed(&self);

    /// # Panics
    /// Unless another action holds its dedup key.
    fn assert_deduplicated(&self);

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
