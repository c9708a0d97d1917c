//! Changes that a rule makes in a payload.

use std::borrow::Cow;

use acteon_core::{Action, ErrorKind, Outcome, ProviderError};
use acteon_rules::{Rule, patched};
use serde_json::value::RawValue;

/// Action with what a rule changes in its payload. A change that cannot be made is an outcome: the
/// rest of the payload is never sent alone.
pub(crate) fn changed<'a>(
    action: &'a Action,
    patch: Option<&RawValue>,
    rule: Option<&Rule>,
) -> Result<Cow<'a, Action>, Box<Outcome>> {
    let Some(patch) = patch else {
        return Ok(Cow::Borrowed(action));
    };
    match patched(&action.payload, patch) {
        Ok(payload) => Ok(Cow::Owned(Action {
            payload,
            ..action.clone()
        })),
        Err(error) => {
            let message = format!("rule {}: {error}", rule.map_or("", |rule| rule.name()));
            Err(Box::new(failed(&ProviderError::new(
                ErrorKind::Serialization,
                message,
            ))))
        }
    }
}

pub(crate) fn failed(error: &ProviderError) -> Outcome {
    let kind: ErrorKind = error.kind();
    Outcome::Failed {
        code: kind.code().into(),
        message: error.to_string(),
        retryable: kind.retryable(),
        attempts: 0,
    }
}
