//! Providers that people must repair: a wrong secret, an address that is not trusted, a permission that is gone.
//!
//! Such a failure says nothing about the action, and all others would meet it as well. So the action goes through a fallback, if one is configured and
//! can take it; or it is *held*, if that is what the configuration says: owed until it is too old, and due as soon as the provider works again.
//! That is found out by a *trial* of one of those that are held: when a process starts, since its configuration may have changed, when a health
//! check passes, or when a person says so. Once a call gets through, all others are due. What a provider needs is a note in the store, so
//! that it is known on every gateway, and after a restart.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::{ErrorKind, LastError, ProviderError, ProviderName, Timestamp};
use acteon_store::{Hasten, StoreError};
use serde::{Deserialize, Serialize};

use crate::deliver::{End, Job, put_off};
use crate::elsewhere::{Elsewhere, elsewhere};
use crate::gateway::{Gateway, Inner};
use crate::registry::Entry;

/// How often a provider that was to be repaired is looked at.
pub(crate) const LOOK_EVERY: Duration = Duration::from_mins(1);
/// Rows made due in one call of the store.
const AT_ONCE: usize = 1000;
/// Pause before the store is asked again.
pub(crate) const STORE_PAUSE: Duration = Duration::from_secs(1);
/// How long it is remembered that a provider is to be repaired, and that it was.
const NOTE_KEEPS: (Duration, Duration) = (Duration::from_hours(30 * 24), Duration::from_hours(1));
const NOTE_PREFIX: &str = "repair:";

/// What happens to an action whose provider is to be repaired, and that no fallback takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnRepairable {
    /// It becomes a dead letter.
    #[default]
    Fail,
    /// It is owed until it is too old.
    Hold,
}

/// What people must repair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToRepair {
    /// Since when.
    pub since: Timestamp,
    /// The code of the failure.
    pub code: String,
    /// What was wrong, and what to do.
    pub message: String,
    /// What to do.
    pub advice: Option<String>,
}

/// Whether a provider is to be repaired.
#[derive(Default)]
pub(crate) struct Repair {
    /// Whether anything is needed, for those who ask often.
    is_needed: AtomicBool,
    /// Whether an earlier process may have held actions and died before it could tell.
    may_be_owed: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    needed: Option<ToRepair>,
    /// When that changed last, in due time, here or on another gateway.
    changed_at: Timestamp,
    /// Whether it is just being found that it works again.
    is_ending: bool,
}

/// What gateways tell each other.
#[derive(Serialize, Deserialize)]
struct Note {
    needed: Option<ToRepair>,
    changed_at: Timestamp,
}

impl Repair {
    pub(crate) fn is_needed(&self) -> bool {
        self.is_needed.load(Ordering::Relaxed)
    }

    pub(crate) fn needed(&self) -> Option<ToRepair> {
        if self.is_needed() {
            self.lock().needed.clone()
        } else {
            None
        }
    }

    fn set(&self, state: &mut State, needed: Option<ToRepair>, changed_at: Timestamp) {
        self.is_needed.store(needed.is_some(), Ordering::Relaxed);
        (state.needed, state.changed_at, state.is_ending) = (needed, changed_at, false);
    }

