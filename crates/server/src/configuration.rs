//! The configuration in force: read anew when somebody asks, for secrets that have changed.
//!
//! All of the file is read and checked before any of it counts. Then providers whose settings changed are replaced by others of the same name, and the
//! log follows. What only a start can change is told, and stays as it is.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use acteon_core::{Clock as _, Provider, ProviderName, SystemClock};
use acteon_crypto::KeyRing;
use acteon_gateway::{Gateway, GatewayOptions, Reloads, TroubleTurn};
use acteon_providers::Context;
use arc_swap::ArcSwap;

use crate::calendars::warn_of_calendars;
use crate::config::{Changes, Config, ConfigError, Reread, Said};
use crate::logging;
use crate::people::warn_of_people;
use crate::reading::Reading;

/// Source of the configuration, and how the last reading of it went.
pub(crate) struct ConfigurationLoader {
    /// Reads the configuration again; `None` where it is from no file.
    reread: Option<Reread>,
    shared: Arc<Context>,
    /// Key ring of envelopes, shared with all who open or make any.
    keys: Arc<ArcSwap<KeyRing>>,
    in_force: Mutex<Said>,
    reading: Reading,
    /// Number of settings that wait for the next start.
    at_start: AtomicUsize,
    reloads: Reloads,
    clock: SystemClock,
}

impl ConfigurationLoader {
    /// Loader of a configuration whose values `said` are in force.
    pub(crate) fn new(
        reread: Option<Reread>,
        shared: Arc<Context>,
        keys: Arc<ArcSwap<KeyRing>>,
        said: Said,
    ) -> Self {
        let (reloads, clock) = (Reloads::default(), SystemClock::new());
        reloads.count(None, clock.now());
        let (in_force, reading) = (Mutex::new(said), Reading::default());
        Self {
            reread,
            shared,
            keys,
            in_force,
            reading,
            at_start: AtomicUsize::new(0),
            reloads,
            clock,
        }
    }

    /// Successes and failures of the readings; `None` where there is no file.
    pub(crate) fn reloads(&self) -> Option<&Reloads> {
        self.reread.as_ref().map(|_| &self.reloads)
    }

    /// Number of settings of the file, as it was read last, that take effect at the next start.
    pub(crate) fn waiting_for_start(&self) -> usize {
        self.at_start.load(Ordering::Relaxed)
    }

    /// Reads the configuration and puts in force what has changed; with any error nothing changes.
    /// `None` where there is no file.
    pub(crate) async fn reload(&self, gateway: &Gateway) -> Result<Option<Changes>, ConfigError> {
        let Some(reread) = self.reread.clone() else {
            return Ok(None);
        };
        let shared = Arc::clone(&self.shared);
        let (_turn, read) = self.reading.read(move || reread(&shared)).await;
        let read = read.unwrap_or_else(|unread| {
            Err(ConfigError::Unreadable(
                unread.of("the configuration, or a file that it names,"),
            ))
        });
        let turn = self.reloads.count(
            read.as_ref().err().map(ConfigError::places),
            self.clock.now(),
        );
        let config = read.inspect_err(|error| tracing::error!(%error, "the configuration could not be read anew; nothing has changed"))?;
        if turn == TroubleTurn::Ended {
            tracing::info!("the configuration is in order again");
        }
        let Config {
            providers,
            said,
            keys,
            log_level,
            gateway: GatewayOptions { calendars, .. },
            ..
        } = config;
        gateway.set_calendars(calendars).await;
        let people = {
            let in_force = self.in_force.lock().unwrap_or_else(PoisonError::into_inner);
            in_force.people_to(&said).cloned()
        };
        if let Some(people) = &people {
            gateway.set_roster(people).await;
        }
        let changes = {
            let mut in_force = self.in_force.lock().unwrap_or_else(PoisonError::into_inner);
            let mut changes = in_force.changes_to(&said, self.shared.send_limit());
            let providers = providers
                .into_iter()
                .map(|provider| (provider.name, provider.provider))
                .collect();
            replace(gateway, providers, &mut changes);
            self.keys.store(Arc::new(keys));
            if !logging::follow(log_level.as_deref()) {
                let unheeded = std::mem::take(&mut changes.others).into_iter();
                changes.at_start.extend(unheeded.map(|(section, key)| {
                    format!("{section}.{key}, and without RUST_LOG, which wins")
                }));
            }
            in_force.follow(&said, &changes);
            self.at_start
                .store(changes.at_start.len(), Ordering::Relaxed);
            changes
        };
        tell(&changes);
        warn_of_calendars(gateway).await;
        if changes.people {
            warn_of_people(gateway).await;
        }
        Ok(Some(changes))
    }
}

/// Replaces the providers that have changed. Calls that have begun end with the provider that they
/// began with.
fn replace(
    gateway: &Gateway,
    mut providers: BTreeMap<ProviderName, Arc<dyn Provider>>,
    changes: &mut Changes,
) {
    let names: Vec<ProviderName> = changes.providers.keys().cloned().collect();
    for name in names {
        let Some(Err(error)) = providers
            .remove(&name)
            .map(|provider| gateway.replace_provider(&name, provider))
        else {
            continue;
        };
        let keys = changes.providers.remove(&name).unwrap_or_default();
        changes
            .at_start
            .push(format!("{name}: {}, since {error}", keys.join(", ")));
    }
}

fn tell(changes: &Changes) {
    let Changes {
        providers,
        calendars,
        people,
        others,
        at_start,
    } = changes;
    if *changes == Changes::default() {
        tracing::info!("the configuration was read anew; nothing in it has changed");
    }
    for (name, keys) in providers {
        tracing::info!(provider = %name, changed = keys.join(", "), "changed settings of this provider are in force for its next call");
    }
    for name in calendars {
        tracing::info!(
            calendar = name,
            "changed days of this calendar are in force"
        );
    }
    if *people {
        tracing::info!("changed people and groups are in force");
    }
    for (section, key) in others {
        tracing::info!(
            changed = format!("{section}.{key}"),
            "a changed setting is in force"
        );
    }
    for key in at_start {
        tracing::warn!(
            setting = key,
            "a changed setting needs a restart: until then what was before stays in force"
        );
    }
}
