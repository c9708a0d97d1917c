//! Access tokens shared through the store: encrypted with the key ring, under names that tell nothing.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{BoxFuture, Clock, Entropy, Timestamp, with_causes};
use acteon_crypto::{Envelope, ExposeSecret as _, KeyRing, SecretString};
use acteon_providers::{SharedToken, TokenShare, TokenTurn};
use acteon_store::{NoteSwap, Store};
use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};

/// Longest time that another process may hold the turn to fetch a token: a little longer than
/// fetching takes. Only a process that died holds it so long.
const TURN_LASTS: Duration = Duration::from_secs(5);
/// Pause between looks at whether another's turn is over.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Most that the clocks of two gateways differ, both set by the database's.
const CLOCKS_APART: Duration = Duration::from_secs(5);

/// Access tokens shared through a store.
pub(crate) struct StoredTokens {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Key ring in force, which a reload may replace.
    pub(crate) keys: Arc<ArcSwap<KeyRing>>,
    /// Name of this process among those that share the store.
    mine: String,
}

/// Token inside the envelope.
#[derive(Serialize, Deserialize)]
struct Kept {
    token: String,
    /// Instants at which it was stored and at which it expires, by the clock that all share.
    since: Timestamp,
    until: Timestamp,
}

impl Kept {
    /// Time until it expires; `None` when it is from the future: the clock was set back, and nobody
    /// knows how old it is.
    fn life(&self, now: Timestamp) -> Option<Duration> {
        (now + CLOCKS_APART >= self.since)
            .then(|| self.until.since(now).min(self.until.since(self.since)))
    }
}

impl StoredTokens {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: &dyn Entropy,
        keys: Arc<ArcSwap<KeyRing>>,
    ) -> Self {
        Self {
            store,
            clock,
            keys,
            mine: format!("{:016x}", entropy.bits()),
        }
    }

    /// Name of the token's note in the store; `None` without a key.
    fn note(&self, name: &[u8; 32]) -> Option<String> {
        let name = self.keys.load().name("wecom token", name)?;
        let digits = name
            .iter()
            .fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
        Some(format!("token:{digits}"))
    }

    /// Token in the store; `None` also where it cannot be opened.
    async fn load(&self, note: &str) -> Option<SharedToken> {
        let now = self.clock.now();
        let text = self.store.note(note, now).await.ok()??;
        let opened = Envelope::parse(&text).ok()?.open(&self.keys.load()).ok()?;
        let kept: Kept = serde_json::from_str(opened.expose_secret()).ok()?;
        Some(SharedToken {
            life: kept.life(now)?,
            whole_life: kept.until.since(kept.since),
            secret: Arc::new(SecretString::from(kept.token)),
        })
    }

    async fn save(&self, note: &str, token: &SharedToken) {
        let since = self.clock.now();
        let until = since + token.life;
        let kept = Kept {
            token: token.secret.expose_secret().to_owned(),
            since,
            until,
        };
        let Ok(text) = serde_json::to_string(&kept) else {
            return;
        };
        let Ok(sealed) = Envelope::seal(&SecretString::from(text), &self.keys.load()) else {
            return;
        };
        if let Err(error) = self.store.put_note(note, &sealed.to_string(), until).await {
            tracing::warn!(error = %with_causes(&error), "an access token could not be shared; others fetch their own");
        }
    }
}

impl TokenShare for StoredTokens {
    fn turn<'a>(
        &'a self,
        name: &'a [u8; 32],
        usable: &'a (dyn Fn(&SharedToken) -> bool + Send + Sync),
    ) -> BoxFuture<'a, TokenTurn> {
        Box::pin(async move {
            let Some(note) = self.note(name) else {
                return TokenTurn::Fetch;
            };
            let give_up = self.clock.monotonic() + TURN_LASTS;
            let turn = format!("{note}:turn");
            while self.clock.monotonic() < give_up {
                if let Some(token) = self.load(&note).await.filter(|token| usable(token)) {
                    return TokenTurn::Use(token);
                }
                let now = self.clock.now();
                match self
                    .store
                    .swap_note(NoteSwap {
                        name: turn.clone(),
                        expected: None,
                        text: self.mine.clone(),
                        now,
                        until: now + TURN_LASTS,
                    })
                    .await
                {
                    Ok(false) => self.clock.sleep(LOOK_EVERY).await,
                    Ok(true) => {
                        // Who had the turn before may have put its token there since the look.
                        let Some(token) = self.load(&note).await.filter(|token| usable(token))
                        else {
                            return TokenTurn::Fetch;
                        };
                        self.end(name).await;
                        return TokenTurn::Use(token);
                    }
                    Err(error) => {
                        tracing::warn!(error = %with_causes(&error), "access tokens are not shared while the store is away");
                        return TokenTurn::Fetch;
                    }
                }
            }
            TokenTurn::Fetch
        })
    }

    fn keep<'a>(&'a self, name: &'a [u8; 32], token: &'a SharedToken) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if let Some(note) = self.note(name) {
                self.save(&note, token).await;
            }
        })
    }

    fn end<'a>(&'a self, name: &'a [u8; 32]) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let Some(note) = self.note(name) else { return };
            let (turn, now) = (format!("{note}:turn"), self.clock.now());
            // It may be another's by now, who must keep it.
            if let Err(error) = self
                .store
                .swap_note(NoteSwap {
                    name: turn,
                    expected: Some(self.mine.clone()),
                    text: String::new(),
                    now,
                    until: Timestamp::default(),
                })
                .await
            {
                tracing::debug!(error = %with_causes(&error), "a turn to fetch a token runs out by itself");
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lives_no_longer_for_a_clock_that_was_set() {
        let at = |minutes: i64| Timestamp::from_millis(minutes * 60_000);
        let kept = Kept {
            token: String::new(),
            since: at(2000),
            until: at(2120),
        };
        let life = |now| kept.life(now).map(|life| life.as_secs() / 60);
        assert_eq!(
            (life(at(2000)), life(at(2030)), life(at(2120))),
            (Some(120), Some(90), Some(0))
        );
        assert_eq!(
            (
                life(at(2000 + 1440)),
                life(at(2000 - 60)),
                life(at(2000 - 1440))
            ),
            (Some(0), None, None)
        );
        assert_eq!(
            kept.life(at(2000) - Duration::from_secs(1)),
            Some(Duration::from_hours(2)),
            "clocks are a little apart"
        );
    }
}
