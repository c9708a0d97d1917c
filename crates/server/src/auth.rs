//! API keys of callers, read from a file and read again when it changes.

use std::path::PathBuf;
use std::sync::Arc;

use acteon_core::{Caller, Clock as _, SystemClock};
use acteon_crypto::KeyRing;
use acteon_gateway::{Reloads, TroubleTurn};
use arc_swap::ArcSwap;

use crate::config::{AuthTable, ConfigError, KeyOf};
use crate::reading::Reading;
use crate::rules::looks;
use crate::watch::{Fingerprint, changed};

/// Who may call the API, and how a caller is recognised.
pub(crate) enum Auth {
    /// No key is asked for: every caller is this one, an administrator. Only on addresses that this
    /// machine alone can reach.
    Off(Caller),
    /// A caller needs a key of the file.
    Keys {
        path: PathBuf,
        /// Key ring that opens the envelopes in the file. A reload of the configuration may replace
        /// it.
        keys: Arc<ArcSwap<KeyRing>>,
        table: ArcSwap<AuthTable>,
        /// Fingerprint of the file before it was first read.
        at_first: Fingerprint,
        reading: Reading,
        /// Successes and failures of reading the file. While it has an error, a key that was taken
        /// out of it may still be good.
        reloads: Reloads,
        clock: SystemClock,
    },
}

impl Auth {
    /// Reads the file, on a thread that may wait for it.
    pub(crate) async fn load(
        path: Option<PathBuf>,
        keys: Arc<ArcSwap<KeyRing>>,
    ) -> Result<Self, ConfigError> {
        let Some(path) = path else {
            return Ok(Self::Off(Caller::anonymous()));
        };
        let loaded = tokio::task::spawn_blocking(move || Self::read(path, keys)).await;
        loaded.unwrap_or_else(|_| {
            Err(ConfigError::Unreadable(
                "reading the file of the API keys broke off".into(),
            ))
        })
    }

    fn read(path: PathBuf, keys: Arc<ArcSwap<KeyRing>>) -> Result<Self, ConfigError> {
        let at_first = looks(&path);
        let table = AuthTable::load(&path, &keys.load())?;
        let (reloads, clock) = (Reloads::default(), SystemClock::new());
        reloads.count(None, clock.now());
        let (table, reading) = (ArcSwap::from_pointee(table), Reading::default());
        Ok(Self::Keys {
            path,
            keys,
            table,
            at_first,
            reading,
            reloads,
            clock,
        })
    }

    /// Whether callers must show a key.
    pub(crate) fn asks_for_keys(&self) -> bool {
        matches!(self, Self::Keys { .. })
    }

    /// Caller with this key. The error is what is wrong with the key, for the answer.
    pub(crate) fn caller(&self, key: Option<&str>) -> Result<Caller, &'static str> {
        match (self, key) {
            (Self::Off(everybody), _) => Ok(everybody.clone()),
            (Self::Keys { .. }, None) => {
                Err("missing authentication credentials: send `Authorization: Bearer KEY`")
            }
            (Self::Keys { table, .. }, Some(key)) => table
                .load()
                .caller(KeyOf(key))
                .cloned()
                .ok_or("this API key is not known"),
        }
    }

    /// Whether a caller who was let in would be let in now, with the same role and grants.
    pub(crate) fn still_knows(&self, caller: &Caller) -> bool {
        match self {
            Self::Off(_) => true,
            Self::Keys { table, .. } => table.load().has(caller),
        }
    }

    /// Whether a key in force has this name.
    pub(crate) fn has_name(&self, name: &str) -> bool {
        match self {
            Self::Off(_) => false,
            Self::Keys { table, .. } => table.load().has_name(name),
        }
    }

    /// Successes and failures of reading the file; `None` where no key is asked for.
    pub(crate) fn reloads(&self) -> Option<&Reloads> {
        match self {
            Self::Off(_) => None,
            Self::Keys { reloads, .. } => Some(reloads),
        }
    }

    /// Number of keys in force; `None` where no key is asked for.
    pub(crate) fn len(&self) -> Option<usize> {
        match self {
            Self::Off(_) => None,
            Self::Keys { table, .. } => Some(table.load().len()),
        }
    }

    /// Reads the file and puts its keys in force; if anything is wrong with it, the keys before stay.
    pub(crate) async fn reload(&self) -> Result<(), ConfigError> {
        let Self::Keys {
            path,
            keys,
            table,
            reading,
            reloads,
            clock,
            ..
        } = self
        else {
            return Ok(());
        };
        let (path, keys) = (path.clone(), Arc::clone(keys));
        let (_turn, read) = reading
            .read(move || AuthTable::load(&path, &keys.load()))
            .await;
        let read = read.unwrap_or_else(|unread| {
            Err(ConfigError::Unreadable(
                unread.of("the file of the API keys"),
            ))
        });
        let loaded = read.map(|changed| {
            tracing::info!(keys = changed.len(), "API keys loaded");
            table.store(Arc::new(changed));
        });
        let error = loaded.as_ref().err();
        let turn = reloads.count(error.map(ConfigError::places), clock.now());
        if let (TroubleTurn::Began | TroubleTurn::Changed, Some(error)) = (turn, error) {
            tracing::error!(
                %error,
                "the API keys could not be loaded; those before stay in force"
            );
        }
        loaded
    }

    /// Reads the file again whenever it changes.
    pub(crate) async fn watch(self: Arc<Self>) {
        let Self::Keys { path, at_first, .. } = &*self else {
            return;
        };
        let mut known = at_first.clone();
        loop {
            let found = changed(path, looks, || known.clone()).await;
            // It is known once it was read: until then it is tried again.
            known = if matches!(self.reload().await, Ok(()) | Err(ConfigError::Wrong { .. })) {
                found
            } else {
                Fingerprint::new()
            };
        }
    }
}
