//! `log`: writes actions into the server's own log. For trying things out, and as a place for what should not go anywhere else.

use std::sync::Arc;

use acteon_core::json::head;
use acteon_core::{Action, BoxFuture, Health, Lane, LaneLimits, Prepared, Provider, ProviderError, ProviderName, Response, Settings};

use crate::catalog::{Built, Context, ProviderType};

/// Longest part of a payload that is logged.
const MAX_LOGGED_BYTES: usize = 2048;

pub(crate) fn provider_type() -> ProviderType {
    ProviderType { name: "log", keys: &[], build }
}

#[expect(clippy::unnecessary_wraps, reason = "the signature that all provider types share")]
fn build(name: &ProviderName, _settings: &Settings, _context: &Context) -> Built {
    Ok(Arc::new(LogProvider { name: name.clone(), lane: format!("log:{name}").into() }))
}

struct LogProvider {
    name: ProviderName,
    lane: Arc<str>,
}

impl Provider for LogProvider {
    fn prepare(&self, action: &Action) -> Result<Prepared, ProviderError> {
        let Action { namespace, tenant, action_type, .. } = action;
        let payload = head(action.payload.get(), MAX_LOGGED_BYTES);
        let line = format!("{namespace}/{tenant} {action_type} {payload}");
        Ok(Prepared { bytes: line.into_bytes(), ..Prepared::default() })
    }

    fn send<'a>(&'a self, prepared: &'a Prepared) -> BoxFuture<'a, Result<Response, ProviderError>> {
        let line = String::from_utf8_lossy(&prepared.bytes);
        tracing::info!(target: "acteon::log", provider = %self.name, "{line}");
        let body = serde_json::value::to_raw_value(&serde_json::json!({ "logged": true }));
        Box::pin(async {
            body.map(Response::success).map_err(|error| ProviderError::new(acteon_core::ErrorKind::Serialization, error.to_string()))
        })
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, ProviderError>> {
        Box::pin(async { Ok(Health::default()) })
    }

    fn lane(&self) -> Lane {
        let limits = LaneLimits { max_concurrency: 1024, max_per_second: None };
        Lane { name: Arc::clone(&self.lane), limits, budget: None }
    }
}
