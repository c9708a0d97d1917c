//! Repairs of providers by people: a wrong secret, an address that is not trusted, a permission
//! that is gone.
//!
//! Such a failure says nothing about the action, and all others would meet it as well. So the
//! action goes through a fallback, if one is configured and can take it; or it is *held*, if that
//! is what the configuration says: owed until it is too old, and due as soon as the provider works
//! again. That is found out by a *trial* of one of those that are held: when a process starts,
//! since its configuration may have changed, when a health check passes, when its settings change,
//! or when a person says so. Once a call gets through, all others are due. What a provider needs is
//! a note in the store, so that it is known on every gateway, and after a restart.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use acteon_core::{LastError, Provider, ProviderError, ProviderName, with_causes};
use acteon_store::{Hasten, StoreError};

use crate::deliver::elsewhere::{Elsewhere, elsewhere};
use crate::deliver::end::{End, put_off};
use crate::deliver::job::Job;
use crate::deliver::to_repair::{OnRepairable, RepairNote, ToRepair};
use crate::registry::ProviderEntry;
use crate::shared::{Gateway, Inner};

/// Pause between two looks at a provider that was to be repaired.
pub(crate) const LOOK_EVERY: Duration = Duration::from_mins(1);

/// Rows made due in one call of the store.
const AT_ONCE: usize = 1000;

/// Pause before the store is asked again.
pub(crate) const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Time for which it is remembered that a provider is to be repaired, and that it was.
const NOTE_KEEPS: (Duration, Duration) = (Duration::from_hours(30 * 24), Duration::from_hours(1));

const NOTE_PREFIX: &str = "repair:";

impl Gateway {
    /// Providers that people must repair before they can send, with what is wrong.
    pub fn to_repair(&self) -> Vec<(ProviderName, ToRepair)> {
        let entries = self.inner.providers.entries();
        entries
            .filter_map(|entry| Some((entry.name.clone(), entry.repair.needed()?)))
            .collect()
    }

    /// Tries a provider again that was to be repaired, with the first of what is owed to it: a person says that it works. Does nothing to one that
    /// needs no repair.
    pub async fn try_again(&self, provider: &ProviderName) -> Result<(), StoreError> {
        match self.inner.providers.get(provider) {
            Some(entry) if entry.repair.is_needed() => {
                // Where nothing is owed, their word is all that there is.
                if try_one(&self.inner, entry, true).await? == 0 {
                    works_again(&self.inner, entry, &entry.provider());
                }
                Ok(())
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// End of an action whose provider is to be repaired; `None` where it goes on through another.
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
                durable_retry: true,
            })
        }
        Elsewhere::Nowhere => Some(End::failed(error)),
    }
}

