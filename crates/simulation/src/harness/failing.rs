//! A provider that fails with a chosen error.

use std::sync::atomic::{AtomicU64, Ordering};

use acteon_core::{
    Action, BoxFuture, ErrorKind, Health, Lane, LaneLimits, Prepared, Provider, ProviderError,
    Response,
};

/// Provider that fails with one error, always or for a number of calls.
pub struct FailingProvider {
    error: ProviderError,
    failures: u64,
    calls: AtomicU64,
}

impl FailingProvider {
    /// Creates a provider whose calls all fail with `error`.
    pub fn new(error: ProviderError) -> Self {
        Self {
            error,
            failures: u64::MAX,
            calls: AtomicU64::new(0),
        }
    }

    /// Fails as if the service refused the request; not retried.
    pub fn execution_failed() -> Self {
        Self::new(ProviderError::new(
            ErrorKind::ExecutionFailed,
            "simulated refusal",
        ))
    }

    /// Fails as if the service did not answer in time; the request may have arrived.
    pub fn timeout() -> Self {
        Self::new(ProviderError::new(ErrorKind::Timeout, "simulated time-out").maybe_sent())
    }

    /// Fails as if no connection could be made; retried.
    pub fn connection_error() -> Self {
        Self::new(ProviderError::new(
            ErrorKind::Connection,
            "simulated failure of the connection",
        ))
    }

    /// Fails as if the service refused the request for its rate; the lane pauses.
    pub fn rate_limited() -> Self {
        Self::new(ProviderError::new(
            ErrorKind::RateLimited,
            "simulated rate limit",
        ))
    }

    /// Limits the failures to the first `failures` calls; later ones succeed.
    #[must_use]
    pub fn fail_until(mut self, failures: u64) -> Self {
        self.failures = failures;
        self
    }

    /// Number of calls so far.
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
