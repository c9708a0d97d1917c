//! The service that the gateways send to.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use acteon_core::{
    Action, BoxFuture, Budget, ErrorKind, Health, Lane, LaneLimits, Prepared, Provider,
    ProviderError, Response,
};

/// Counts what arrives. Its answer is late for ids that say so, and for some there is a failure first, or always.
#[derive(Default)]
pub(crate) struct Service {
    pub(crate) arrived: Mutex<BTreeMap<String, usize>>,
    asked: Mutex<BTreeMap<String, usize>>,
}

impl Service {
    fn count(map: &Mutex<BTreeMap<String, usize>>, id: &str) -> usize {
        let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
        let count = map.entry(id.to_owned()).or_default();
        *count += 1;
        *count
    }
}

impl Provider for Service {
    fn prepare(&self, action: &Action) -> Result<Prepared, ProviderError> {
        Ok(Prepared {
            bytes: action.id.as_str().into(),
            recipients: vec!["everybody".into()],
            ..Prepared::default()
        })
    }

    fn send<'a>(
        &'a self,
        prepared: &'a Prepared,
    ) -> BoxFuture<'a, Result<Response, ProviderError>> {
        Box::pin(async move {
            let id = String::from_utf8_lossy(&prepared.bytes);
            let asked = Self::count(&self.asked, &id);
            if id.starts_with("hangs") && asked == 1 {
                return std::future::pending().await;
            }
            if id.starts_with("retried") && asked == 1 {
                return Err(ProviderError::new(ErrorKind::Connection, "no connection"));
            }
            if id.starts_with("refused") {
                return Err(ProviderError::new(ErrorKind::ExecutionFailed, "refused"));
            }
            Self::count(&self.arrived, &id);
            serde_json::value::to_raw_value(&"taken")
                .map(Response::success)
                .map_err(|error| ProviderError::new(ErrorKind::Serialization, error.to_string()))
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
            budget: Some(Budget {
                per_minute: 10_000,
                per_hour: 100_000,
            }),
        }
    }
}