/// Marks a provider as to be repaired, unless another has taken its place since the failed call began.
pub(crate) fn met(
    inner: &Arc<Inner>,
    entry: &Arc<ProviderEntry>,
    provider: &Arc<dyn Provider>,
    error: &ProviderError,
) {
    let repair = &entry.repair;
    let mut state = repair.lock();
    if !entry.in_force.is(provider) {
        return;
    }
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

/// Makes due what is owed to a provider that was to be repaired, or for which an earlier process
/// may have held actions: a call got through to it. Unless another has taken its place meanwhile.
pub(crate) fn works_again(
    inner: &Arc<Inner>,
    entry: &Arc<ProviderEntry>,
    provider: &Arc<dyn Provider>,
) {
    let repair = &entry.repair;
    if repair.may_be_owed.load(Ordering::Relaxed)
        && entry.in_force.is(provider)
        && repair.may_be_owed.swap(false, Ordering::Relaxed)
    {
        hasten_soon(inner, entry);
    }
    if !repair.is_needed() {
        return;
    }
    {
        let mut state = repair.lock();
        if !entry.in_force.is(provider) || std::mem::replace(&mut state.is_ending, true) {
            return;
        }
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
                // It failed once more meanwhile, or another took its place, or the next process finds out.
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

/// Makes an action due that was held, and is so in the store, if the provider was found to work
/// again meanwhile: either this sees under the lock that nothing is needed, or whoever says so
/// afterwards finds the action.
pub(crate) fn was_held(inner: &Arc<Inner>, entry: &Arc<ProviderEntry>) {
    let is_needed = entry.repair.lock().needed.is_some();
    if !is_needed {
        hasten_soon(inner, entry);
    }
}

fn hasten_soon(inner: &Arc<Inner>, entry: &ProviderEntry) {
    let (task, name) = (Arc::clone(inner), entry.name.clone());
    inner.spawn(async move { hasten_all(&task, &name, true).await });
}

/// Looks at the providers that are to be repaired.
pub(crate) fn look(inner: &Arc<Inner>) {
    for entry in inner
        .providers
        .entries()
        .filter(|entry| entry.repair.is_needed())
    {
        let (task, entry) = (Arc::clone(inner), Arc::clone(entry));
        tokio::spawn(async move { check(&task, &entry).await });
    }
}

/// Checks a provider that is to be repaired. Where the check passes, one action is tried; where none is owed, and nobody is sent elsewhere, a check
/// that proves something is enough.
pub(crate) async fn check(inner: &Arc<Inner>, entry: &Arc<ProviderEntry>) {
    let (provider, finding) = entry
        .last_check
        .finding(&entry.in_force, &inner.clock)
        .await;
    if finding.is_err() || !entry.repair.is_needed() {
        return;
    }
    match try_one(inner, entry, true).await {
        Ok(0) if entry.fallback.is_none() && provider.check_proves_sending() => {
            works_again(inner, entry, &provider);
        }
        Ok(_) => {}
        Err(error) => inner.could_not_for(
            &entry.name,
            "what is owed to a provider could not be looked for; trying again",
            &error,
        ),
    }
}

/// Makes one of those due that are owed to a provider, and lets it through; says how many there were.
pub(crate) async fn try_one(
    inner: &Inner,
    entry: &ProviderEntry,
    maybe_sent: bool,
) -> Result<usize, StoreError> {
    if let Some(breaker) = &entry.breaker {
        breaker.try_now(inner.clock.monotonic());
    }
    let hasten = Hasten {
        provider: entry.name.clone(),
        now: inner.due.now(),
        limit: 1,
        maybe_sent,
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
                inner.could_not_for(provider, "what waits for a provider that works again could not be made due; trying again", &error);
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
    load_all_notes(inner).await?;
    for entry in inner.providers.entries() {
        let holds = inner.options.retry.on_repairable(&entry.name) == OnRepairable::Hold;
        if entry.repair.is_needed() || holds {
            let found = try_one(inner, entry, true).await?;
            entry.repair.may_be_owed.store(found > 0, Ordering::Relaxed);
        }
    }
    Ok(())
}

/// Takes over what other gateways found out.
pub(crate) async fn load_notes(inner: &Arc<Inner>) {
    if inner.store.is_shared()
        && let Err(error) = load_all_notes(inner).await
    {
        tracing::debug!(error = %with_causes(&error), "which providers are to be repaired could not be read");
    }
}

async fn load_all_notes(inner: &Arc<Inner>) -> Result<(), StoreError> {
    for entry in inner.providers.entries() {
        if let Some(text) = inner
            .store
            .note(&note_name(entry), inner.clock.now())
            .await?
            && let Ok(note) = serde_json::from_str(&text)
            && entry.repair.adopt(note)
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

fn note_name(entry: &ProviderEntry) -> String {
    format!("{NOTE_PREFIX}{}", entry.name)
}

/// Tells the others, and later processes, however often it takes.
fn tell_soon(inner: &Arc<Inner>, entry: &Arc<ProviderEntry>) {
    let (task, entry) = (Arc::clone(inner), Arc::clone(entry));
    inner.spawn(async move {
        loop {
            let (needed, changed_at) = {
                let state = entry.repair.lock();
                (state.needed.clone(), state.changed_at)
            };
            let keeps = if needed.is_some() { NOTE_KEEPS.0 } else { NOTE_KEEPS.1 };
            let Ok(text) = serde_json::to_string(&RepairNote { needed, changed_at }) else { return };
            match task.store.put_note(&note_name(&entry), &text, task.clock.now() + keeps).await {
                Ok(()) => return,
                Err(error) => tracing::debug!(provider = %entry.name, error = %with_causes(&error), "that a provider is to be repaired could not be told"),
            }
            if !task.sleep(STORE_PAUSE).await {
                return;
            }
        }
    });
}
