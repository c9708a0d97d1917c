//! DECIDE: what would be sent, through which provider. Pure.

use std::sync::Arc;

use acteon_core::{Action, ErrorKind, Outcome, Prepared, ProviderError, Timestamp};

use crate::registry::{Entry, Wired};
use crate::retry::RetryPolicy;

/// What is to be done with an action.
pub(crate) enum Plan {
    /// Send this.
    Send(Send),
    /// Nothing can be sent; the outcome, and the lane that its row is filed under.
    Fault(Outcome),
}

/// A request that may be sent.
pub(crate) struct Send {
    pub(crate) entry: Arc<Entry>,
    pub(crate) prepared: Arc<Prepared>,
    pub(crate) give_up_at: Timestamp,
}

pub(crate) fn plan(action: &Action, providers: &Wired, retry: &RetryPolicy, now: Timestamp) -> Plan {
    let Some(entry) = providers.get(&action.provider) else {
        let known: Vec<&str> = providers.entries().map(|entry| entry.name.as_str()).collect();
        let message = format!("there is no provider named {:?}; configured are: {}", action.provider.as_str(), known.join(", "));
        return Plan::Fault(Outcome::Failed { code: "PROVIDER_NOT_FOUND".into(), message, retryable: false, attempts: 0 });
    };
    match entry.provider.prepare(action) {
        Ok(prepared) => {
            let oldest = now + retry.max_age;
            let give_up_at = action.expires_at.map_or(oldest, |expires| expires.min(oldest));
            Plan::Send(Send { entry: Arc::clone(entry), prepared: Arc::new(prepared), give_up_at })
        }
        Err(error) => Plan::Fault(failed(&error, 0)),
    }
}

pub(crate) fn failed(error: &ProviderError, attempts: u32) -> Outcome {
    let kind: ErrorKind = error.kind();
    Outcome::Failed { code: kind.code().into(), message: error.to_string(), retryable: kind.retryable(), attempts }
}
