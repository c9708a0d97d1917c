//! What an evaluation may cost.

use std::borrow::Cow;

use acteon_core::limits::{MAX_BUILT_BYTES, MAX_STEPS};

use super::stop::{Evaluated, Stop};
use crate::value::Val;

/// What an evaluation has cost so far.
#[derive(Default)]
pub(super) struct Bounds {
    steps: u32,
    /// Bytes of what it built.
    bytes: usize,
}

impl Bounds {
    /// Counts a text that is searched.
    pub(super) fn read(&mut self, text: &str) -> Result<(), Stop> {
        self.step(u32::try_from(text.len() / 1024).unwrap_or(u32::MAX))
    }

    /// Counts reading a number `times`: it may be as long as a payload.
    pub(super) fn weigh(&mut self, value: &Val<'_>, times: usize) -> Result<(), Stop> {
        match value {
            Val::Number(text) => self
                .step(u32::try_from((text.len() / 1024).saturating_mul(times)).unwrap_or(u32::MAX)),
            _ => Ok(()),
        }
    }

    /// Counts bytes that are built.
    pub(super) fn take_bytes(&mut self, bytes: usize) -> Result<(), Stop> {
        self.bytes += bytes;
        if self.bytes > MAX_BUILT_BYTES {
            return Err(Stop::error(&format!(
                "the expression builds more than {MAX_BUILT_BYTES} bytes"
            )));
        }
        Ok(())
    }

    /// A text that was made.
    pub(super) fn built<'a>(&mut self, text: String) -> Evaluated<'a> {
        self.take_bytes(text.len())?;
        Ok(Val::Text(Cow::Owned(text)))
    }

    /// Counts steps.
    pub(super) fn step(&mut self, steps: u32) -> Result<(), Stop> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > MAX_STEPS {
            return Err(Stop::error(&format!(
                "the expression takes more than {MAX_STEPS} steps"
            )));
        }
        Ok(())
    }
}
