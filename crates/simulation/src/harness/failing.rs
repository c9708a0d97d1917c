//! A provider that fails in a chosen way.

use std::sync::atomic::{AtomicU64, Ordering};

use acteon_core::{
    Action, BoxFuture, ErrorKind, Health, Lane, LaneLimits, Prepared, Provider, ProviderError,
    Response,
};

/// Fails with one error, for good or for a number of calls.
pub struct FailingProvider {
    error: ProviderError,
    failures: u64,
    calls: AtomicU64,
}

impl FailingProvider {
    /// Fails with any error, for good.
    pub fn new(error: ProviderError) -> Self {
        Self {
            error,
            failures: u64::MAX,
            calls: AtomicU64::new(0),
        }
    }

    /// The service refuses.
    pub fn execution_failed() -> Self {
        Self::new(ProviderError::new(
            ErrorKind::ExecutionFailed,
            "simulated refusal",
        ))
    }

    /// The service does not answer, and may have done its work.
    pub fn timeout() -> Self {
        Self::new(ProviderError::new(ErrorKind::Timeout, "simulated time-out").maybe_sent())
    }

    /// The service cannot be reached.
    pub fn connection_error() -> Self {
        Self::new(ProviderError::new(
            ErrorKind::Connection,
            "simulated failure of the connection",
        ))
    }

    /// The service is asked too often.
    pub fn rate_limited() -> Self {
        Self::new(ProviderError::new(
            ErrorKind::RateLimited,
            "simulated rate limit",
        ))
    }

    /// Fails only until it was called `failures` times.
    #[must_use]
    pub fn fail_until(mut self, failures: u64) -> Self {
        self.failures = failures;
        self
    }

    /// How often it was called.
    pub fn call_count(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Provider for FailingProvider {
    fn prepare(&self, action: &Action) -> Result<Prepared, ProviderError> {
        Ok(Prepared {
            bytes: action.payload.get().into(),
            ..Prepared::default()
        })
    }

    fn send<'a>(
        &'a self,
        _prepared: &'a Prepared,
    ) -> BoxFuture<'a, Result<Response, ProviderError>> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            if call < self.failures {
                return Err(self.error.clone());
            }
            let body =
                serde_json::value::to_raw_value(&serde_json::json!({ "recovered_after": call }));
            body.map(Response::success)
                .map_err(|error| ProviderError::new(ErrorKind::Serialization, error.to_string()))
        })
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, ProviderError>> {
        Box::pin(async { Err(self.error.clone()) })
    }

    fn lane(&self) -> Lane {
        let limits = LaneLimits {
            max_concurrency: 64,
            max_per_second: None,
        };
        Lane {
            name: format!("failing:{:p}", &raw const *self).into(),
            limits,
            budget: None,
        }
    }
}
