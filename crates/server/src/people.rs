//! People and groups from a file of their own: loads them, all or nothing, and again when the file changes.

use std::sync::{Arc, PoisonError};

use acteon_core::{Clock as _, SystemClock};
use acteon_gateway::{Gateway, Reloads, TroubleTurn};
use acteon_people::Roster;

use crate::approvals::warn_of_approvals;
use crate::config::{ConfigError, PeopleFile, load_people};
use crate::reading::Reading;
use crate::rules::looks;
use crate::watch::{Fingerprint, changed};

/// Most contradictions that are logged at a time.
const MAX_WARNINGS: usize = 20;

/// Source of the people and groups, and how the last loading went.
pub(crate) struct PeopleLoader {
    file: Option<PeopleFile>,
    reading: Reading,
    reloads: Reloads,
    clock: SystemClock,
    /// Fingerprint of the file before it was last read.
    known: std::sync::Mutex<Fingerprint>,
}

impl PeopleLoader {
    pub(crate) fn new(file: Option<PeopleFile>) -> Self {
        let (reading, known) = Default::default();
        Self {
            file,
            reading,
            reloads: Reloads::default(),
            clock: SystemClock::new(),
            known,
        }
    }

    /// Successes and failures of the loadings; `None` where people have no file of their own.
    pub(crate) fn reloads(&self) -> Option<&Reloads> {
        self.file.as_ref().map(|_| &self.reloads)
    }

    /// People and groups to start with; `None` where they have no file of their own.
    pub(crate) async fn load(&self) -> Result<Option<Roster>, ConfigError> {
        let Some(PeopleFile { path, .. }) = self.file.clone() else {
            return Ok(None);
        };
        // A start may wait for a file.
        let loaded = tokio::task::spawn_blocking(move || (looks(&path), load_people(&path))).await;
        let (known, loaded) = loaded.unwrap_or_else(|_| (Fingerprint::new(), Err(broke_off())));
        self.set_known(known);
        self.note(loaded.as_ref().err());
        loaded.map(Some)
    }

    /// Loads the file and puts its people and groups in force; with any error those before stay. Returns the numbers of people and of groups.
    pub(crate) async fn reload(
        &self,
        gateway: &Gateway,
    ) -> Result<Option<(usize, usize)>, ConfigError> {
        let Some(PeopleFile { path, .. }) = self.file.clone() else {
            return Ok(None);
        };
        let read = move || (looks(&path), load_people(&path));
        let (_turn, read) = self.reading.read(read).await;
        let (known, loaded) = read.unwrap_or_else(|unread| {
            let error = ConfigError::Unreadable(unread.of("the file of people"));
            (Fingerprint::new(), Err(error))
        });
        // What could not be read is tried again.
        let unreadable = matches!(loaded, Err(ConfigError::Unreadable(_)));
        self.set_known(if unreadable {
            Fingerprint::new()
        } else {
            known
        });
        self.note(loaded.as_ref().err());
        let roster = loaded?;
        gateway.set_roster(&roster).await;
        let (people, groups) = roster.counts();
        tracing::info!(people, groups, "people and groups loaded");
        warn_of_people(gateway).await;
        Ok(Some((people, groups)))
    }

    /// Loads the file again whenever it changes.
    pub(crate) async fn watch(self: Arc<Self>, gateway: Gateway) {
        let Some(file) = self.file.as_ref().filter(|file| file.watch) else {
            return;
        };
        loop {
            changed(&file.path, looks, || self.known()).await;
            // What is wrong is logged, shown by /ready, and counted.
            drop(self.reload(&gateway).await);
        }
    }

    fn known(&self) -> Fingerprint {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    fn set_known(&self, known: Fingerprint) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }

    fn note(&self, error: Option<&ConfigError>) {
        let places = error.map(ConfigError::places);
        let turn = self.reloads.count(places, self.clock.now());
        match (turn, error) {
            (TroubleTurn::Began | TroubleTurn::Changed, Some(error)) => {
                tracing::error!(%error, "the people and groups could not be loaded; those before stay in force");
            }
            (TroubleTurn::Ended, _) => tracing::info!("the people and groups are in order again"),
            (TroubleTurn::Began | TroubleTurn::Changed | TroubleTurn::None, _) => {}
        }
    }
}

/// Warns of contradictions between the people and groups of files and those of the API. Many of both take a while to be held against each other.
pub(crate) async fn warn_of_people(gateway: &Gateway) {
    let directory = gateway.directory();
    let warnings = gateway.aside(move || directory.warnings()).await;
    for text in warnings.iter().flatten().take(MAX_WARNINGS) {
        tracing::warn!("{text}");
    }
    warn_of_approvals(gateway).await;
}

fn broke_off() -> ConfigError {
    ConfigError::Unreadable("reading the file of people broke off".into())
}
