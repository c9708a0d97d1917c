//! A service that has limits.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acteon_core::{
    Action, BoxFuture, Budget, ErrorKind, Health, Lane, LaneLimits, Prepared, Provider,
    ProviderError, Response,
};
use tokio::time::{Instant, sleep};

/// Takes so many calls in any second, answers after 20 ms, and refuses all the others.
pub(crate) struct Service {
    limit: AtomicUsize,
    pub(crate) is_dead: AtomicBool,
    budget: Option<Budget>,
    taken: Mutex<VecDeque<Instant>>,
    arrived: Mutex<Vec<Instant>>,
    refused: AtomicUsize,
}

impl Service {
    pub(crate) fn taking(limit: usize) -> Arc<Self> {
        Self::with_budget(limit, None)
    }

    pub(crate) fn with_budget(limit: usize, budget: Option<Budget>) -> Arc<Self> {
        Arc::new(Self {
            limit: AtomicUsize::new(limit),
            is_dead: AtomicBool::new(false),
            budget,
            taken: Mutex::default(),
            arrived: Mutex::default(),
            refused: AtomicUsize::new(0),
        })
    }

    pub(super) fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Ordering::SeqCst);
    }

    pub(crate) fn arrived(&self) -> Vec<Instant> {
        self.arrived.lock().expect("a list").clone()
    }

    pub(super) fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }

    fn takes(&self) -> Result<Response, ProviderError> {
        let now = Instant::now();
        let mut taken = self.taken.lock().expect("a list");
        while taken
            .pop_front_if(|taken| *taken + Duration::from_secs(1) <= now)
            .is_some()
        {}
        if self.is_dead.load(Ordering::SeqCst) {
            return Err(ProviderError::new(ErrorKind::Connection, "nobody there"));
        }
        if taken.len() >= self.limit.load(Ordering::SeqCst) {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Err(ProviderError::new(
                ErrorKind::RateLimited,
                "45009 api freq out of limit",
            ));
        }
        taken.push_back(now);
        self.arrived.lock().expect("a list").push(now);
        Ok(Response::success(
            serde_json::value::to_raw_value(&"taken").expect("JSON"),
        ))
    }
}

/// A provider that sends to a service.
pub(super) struct Sender(pub(super) Arc<Service>);

impl Provider for Sender {
    fn prepare(&self, action: &Action) -> Result<Prepared, ProviderError> {
        let recipients = self
            .0
            .budget
            .map(|_| vec!["1/zhangsan".to_owned()])
            .unwrap_or_default();
        Ok(Prepared {
            bytes: action.id.as_str().into(),
            recipients,
            ..Prepared::default()
        })
    }

    fn send<'a>(
        &'a self,
        _prepared: &'a Prepared,
    ) -> BoxFuture<'a, Result<Response, ProviderError>> {
        Box::pin(async {
            sleep(Duration::from_millis(20)).await;
            self.0.takes()
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
            name: "service".into(),
            limits,
            budget: self.0.budget,
        }
    }
}
