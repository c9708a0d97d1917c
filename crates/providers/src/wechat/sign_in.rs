//! Sign-in of members, who show in WeChat Work who they are.

use std::sync::Arc;

use acteon_core::{BoxFuture, Clock, ProviderError, SignIn, SignInAsk};
use acteon_crypto::SecretString;
use acteon_wecom::{App, Identity, OAuth};

use super::classify::classify;

/// What the browsers of the apps of WeChat Work and WeChat call themselves, in small letters: they know who is there. Any other is shown a QR code.
const KNOWS_ITS_MEMBER: [&str; 2] = ["wxwork", "micromessenger"];

/// Sign-in with one app.
pub(super) struct WechatSignIn {
    pub(super) app: Arc<App>,
    pub(super) corp_id: Arc<SecretString>,
    pub(super) agent_id: u32,
    /// Base URL of the pages; `None` for WeChat Work's own.
    pub(super) pages: Option<String>,
    pub(super) clock: Arc<dyn Clock>,
}

impl SignIn for WechatSignIn {
    fn address(&self, ask: &SignInAsk<'_>) -> String {
        let oauth = OAuth {
            corp_id: &self.corp_id,
            agent_id: self.agent_id,
            redirect_uri: ask.return_to,
            state: ask.state,
            pages: self.pages.as_deref(),
        };
        let agent = ask.user_agent.to_ascii_lowercase();
        if KNOWS_ITS_MEMBER.iter().any(|name| agent.contains(name)) {
            oauth.url()
        } else {
            oauth.desktop_url()
        }
    }

    fn identify<'a>(
        &'a self,
        code: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, ProviderError>> {
        Box::pin(async move {
            match self.app.identify(&SecretString::from(code)).await {
                Ok(Identity::Member(userid)) => Ok(Some(userid)),
                Ok(Identity::Outsider) => Ok(None),
                Err(error) => Err(classify(&error, self.clock.now())),
            }
        })
    }
}
