//! A provider that records its calls.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::{
    Action, BoxFuture, ErrorKind, Health, Lane, LaneLimits, Prepared, Provider, ProviderError,
    Response,
};

/// When a recording provider fails, and how: with a retryable error of the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum FailureMode {
    /// Never.
    #[default]
    None,
    /// Every n-th call.
    EveryN(u64),
    /// The first n calls.
    FirstN(u64),
    /// Calls whose turn in a fixed sequence of random numbers is below this share.
    Probabilistic(f64),
    /// Always.
    Always,
}

/// A call that was recorded.
#[derive(Clone, Debug)]
pub struct RecordedCall {
    /// The action.
    pub action: Action,
    /// Whether it was let succeed.
    pub succeeded: bool,
}

type ResponseFn = Box<dyn Fn(&Action) -> Result<Response, ProviderError> + Send + Sync>;

/// Records every call, and succeeds unless told otherwise.
pub struct RecordingProvider {
    name: String,
    calls: Mutex<Vec<RecordedCall>>,
    delay: Duration,
    respond: Option<ResponseFn>,
    failures: FailureMode,
}

impl RecordingProvider {
    /// A provider that succeeds at once.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            calls: Mutex::default(),
            delay: Duration::ZERO,
            respond: None,
            failures: FailureMode::None,
        }
    }

    /// Answers only after this long, in real time.
    #[must_use]
    pub fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Answers what this function says.
    #[must_use]
    pub fn with_response_fn(
        mut self,
        respond: impl Fn(&Action) -> Result<Response, ProviderError> + Send + Sync + 'static,
    ) -> Self {
        self.respond = Some(Box::new(respond));
        self
    }

    /// Fails now and then.
    #[must_use]
    pub fn with_failure_mode(mut self, failures: FailureMode) -> Self {
        self.failures = failures;
        self
    }

    /// All calls, oldest first.
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.lock().clone()
    }

    /// How many.
    pub fn call_count(&self) -> usize {
        self.lock().len()
    }

    /// Forgets them.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// The last.
    pub fn last_call(&self) -> Option<RecordedCall> {
        self.lock().last().cloned()
    }

    /// The action of the last.
    pub fn last_action(&self) -> Option<Action> {
        self.last_call().map(|call| call.action)
    }

    /// # Panics
    /// When it was not called exactly `count` times.
    pub fn assert_called(&self, count: usize) {
        assert_eq!(self.call_count(), count, "calls of {}", self.name);
    }

    /// # Panics
    /// When it was called fewer than `count` times.
    pub fn assert_called_at_least(&self, count: usize) {
        assert!(
            self.call_count() >= count,
            "{} was called {} times, expected at least {count}",
            self.name,
            self.call_count()
        );
    }

    /// # Panics
    /// When it was called.
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
