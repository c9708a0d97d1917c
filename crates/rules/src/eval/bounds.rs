//! Bounds on what an evaluation may cost: steps, and bytes that it builds.

use std::borrow::Cow;

use acteon_core::limits::{MAX_BUILT_BYTES, MAX_STEPS};

use super::stop::{EvalResult, Stop};
use crate::value::Val;

/// Members of objects, or items of lists, that are compared within one step. So many that two
/// halves of the longest payload may be compared whole.
const MEMBERS_OF_A_STEP: usize = 32;

/// Cost of an evaluation so far.
#[derive(Default)]
pub(super) struct Bounds {
    steps: u32,
    /// Bytes of the texts and lists that it built.
    bytes: usize,
}

impl Bounds {
    /// Counts a text that is searched, by its length.
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

    /// Whether two values are equal. Counts the members and items that are compared.
    pub(super) fn equal(&mut self, left: &Val<'_>, right: &Val<'_>) -> Result<bool, Stop> {
        let mut looked_at = 0;
        let is_equal = left.equals(right, &mut looked_at);
        self.step(u32::try_from(looked_at / MEMBERS_OF_A_STEP).unwrap_or(u32::MAX))?;
        Ok(is_equal)
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

    /// Text that an evaluation built, after its bytes are counted.
    pub(super) fn built<'a>(&mut self, text: String) -> EvalResult<'a> {
        self.take_bytes(text.len())?;
        Ok(Val::Text(Cow::Owned(text)))
    }

    /// Counts so many steps; an error beyond the most that an evaluation may take.
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