    /// Takes over what another gateway tells, or an earlier process told; says whether it was to be repaired and works again.
    fn hear(&self, note: Note) -> bool {
        let mut state = self.lock();
        if note.changed_at <= state.changed_at {
            return false;
        }
        let works_again = state.needed.is_some() && note.needed.is_none();
        self.set(&mut state, note.needed, note.changed_at);
        works_again
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gateway {
    /// The providers that people must repair before they can send, with what is wrong.
    pub fn to_repair(&self) -> Vec<(ProviderName, ToRepair)> {
        let entries = self.inner.providers.entries();
        entries
            .filter_map(|entry| Some((entry.name.clone(), entry.repair.needed()?)))
            .collect()
    }

    /// Tries a provider again that was to be repaired, with the first of what is owed to it: its settings have changed, or a person says that it
    /// works. Does nothing to one that needs no repair.
    pub async fn try_again(&self, provider: &ProviderName) -> Result<(), StoreError> {
        match self.inner.providers.get(provider) {
            Some(entry) if entry.repair.is_needed() => {
                // Where nothing is owed, their word is all that there is.
                if try_one(&self.inner, entry).await? == 0 {
                    works_again(&self.inner, entry);
                }
                Ok(())
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// What becomes of an action whose provider is to be repaired; `None` where it goes on through another.
pub(crate) async fn end_or_move(
    inner: &Arc<Inner>,
    job: &mut Job,
    error: &ProviderError,
) -> Option<End> {
    let policy = &inner.options.retry;
    match elsewhere(inner, job).await {
        Elsewhere::Moved => None,
        Elsewhere::StoreFailed => Some(put_off(inner, job, STORE_PAUSE)),
        Elsewhere::Nowhere
            if policy.durable && policy.on_repairable(&job.entry.name) == OnRepairable::Hold =>
        {
            let error = LastError {
                retryable: true,
                ..LastError::from(error)
            };
            Some(End::Again {
                due_at: job.give_up_at,
                error: Some(error),
                round: true,
            })
        }
        Elsewhere::Nowhere => Some(End::failed(error)),
    }
}

/// Notes that a provider is to be repaired.
pub(crate) fn met(inner: &Arc<Inner>, entry: &Arc<Entry>, error: &ProviderError) {
    let repair = &entry.repair;
    let mut state = repair.lock();
    let is_new = state.needed.is_none();
    let since = state
        .needed
        .as_ref()
        .map_or_else(|| inner.clock.now(), |needed| needed.since);
    let needed = ToRepair {
        since,
        code: error.kind().code().to_owned(),
        message: error.to_string(),
        advice: error.advice_text().map(str::to_owned),
    };
    let changed_at = inner
        .due
        .now()
        .max(state.changed_at + Duration::from_millis(1));
    repair.set(&mut state, Some(needed), changed_at);
    drop(state);
    if is_new {
        tracing::error!(provider = %entry.name, %error, "this provider must be repaired before it can send");
        tell_soon(inner, entry);
    }
}

/// A call got through to a provider that was to be repaired, or to one for which an earlier process may have held actions: what is owed to it is due.
pub(crate) fn works_again(inner: &Arc<Inner>, entry: &Arc<Entry>) {
    if entry.repair.may_be_owed.load(Ordering::Relaxed)
        && entry.repair.may_be_owed.swap(false, Ordering::Relaxed)
    {
        hasten_soon(inner, entry);
    }
    if !entry.repair.is_needed() || std::mem::replace(&mut entry.repair.lock().is_ending, true) {
        return;
    }
    let (inner, entry) = (Arc::clone(inner), Arc::clone(entry));
    let task = Arc::clone(&inner);
    task.spawn(async move {
        // First what is owed, so that nobody who looks in between takes it for done.
        hasten_all(&inner, &entry.name, true).await;
        {
            let repair = &entry.repair;
            let mut state = repair.lock();
            if !state.is_ending || inner.is_stopping() {
                // It failed once more meanwhile, or the next process finds out.
                return;
            }
            let changed_at = inner
                .due
                .now()
                .max(state.changed_at + Duration::from_millis(1));
            repair.set(&mut state, None, changed_at);
        }
        tracing::info!(provider = %entry.name, "this provider works again");
        tell_soon(&inner, &entry);
        // And what was held since the first look. Who holds one from now on sees that it works, and has it due (`was_held`).
        hasten_all(&inner, &entry.name, true).await;
    });
}

/// An action was held, and that is in the store. What was held while the provider was found to work again is due at once: either this
/// sees under the lock that nothing is needed, or whoever says so afterwards finds the action.
pub(crate) fn was_held(inner: &Arc<Inner>, entry: &Arc<Entry>) {
    let is_needed = entry.repair.lock().needed.is_some();
    if !is_needed {
        hasten_soon(inner, entry);
    }
}

fn hasten_soon(inner: &Arc<Inner>, entry: &Entry) {
    let (task, name) = (Arc::clone(inner), entry.name.clone());
    inner.spawn(async move { hasten_all(&task, &name, true).await });
}

/// Looks at those that are to be repaired.
pub(crate) fn look(inner: &Arc<Inner>) {
    for entry in inner
        .providers
        .entries()
        .filter(|entry| entry.repair.is_needed())
    {
        let (task, entry) = (Arc::clone(inner), Arc::clone(entry));
        tokio::spawn(async move {
            if entry.last_check.finding(&entry, &task.clock).await.is_ok() {
                check_passed(&task, &entry).await;
            }
        });
    }
}

/// A health check passed: one action is tried. Where none is owed, and nobody is sent elsewhere, a check that proves something is enough.
async fn check_passed(inner: &Arc<Inner>, entry: &Arc<Entry>) {
    if !entry.repair.is_needed() {
        return;
    }
    match try_one(inner, entry).await {
        Ok(0) if entry.fallback.is_none() && entry.provider.check_proves_sending() => {
            works_again(inner, entry)
        }
        Ok(_) => {}
        Err(error) => {
            tracing::warn!(provider = %entry.name, %error, "what is owed to a provider could not be looked for")
        }
    }
}

/// Makes one of those due that are owed to a provider, and lets it through; says how many there were.
async fn try_one(inner: &Inner, entry: &Entry) -> Result<usize, StoreError> {
    if let Some(breaker) = &entry.breaker {
        breaker.try_now(inner.clock.monotonic());
    }
    let hasten = Hasten {
        provider: entry.name.clone(),
        now: inner.due.now(),
        limit: 1,
        maybe_sent: true,
    };
    let count = inner.store.hasten(hasten).await?;
    inner.work.notify_one();
    Ok(count)
}

/// Makes all due that wait for a further attempt at a provider, however often the store must be asked, unless a stop begins.
pub(crate) async fn hasten_all(inner: &Inner, provider: &ProviderName, maybe_sent: bool) {
    loop {
        let hasten = Hasten {
            provider: provider.clone(),
            now: inner.due.now(),
            limit: AT_ONCE,
            maybe_sent,
        };
        match inner.store.hasten(hasten).await {
            Ok(count) if count < AT_ONCE => break,
            Ok(_) => inner.work.notify_one(),
            Err(error) => {
                tracing::warn!(%provider, %error, "what waits for a provider that works again could not be made due; trying again");
                if !inner.sleep(STORE_PAUSE).await {
                    return;
                }
            }
        }
    }
    inner.work.notify_one();
}

/// Continues where an earlier process stood. Its settings may have changed, so one action is tried; also where it may have held some and
/// died before it could tell, and then the first call that gets through has the others due.
pub(crate) async fn recall(inner: &Arc<Inner>) -> Result<(), StoreError> {
    hear_all(inner).await?;
    for entry in inner.providers.entries() {
        let holds = inner.options.retry.on_repairable(&entry.name) == OnRepairable::Hold;
        if entry.repair.is_needed() || holds {
            let found = try_one(inner, entry).await?;
            entry.repair.may_be_owed.store(found > 0, Ordering::Relaxed);
        }
    }
    Ok(())
}

/// Takes over what other gateways found out.
pub(crate) async fn hear(inner: &Arc<Inner>) {
    if inner.store.is_shared()
        && let Err(error) = hear_all(inner).await
    {
        tracing::debug!(%error, "which providers are to be repaired could not be read");
    }
}

async fn hear_all(inner: &Arc<Inner>) -> Result<(), StoreError> {
    for entry in inner.providers.entries() {
        if let Some(text) = inner
            .store
            .note(&note_name(entry), inner.clock.now())
            .await?
            && let Ok(note) = serde_json::from_str(&text)
            && entry.repair.hear(note)
        {
            // What this gateway held after the other one had looked.
            hasten_soon(inner, entry);
        }
    }
    Ok(())
}

/// Whether a note of this name tells of a provider that is to be repaired.
pub(crate) fn is_note(name: &str) -> bool {
    name.starts_with(NOTE_PREFIX)
}

fn note_name(entry: &Entry) -> String {
    format!("{NOTE_PREFIX}{}", entry.name)
}

/// Tells the others, and later processes, however often it takes.
fn tell_soon(inner: &Arc<Inner>, entry: &Arc<Entry>) {
    let (task, entry) = (Arc::clone(inner), Arc::clone(entry));
    inner.spawn(async move {
        loop {
            let (needed, changed_at) = {
                let state = entry.repair.lock();
                (state.needed.clone(), state.changed_at)
            };
            let keeps = if needed.is_some() { NOTE_KEEPS.0 } else { NOTE_KEEPS.1 };
            let Ok(text) = serde_json::to_string(&Note { needed, changed_at }) else { return };
            match task.store.put_note(&note_name(&entry), &text, task.clock.now() + keeps).await {
                Ok(()) => return,
                Err(error) => tracing::debug!(provider = %entry.name, %error, "that a provider is to be repaired could not be told"),
            }
            if !task.sleep(STORE_PAUSE).await {
                return;
            }
        }
    });
}

/// Whether a failure, or none, says that what was to be repaired works.
pub(crate) fn shows_that_it_works(error: Option<&ProviderError>) -> bool {
    error.is_none_or(|error| match error.kind() {
        ErrorKind::ExecutionFailed | ErrorKind::NotFound | ErrorKind::Serialization => {
            !error.is_to_repair() && !error.was_maybe_sent()
        }
        ErrorKind::Configuration
        | ErrorKind::RateLimited
        | ErrorKind::Timeout
        | ErrorKind::Connection => false,
    })
}
