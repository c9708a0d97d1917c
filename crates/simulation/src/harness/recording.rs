//! A provider that records its calls.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::{
    Action, BoxFuture, ErrorKind, Health, Lane, LaneLimits, Prepared, Provider, ProviderError,
    Response,
};

/// Choice of the calls of a recording provider that fail. They fail with a connection error, which is retried.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum FailureMode {
    /// No call fails.
    #[default]
    None,
    /// Every n-th call fails, counted from 1; with 0 none does.
    EveryN(u64),
    /// The first n calls fail.
    FirstN(u64),
    /// This share of the calls fails, from 0 to 1; the same calls in every run.
    Probabilistic(f64),
    /// Every call fails.
    Always,
}

/// Call that a recording provider received.
#[derive(Clone, Debug)]
pub struct RecordedCall {
    /// Action that the call was for.
    pub action: Action,
    /// Whether the call was answered with success.
    pub succeeded: bool,
}

type ResponseFn = Box<dyn Fn(&Action) -> Result<Response, ProviderError> + Send + Sync>;

/// Provider that records every call. Calls succeed unless a failure mode or a response function says otherwise.
pub struct RecordingProvider {
    name: String,
    calls: Mutex<Vec<RecordedCall>>,
    delay: Duration,
    respond: Option<ResponseFn>,
    failures: FailureMode,
}

impl RecordingProvider {
    /// Creates a provider that answers every call at once with success.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            calls: Mutex::default(),
            delay: Duration::ZERO,
            respond: None,
            failures: FailureMode::None,
        }
    }

    /// Delays every answer by this much real time.
    #[must_use]
    pub fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Answers every call with what this function returns, unless the failure mode lets the call fail.
    #[must_use]
    pub fn with_response_fn(
        mut self,
        respond: impl Fn(&Action) -> Result<Response, ProviderError> + Send + Sync + 'static,
    ) -> Self {
        self.respond = Some(Box::new(respond));
        self
    }

    /// Lets some calls fail.
    #[must_use]
    pub fn with_failure_mode(mut self, failures: FailureMode) -> Self {
        self.failures = failures;
        self
    }

    /// Recorded calls, oldest first.
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.lock().clone()
    }

    /// Number of recorded calls.
    pub fn call_count(&self) -> usize {
        self.lock().len()
    }

    /// Deletes all recorded calls.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// Most recent call; `None` if there was none.
    pub fn last_call(&self) -> Option<RecordedCall> {
        self.lock().last().cloned()
    }

    /// Action of the most recent call; `None` if there was none.
    pub fn last_action(&self) -> Option<Action> {
        self.last_call().map(|call| call.action)
    }

    /// Asserts the number of recorded calls.
    ///
    /// # Panics
    /// When the provider was not called exactly `count` times.
    pub fn assert_called(&self, count: usize) {
        assert_eq!(self.call_count(), count, "calls of {}", self.name);
    }

    /// Asserts a lower bound of the number of recorded calls.
    ///
    /// # Panics
    /// When the provider was called fewer than `count` times.
    pub fn assert_called_at_least(&self, count: usize) {
        assert!(
            self.call_count() >= count,
            "{} was called {} times, expected at least {count}",
            self.name,
            self.call_count()
        );
    }

    /// Asserts that there is no recorded call.
    ///
    /// # Panics
    /// When the provider was called.
    pub fn assert_not_called(&self) {
        self.assert_called(0);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<RecordedCall>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fails(&self, number: u64) -> bool {
        match self.failures {
            FailureMode::None => false,
            FailureMode::Always => true,
            FailureMode::FirstN(count) => number <= count,
            FailureMode::EveryN(every) => every > 0 && number.is_multiple_of(every),
            // A multiplicative hash: the same calls fail in every run.
            FailureMode::Probabilistic(share) => {
                ((number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11) as f64 / (1u64 << 53) as f64)
                    < share
            }
        }
    }
}

impl Provider for RecordingProvider {
    fn prepare(&self, action: &Action) -> Result<Prepared, ProviderError> {
        let bytes = serde_json::to_vec(action)
            .map_err(|error| ProviderError::new(ErrorKind::Serialization, error.to_string()))?;
        Ok(Prepared {
            bytes,
            ..Prepared::default()
        })
    }

    fn send<'a>(
        &'a self,
        prepared: &'a Prepared,
    ) -> BoxFuture<'a, Result<Response, ProviderError>> {
        Box::pin(async move {
            if !self.delay.is_zero() {
                tokio::time::sleep(self.delay).await;
            }
            let action: Action = serde_json::from_slice(&prepared.bytes)
                .map_err(|error| ProviderError::new(ErrorKind::Serialization, error.to_string()))?;
            let number = self.call_count() as u64 + 1;
            let result = match &self.respond {
                _ if self.fails(number) => Err(ProviderError::new(
                    ErrorKind::Connection,
                    "simulated failure of the connection",
                )),
                Some(respond) => respond(&action),
                None => recorded(number),
            };
            self.lock().push(RecordedCall {
                action,
                succeeded: result.is_ok(),
            });
            result
        })
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, ProviderError>> {
        Box::pin(async { Ok(Health::default()) })
    }

    fn lane(&self) -> Lane {
        let limits = LaneLimits {
            max_concurrency: 64,
            max_per_second: None,
        };
        Lane {
            name: format!("recording:{}", self.name).into(),
            limits,
            budget: None,
        }
    }
}

fn recorded(number: u64) -> Result<Response, ProviderError> {
    let body = serde_json::value::to_raw_value(&serde_json::json!({ "recorded": number }));
    body.map(Response::success)
        .map_err(|error| ProviderError::new(ErrorKind::Serialization, error.to_string()))
}
