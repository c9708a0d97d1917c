//! Faults of a payload, told together.

use acteon_core::ProviderError;
use acteon_core::limits::MAX_ERROR_BYTES;

use super::config::MsgType;
use super::fields::fault;

/// Room for the number of the faults that are not named, in bytes.
const MORE: usize = 32;

/// Faults of a payload, in the order in which they were found.
#[derive(Default)]
pub(super) struct Faults(Vec<String>);

impl Faults {
    /// What was read; `None` where it is a fault, which is kept.
    pub(super) fn keep<T>(&mut self, read: Result<T, ProviderError>) -> Option<T> {
        read.map_err(|error| self.0.push(error.to_string())).ok()
    }

    pub(super) fn extend(&mut self, faults: impl IntoIterator<Item = String>) {
        self.0.extend(faults);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Error with the faults: of a message whose fields stand at the top the first one, of another all for which there is room, and the number of the
    /// others.
    pub(super) fn told(&self, msgtype: MsgType) -> ProviderError {
        let mut told = self.0.first().cloned().unwrap_or_default();
        if !msgtype.is_object() {
            return fault(told);
        }
        for (index, next) in self.0.iter().enumerate().skip(1) {
            if told.len() + next.len() + MORE > MAX_ERROR_BYTES {
                told = format!("{told}; and {} more", self.0.len() - index);
                break;
            }
            told = format!("{told}; {next}");
        }
        fault(told)
    }
}
