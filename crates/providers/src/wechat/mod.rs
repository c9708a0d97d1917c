//! `wechat`: messages of a WeChat Work (企业微信) app. Adapts `acteon-wecom`.

mod classify;
mod config;
mod payload;
mod send;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use acteon_core::{
    Action, BoxFuture, Budget, Health, Lane, LaneLimits, Prepared, Provider, ProviderError, ProviderName, Response, Settings,
};
use acteon_wecom::{App, Message};

use crate::catalog::{Built, Context, ProviderType};
use config::Config;

/// What WeChat Work delivers to one member from one app; it drops the rest without a word.
const BUDGET: Budget = Budget { per_minute: 30, per_hour: 1000 };

pub(crate) fn provider_type() -> ProviderType {
    ProviderType { name: "wechat", keys: config::KEYS, build }
}

fn build(_name: &ProviderName, settings: &Settings, context: &Context) -> Built {
    let (config, connection) = Config::read(settings)?;
    let app = App::new(connection.endpoint, connection.credentials, config.agent_id, connection.refresh_buffer, &context.wecom_tokens);
    let lane = Lane {
        name: format!("wechat:{}", app.corporation()).into(),
        limits: LaneLimits { max_concurrency: connection.max_concurrency, max_per_second: connection.max_per_second },
        budget: Some(BUDGET),
    };
    Ok(Arc::new(WechatProvider { app, config, lane }))
}

struct WechatProvider {
    app: App,
    config: Config,
    lane: Lane,
}

impl Provider for WechatProvider {
    fn prepare(&self, action: &Action) -> Result<Prepared, ProviderError> {
        payload::prepare(&self.config, action)
    }

    fn send<'a>(&'a self, prepared: &'a Prepared) -> BoxFuture<'a, Result<Response, ProviderError>> {
        Box::pin(send::send(&self.app, prepared))
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, ProviderError>> {
        Box::pin(send::health(&self.app))
    }

    fn lane(&self) -> Lane {
        self.lane.clone()
    }

    fn with_note(&self, prepared: &Prepared, note: &str) -> Option<Vec<u8>> {
        Some(Message::from_bytes(&prepared.bytes)?.with_note(note).to_bytes())
    }
}
