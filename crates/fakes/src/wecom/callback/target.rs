//! Target of callbacks: the URL, token and key of an app.

use acteon_http::Url;

use super::codec::{self, Key};
use crate::wecom::clock;
use crate::wecom::world::{App, World};

/// Where an app is called back, and what its callbacks are sealed with.
pub(super) struct Target {
    pub(super) url: Url,
    pub(super) corp_id: String,
    pub(super) agent_id: i64,
    pub(super) token: String,
    pub(super) key: Key,
}

/// Checks that an app can be called back. Errors with what its callback lacks.
pub(in crate::wecom) fn check(world: &World, agent_id: i64) -> Result<(), String> {
    Target::of(world, agent_id).map(drop)
}

/// Text that was sealed and signed.
pub(super) struct Sealed {
    pub(super) text: String,
    pub(super) timestamp: String,
    pub(super) nonce: String,
    pub(super) signature: String,
}

impl Target {
    /// Target of an app. Errors with what its callback lacks.
    pub(super) fn of(world: &World, agent_id: i64) -> Result<Self, String> {
        let app = world.apps.iter().find(|app| app.agent_id == agent_id);
        let app = app.ok_or_else(|| format!("there is no app {agent_id}"))?;
        let App {
            callback_url: Some(url),
            callback_token: Some(token),
            callback_aes_key: Some(key),
            ..
        } = app
        else {
            return Err(format!(
                "app {agent_id} is not called back: it needs callback_url, callback_token and callback_aes_key"
            ));
        };
        let parsed = Url::parse(url).ok();
        let web = parsed.filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = web.ok_or_else(|| {
            format!("callback_url of app {agent_id} is {url:?}: it must be an http or https URL")
        })?;
        let key = Key::parse(key).ok_or_else(|| {
            format!("callback_aes_key of app {agent_id} must be 43 letters and digits")
        })?;
        Ok(Self {
            url,
            corp_id: world.corp_id.clone(),
            agent_id,
            token: token.clone(),
            key,
        })
    }

    /// Seals a text, with a nonce and random bytes of its own.
    pub(super) fn seal(&self, world: &mut World, text: &str) -> Sealed {
        let random = (u128::from(world.random()) << 64 | u128::from(world.random())).to_be_bytes();
        let text = codec::seal(&self.key, random, text, &self.corp_id);
        let timestamp = clock::since_1970().as_secs().to_string();
        let nonce = (world.random() % 10_000_000_000).to_string();
        let signature = codec::signature(&self.token, &timestamp, &nonce, &text);
        Sealed {
            text,
            timestamp,
            nonce,
            signature,
        }
    }

    /// URL with the query that signs a sealed text.
    pub(super) fn signed_url(&self, sealed: &Sealed) -> Url {
        let mut url = self.url.clone();
        url.query_pairs_mut()
            .append_pair("msg_signature", &sealed.signature)
            .append_pair("timestamp", &sealed.timestamp)
            .append_pair("nonce", &sealed.nonce);
        url
    }
}
