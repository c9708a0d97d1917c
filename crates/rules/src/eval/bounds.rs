//! What an evaluation may cost.

use acteon_core::limits::{MAX_BUILT_BYTES, MAX_STEPS};

use super::{Evaluator, Stop};
use crate::value::Val;

impl Evaluator<'_, '_> {
    /// Counts a text that is searched.
    pub(crate) fn read(&mut self, text: &str) -> std::result::Result<(), Stop> {
        self.step(u32::try_from(text.len() / 1024).unwrap_or(u32::MAX))
    }

    /// Counts reading a number `times`: it may be as long as a payload.
    pub(super) fn weigh(&mut self, value: &Val<'_>, times: usize) -> std::result::Result<(), Stop> {
        match value {
            Val::Number(text) => self
                .step(u32::try_from((text.len() / 1024).saturating_mul(times)).unwrap_or(u32::MAX)),
            _ => Ok(()),
        }
    }

    pub(super) fn take_bytes(&mut self, bytes: usize) -> std::result::Result<(), Stop> {
        self.bytes += bytes;
        if self.bytes > MAX_BUILT_BYTES {
            return Err(Stop::error(&format!(
                "the expression builds more than {MAX_BUILT_BYTES} bytes"
            )));
        }
        Ok(())
    }

    pub(super) fn step(&mut self, steps: u32) -> std::result::Result<(), Stop> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > MAX_STEPS {
            return Err(Stop::error(&format!(
                "the expression takes more than {MAX_STEPS} steps"
            )));
        }
        Ok(())
    }
}
