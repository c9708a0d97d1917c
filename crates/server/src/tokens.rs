//! Access tokens shared through the store: encrypted with the key ring, under names that tell nothing.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Clock, Entropy, Timestamp};
use acteon_crypto::{Envelope, ExposeSecret as _, KeyRing, SecretString};
use acteon_providers::{Pending, SharedToken, TokenShare, Turn};
use acteon_store::Store;
use serde::{Deserialize, Serialize};

/// How long a turn is another's at most: longer than two calls that run into their time-out.
const TURN_LASTS: Duration = Duration::from_secs(25);
/// How often to look whether it is over.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Shares tokens through a store.
pub(crate) struct StoredTokens {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) keys: KeyRing,
}

/// What is inside the envelope.
#[derive(Serialize, Deserialize)]
struct Kept {
    token: String,
    /// By the clock that all share.
    until: Timestamp,
}

impl StoredTokens {
    /// The name of the token's note; `None` without a key.
    fn note(&self, name: &[u8; 32]) -> Option<String> {
        let name = self.keys.name("wecom token", name)?;
        let digits = name.iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
        Some(format!("token:{digits}"))
    }

    /// The token that is there; what cannot be opened is not.
    async fn load(&self, note: &str) -> Option<SharedToken> {
        let now = self.clock.now();
        let text = self.store.note(note, now).await.ok()??;
        let opened = Envelope::parse(&text).ok()?.open(&self.keys).ok()?;
        let Kept { token, until } = serde_json::from_str(opened.expose_secret()).ok()?;
        Some(SharedToken { secret: Arc::new(SecretString::from(token)), life: until.since(now) })
    }

    async fn keep(&self, note: &str, token: &SharedToken) {
        let until = self.clock.now() + token.life;
        let kept = Kept { token: token.secret.expose_secret().to_owned(), until };
        let Ok(text) = serde_json::to_string(&kept) else { return };
        let Ok(sealed) = Envelope::seal(&SecretString::from(text), &self.keys) else { return };
        if let Err(error) = self.store.put_note(note, &sealed.to_string(), until).await {
            tracing::warn!(%error, "an access token could not be shared; others fetch their own");
        }
    }
}

impl TokenShare for StoredTokens {
    fn turn<'a>(&'a self, name: &'a [u8; 32], usable: &'a (dyn Fn(&SharedToken) -> bool + Send + Sync)) -> Pending<'a, Turn> {
        Box::pin(async move {
            let Some(note) = self.note(name) else { return Turn::Fetch };
            let give_up = self.clock.monotonic() + TURN_LASTS;
            let turn = format!("{note}:turn");
            let mine = format!("{:016x}", self.entropy.bits());
            while self.clock.monotonic() < give_up {
                if let Some(token) = self.load(&note).await.filter(|token| usable(token)) {
                    return Turn::Use(token);
                }
                let now = self.clock.now();
                match self.store.swap_note(&turn, None, &mine, now, now + TURN_LASTS).await {
                    Ok(false) => self.clock.sleep(LOOK_EVERY).await,
                    Ok(true) => {
                        // Who had the turn before may have put its token there since the look.
                        let Some(token) = self.load(&note).await.filter(|token| usable(token)) else { return Turn::Fetch };
                        self.end(name, None).await;
                        return Turn::Use(token);
                    }
                    Err(error) => {
                        tracing::warn!(%error, "access tokens are not shared while the store is away");
                        return Turn::Fetch;
                    }
                }
            }
            Turn::Fetch
        })
    }

    fn end<'a>(&'a self, name: &'a [u8; 32], fetched: Option<&'a SharedToken>) -> Pending<'a, ()> {
        Box::pin(async move {
            let Some(note) = self.note(name) else { return };
            if let Some(token) = fetched {
                self.keep(&note, token).await;
            }
            if let Err(error) = self.store.put_note(&format!("{note}:turn"), "", Timestamp::default()).await {
                tracing::debug!(%error, "a turn to fetch a token runs out by itself");
            }
        })
    }
}
