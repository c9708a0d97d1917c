//! `wechat`: messages of a WeChat Work (企业微信) app, over `acteon-wecom`.

mod attachments;
mod beside;
mod callbacks;
mod change;
mod classify;
mod config;
mod elsewhere;
mod faults;
mod fields;
mod handle;
mod link_message;
mod listed;
mod payload;
mod plain;
mod send;
mod sign_in;
mod slips;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use acteon_config::Settings;
use acteon_core::{
    Action, BoxFuture, Budget, Callbacks, CardChange, Clock, Health, Lane, LaneLimits, LinkMessage,
    LinkPayload, NoRecipient, Prepared, Provider, ProviderError, ProviderName, Response, SignIn,
    TokenLife,
};
use acteon_wecom::{App, Message};
use serde_json::value::RawValue;

use crate::context::Context;
use crate::provider_type::{Built, ProviderType};
use beside::WrittenFor;
use callbacks::AppCallbacks;
use config::{AskBy, Config, OAuthPages, Section};
use handle::Sealer;
use sign_in::WechatSignIn;

/// Messages that WeChat Work delivers to one member from one app; it drops more of them without an error (page 90236 of its documentation).
const BUDGET: Budget = Budget {
    per_minute: 30,
    per_hour: 1000,
};

pub(crate) fn provider_type() -> ProviderType {
    ProviderType {
        name: "wechat",
        keys: config::KEYS,
        build,
    }
}

fn build(name: &ProviderName, settings: &Settings, context: &Context) -> Built {
    let Section {
        config,
        connection,
        callback,
        oauth,
    } = config::read(settings, context)?;
    let corp_id = Arc::clone(&connection.credentials.corp_id);
    let sealer = Arc::new(Sealer::of(&connection.credentials.corp_secret));
    let callbacks = callback.map(|codec| AppCallbacks {
        codec,
        agent_id: config.agent_id,
        sealer: Arc::clone(&sealer),
    });
    let app = App::new(
        connection.endpoint,
        connection.credentials,
        config.agent_id,
        connection.refresh_buffer,
        &context.wecom_tokens,
    )
    .within(context.send_limit());
    let app = Arc::new(app);
    let sign_in = oauth.map(|OAuthPages(pages)| WechatSignIn {
        app: Arc::clone(&app),
        corp_id,
        agent_id: config.agent_id,
        pages,
        clock: Arc::clone(&context.clock),
    });
    let lane = Lane {
        name: format!("wechat:{}", app.corporation()).into(),
        limits: LaneLimits {
            max_concurrency: connection.max_concurrency,
            max_per_second: connection.max_per_second,
        },
        budget: Some(BUDGET),
    };
    Ok(Arc::new(WechatProvider {
        name: name.clone(),
        app,
        config,
        lane,
        sign_in,
        clock: Arc::clone(&context.clock),
        sealer,
        callbacks,
    }))
}

struct WechatProvider {
    name: ProviderName,
    app: Arc<App>,
    config: Config,
    lane: Lane,
    sign_in: Option<WechatSignIn>,
    clock: Arc<dyn Clock>,
    sealer: Arc<Sealer>,
    callbacks: Option<AppCallbacks>,
}

impl Provider for WechatProvider {
    fn prepare(&self, action: &Action) -> Result<Prepared, ProviderError> {
        if let Some(change) = change::prepare(action) {
            return change;
        }
        let written_for = if action.provider == self.name {
            WrittenFor::This
        } else {
            WrittenFor::Another
        };
        payload::prepare(&self.config, action, written_for)
    }

    fn heeded(&self, action: &Action) -> Option<Vec<&'static str>> {
        payload::heeded(&self.config, action)
    }

    fn default_message_type(&self) -> Option<&'static str> {
        Some(self.config.default_msgtype.as_str())
    }

    fn plain(&self, action: &Action, text: &str) -> Option<Box<RawValue>> {
        plain::plain_text(action, text)
    }

    fn link_message(&self, message: &LinkMessage<'_>) -> Option<Result<LinkPayload, NoRecipient>> {
        let cards = self.config.ask_by == AskBy::Card;
        Some(link_message::with_link(message, cards))
    }

    fn text_to(&self, member: &str, text: &str) -> Option<Box<RawValue>> {
        link_message::text_to(member, text).ok()
    }

    fn change_card(&self, change: &CardChange<'_>) -> Option<Box<RawValue>> {
        change::payload(change)
    }

    fn handle(&self, answer: &Response) -> Option<String> {
        send::handle(answer)
    }

    fn callbacks(&self) -> Option<&dyn Callbacks> {
        Some(self.callbacks.as_ref()?)
    }

    fn make_ready(&self) -> Option<BoxFuture<'_, Result<(), ProviderError>>> {
        (!self.app.is_ready())
            .then(|| -> BoxFuture<'_, _> { Box::pin(send::make_ready(&self.app, &*self.clock)) })
    }

    fn send<'a>(
        &'a self,
        prepared: &'a Prepared,
    ) -> BoxFuture<'a, Result<Response, ProviderError>> {
        let card = (self.config.agent_id, &*self.sealer);
        Box::pin(send::send(&self.app, card, &*self.clock, prepared))
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, ProviderError>> {
        Box::pin(send::health(&self.app, &*self.clock))
    }

    fn check_proves_sending(&self) -> bool {
        true
    }

    fn lane(&self) -> Lane {
        self.lane.clone()
    }

    fn token_life(&self) -> Option<TokenLife> {
        self.app.token_life().map(|life| TokenLife {
            age: life.age,
            left: life.left,
        })
    }

    fn drops_copies_for(&self, prepared: &Prepared) -> Option<Duration> {
        let message = Message::from_bytes(&prepared.bytes)?;
        message.enable_duplicate_check.filter(|check| *check == 1)?;
        message
            .duplicate_check_interval
            .map(|seconds| Duration::from_secs(seconds.into()))
    }

    fn addressees(&self, prepared: &Prepared) -> Vec<String> {
        payload::addressees(prepared)
    }

    fn sign_in(&self) -> Option<&dyn SignIn> {
        self.sign_in
            .as_ref()
            .map(|sign_in| -> &dyn SignIn { sign_in })
    }

    fn late_mark(&self, late: Duration) -> Option<String> {
        Some(self.config.language.late_mark(late))
    }

    fn mark_late(&self, prepared: &Prepared, mark: &str) -> Option<Vec<u8>> {
        let message = Message::from_bytes(&prepared.bytes)?;
        let marked = message.clone().mark_late(mark);
        // A picture has no text that could say it.
        (marked != message).then(|| marked.to_bytes())
    }
}
