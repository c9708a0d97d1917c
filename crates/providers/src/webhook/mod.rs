//! `webhook`: posts the whole action as JSON to a URL.

mod classify;
mod config;
mod payload;
mod send;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use acteon_config::Settings;
use acteon_core::{
    Action, BoxFuture, Health, Lane, LaneLimits, Prepared, Provider, ProviderError, ProviderName,
    Response,
};

use crate::context::Context;
use crate::provider_type::{Built, ProviderType};
use config::Config;

pub(crate) fn provider_type() -> ProviderType {
    ProviderType {
        name: "webhook",
        keys: config::KEYS,
        build,
    }
}

fn build(name: &ProviderName, settings: &Settings, context: &Context) -> Built {
    let config = Config::read(settings, context)?;
    Ok(Arc::new(WebhookProvider {
        lane: format!("webhook:{name}").into(),
        config,
    }))
}

struct WebhookProvider {
    lane: Arc<str>,
    config: Config,
}

impl Provider for WebhookProvider {
    fn prepare(&self, action: &Action) -> Result<Prepared, ProviderError> {
        payload::prepare(action)
    }

    fn send<'a>(
        &'a self,
        prepared: &'a Prepared,
    ) -> BoxFuture<'a, Result<Response, ProviderError>> {
        Box::pin(send::post(&self.config, prepared))
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, ProviderError>> {
        Box::pin(send::probe(&self.config))
    }

    fn lane(&self) -> Lane {
        let limits = LaneLimits {
            max_concurrency: self.config.max_concurrency,
            max_per_second: None,
        };
        Lane {
            name: Arc::clone(&self.lane),
            limits,
            budget: None,
        }
    }
}
