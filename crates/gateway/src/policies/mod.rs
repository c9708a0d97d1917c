//! What decides about actions, as one value in memory: rules, switches, silences, time intervals, quotas.
//!
//! The hot path loads it without a lock. Whenever a document changes, here or in another process, what changed since the revision that this
//! value stands at is read and put into a copy that shares the rest; a revision is known only once its changes are in force. Whenever rules
//! are loaded they take the place of those before.

mod grants;
mod hold_back;
mod intervals;
mod patterns;
mod preview;
mod quotas;
mod room;
mod silence;
mod silences;
#[cfg(test)]
mod tests;
mod toggles;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use acteon_core::limits::MAX_ASIDE;
use acteon_core::{Action, Outcome, ProviderName, Scope, Timestamp};
use acteon_rules::{Facts, Matcher, OnMute, Rule, RuleSet};
use acteon_store::{Document, DocumentChanges, DocumentKind, Put, Store, StoreError};
use arc_swap::ArcSwap;
use rpds::HashTrieMapSync;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, Semaphore};

use crate::gateway::{Gateway, Inner};
use crate::offload;
use crate::reloads::{Reloads, TroubleTurn};
pub(crate) use hold_back::{HoldBack, Postponed};
use intervals::Intervals;
use quotas::Quotas;
use room::Pending;
use silences::Silences;

pub use intervals::StoredInterval;
pub use preview::SilencePreview;
pub use quotas::{OverageSpec, Quota, QuotaChange, QuotaUsage, Window};
pub use silence::{Silence, SilenceChange};

/// Something for each namespace and tenant.
type ByTenant<T> = HashTrieMapSync<Box<str>, HashTrieMapSync<Box<str>, T>>;

/// Everything that decides. Cloning is cheap.
#[derive(Clone, Default)]
pub(crate) struct Policies {
    /// The rules as their files say.
    loaded: RuleSet,
    /// The rules with what was switched on and off.
    pub(crate) rules: RuleSet,
    toggles: BTreeMap<String, bool>,
    pub(crate) silences: Silences,
    pub(crate) intervals: Intervals,
    pub(crate) quotas: Quotas,
    /// Revision of the documents that are in here; `None` before any were read.
    revision: Option<i64>,
    /// Grows with each change of documents that this process takes over.
    generation: u64,
}

/// What was found out about an action: no silence holds it back. It stays so until documents change, or a silence begins.
#[derive(Clone, Copy)]
pub(crate) struct Unsilenced {
    generation: u64,
    from: Timestamp,
    until: Option<Timestamp>,
}

impl Unsilenced {
    fn holds(&self, policies: &Policies, now: Timestamp) -> bool {
        // After a step back of the clock a silence may hold that had ended.
        self.generation == policies.generation
            && self.from <= now
            && self.until.is_none_or(|until| now < until)
    }
}

/// The current policies.
pub(crate) struct CurrentPolicies {
    current: ArcSwap<Policies>,
    changing: Mutex<()>,
    /// How changes of documents were read.
    reloads: Reloads,
    /// Turns for work that takes long and changes nothing.
    aside: Arc<Semaphore>,
    pending: std::sync::Mutex<Pending>,
}

impl Default for CurrentPolicies {
    fn default() -> Self {
        let (current, changing, reloads, pending) = Default::default();
        Self {
            current,
            changing,
            reloads,
            aside: Arc::new(Semaphore::new(MAX_ASIDE)),
            pending,
        }
    }
}

/// A change of a document that was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// There is no such document in this scope.
    #[error("there is no such {0} in this scope")]
    NotFound(&'static str),
    /// Something is wrong with it.
    #[error("{field} {message}")]
    Invalid {
        /// The field.
        field: String,
        /// What is wrong and what was expected.
        message: String,
    },
    /// The caller's grants do not cover what it would use or hold back.
    #[error("forbidden: {0}")]
    Forbidden(String),
    /// It stands against another.
    #[error("{0}")]
    Conflict(String),
    /// The store did not take it.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl PolicyError {
    pub(crate) fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid {
            field: field.into(),
            message: message.into(),
        }
    }
}

impl CurrentPolicies {
    pub(crate) fn load(&self) -> arc_swap::Guard<Arc<Policies>> {
        self.current.load()
    }

    pub(crate) fn load_full(&self) -> Arc<Policies> {
        self.current.load_full()
    }

    /// Reads what changed in the documents and takes it over. Until that is done it counts as not known.
    pub(crate) async fn refresh(
        &self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let _changing = self.changing.lock().await;
        let before = self.current.load_full();
        let changes = store.documents_since(before.revision.unwrap_or(-1)).await;
        self.note(changes.as_ref().err(), now);
        let changes = changes?;
        let next = offload::by_size(cost(&changes), || {
            before.with_compiled(&changes, now, &|text| self.pending_pattern(text))
        });
        self.current.store(Arc::new(next));
        Ok(())
    }

    /// Takes over other rules.
    pub(crate) async fn set_rules(&self, rules: RuleSet) {
        let _changing = self.changing.lock().await;
        let before = self.current.load_full();
        let policies = Policies {
            rules: rules.with_toggles(&before.toggles),
            loaded: rules,
            ..(*before).clone()
        };
        self.current.store(Arc::new(policies));
    }

    /// Notes whether changes can be read.
    fn note(&self, error: Option<&StoreError>, now: Timestamp) {
        let error = error.map(ToString::to_string);
        match self.reloads.count(error.clone(), now) {
            TroubleTurn::Began => {
                tracing::error!(
                    error,
                    "changes of silences, quotas and time intervals could not be read; the earlier ones hold for now"
                );
            }
            TroubleTurn::Ended => {
                tracing::info!("changes of silences, quotas and time intervals are read again")
            }
            TroubleTurn::None | TroubleTurn::Changed => {}
        }
    }
}

impl Policies {
    /// These policies with what changed.
    #[cfg(test)]
    fn with(&self, changes: &DocumentChanges, now: Timestamp) -> Self {
        self.with_compiled(changes, now, &|_| None)
    }

    /// The same, where some patterns may be compiled already.
    fn with_compiled(
        &self,
        changes: &DocumentChanges,
        now: Timestamp,
        compiled: &dyn Fn(&str) -> Option<Matcher>,
    ) -> Self {
        let mut next = self.clone();
        if changes.whole {
            (next.toggles, next.silences, next.intervals, next.quotas) = Default::default();
        }
        let mut switched = changes.whole;
        // Deletions first: a document that is there was made anew after it was deleted.
        for (kind, id) in &changes.deleted {
            match kind {
                DocumentKind::Silence => next.silences.remove(id),
                DocumentKind::TimeInterval => next.intervals.remove(id),
                DocumentKind::Quota => next.quotas.remove(id),
                DocumentKind::RuleToggle => switched |= next.toggles.remove(id).is_some(),
            }
        }
        for document in &changes.documents {
            match document.kind {
                DocumentKind::Silence => next.silences.put(document, now, compiled),
                DocumentKind::TimeInterval => next.intervals.put(document),
                DocumentKind::Quota => next.quotas.put(document),
                DocumentKind::RuleToggle => switched |= toggles::put(&mut next.toggles, document),
            }
        }
        next.silences.forget_ended(now);
        if switched {
            next.rules = next.loaded.with_toggles(&next.toggles);
        }
        next.revision = Some(changes.revision);
        next.generation += 1;
        next
    }

    /// These policies with the silences that held an action back at an instant and have ended since. To be called beside what serves others.
    pub(crate) fn as_of(&self, at: Timestamp, action: &Action) -> Self {
        let mut then = self.clone();
        then.silences.hold_as_of(at, action);
        then
    }

    /// What holds an action back that goes through `provider` because of `rule`: looked at before every attempt. `known` is what the last look
    /// at the same action and provider found, and is told what this one does.
    pub(crate) fn hold_back(
        &self,
        action: &Action,
        provider: &ProviderName,
        rule: Option<&Rule>,
        now: Timestamp,
        known: &mut Option<Unsilenced>,
    ) -> Option<HoldBack> {
        if !self.silences.is_empty_for(action) && !known.is_some_and(|known| known.holds(self, now))
        {
            let looked = || {
                self.silences
                    .matching(&Facts::through(action, provider, now))
                    .map(|silence| silence.id.clone())
            };
            if let Some(silence_id) = offload::by_size(self.silences.cost(action), looked) {
                let matched_rule = rule.map(|rule| rule.name().to_string());
                return Some(HoldBack::ForGood(Outcome::Silenced {
                    silence_id,
                    matched_rule,
                }));
            }
            *known = Some(Unsilenced {
                generation: self.generation,
                from: now,
                until: self.silences.next_start(now),
            });
        }
        self.muted(action, rule?, now)
    }

    /// What a rule's time intervals do to an action at `now`.
    fn muted(&self, action: &Action, rule: &Rule, now: Timestamp) -> Option<HoldBack> {
        let interval = |name: &str| {
            self.intervals
                .find(action, name)
                .or_else(|| self.rules.interval(name))
        };
        let muting = rule.muting(interval, now)?;
        let until = if muting.on_mute == OnMute::Postpone {
            rule.mutes_until(interval, now)
        } else {
            None
        };
        Some(HoldBack::of_muting(&muting, until, rule))
    }
}

/// Pause before what could not be read is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Follows the documents as they change, here or in another process. A change that could not be read is tried again until it can.
pub(crate) async fn follow(inner: Arc<Inner>) {
    loop {
        let stopped = inner.stopped.notified();
        if inner.is_stopping() {
            return;
        }
        let known = inner.policies.load().revision.unwrap_or(-1);
        let changed = if inner.policies.reloads.trouble().is_some() {
            // Nothing need have changed for them to be readable again.
            Ok(known)
        } else {
            tokio::select! {
                biased;
                changed = inner.store.documents_changed(known) => changed,
                () = stopped => return,
            }
        };
        let refreshed = match changed {
            Ok(_) => {
                inner
                    .policies
                    .refresh(&*inner.store, inner.clock.now())
                    .await
            }
            Err(error) => {
                inner.policies.note(Some(&error), inner.clock.now());
                Err(error)
            }
        };
        if refreshed.is_err() && !inner.sleep(PAUSE).await {
            return;
        }
    }
}

/// Tries before a change that others keep overtaking is given up.
const TRIES: usize = 8;

impl Gateway {
    /// The rules in force.
    pub fn rules(&self) -> RuleSet {
        self.inner.policies.load().rules.clone()
    }

    /// Puts other rules in force, between two decisions.
    pub async fn set_rules(&self, rules: RuleSet) {
        self.inner.policies.set_rules(rules).await;
    }

    /// How changes of policies were read. Where they cannot be at present, the earlier ones hold.
    pub fn policy_reloads(&self) -> &Reloads {
        &self.inner.policies.reloads
    }

    /// Does work that takes long on a thread of its own, so that it stops nobody; a few at a time. `None` when it broke off.
    pub async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let turn = Arc::clone(&self.inner.policies.aside)
            .acquire_owned()
            .await
            .ok()?;
        let work = move || {
            // Held until it is done, also when nobody waits for it any more.
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work).await.ok()
    }

    /// Writes a document, if there is room for it beside those there are. `before` is its version and its bytes, where it is there.
    async fn put<T: Serialize>(
        &self,
        kind: DocumentKind,
        (id, name): (&str, &str),
        body: &T,
        before: Option<(i64, usize)>,
    ) -> Result<Put, PolicyError> {
        let body =
            serde_json::to_string(body).map_err(|error| StoreError::Engine(error.to_string()))?;
        let (version, bytes) = before.unwrap_or_default();
        let _room = self.inner.policies.document_room(
            kind,
            usize::from(before.is_none()),
            body.len().saturating_sub(bytes),
        )?;
        let document = Document {
            kind,
            id: id.into(),
            name: name.into(),
            body,
            version,
        };
        let put = self.inner.store.put_document(document).await?;
        self.take_over_changes().await;
        Ok(put)
    }

    /// Takes over what was just written. Should that fail, `follow` tries on: what is written stays written.
    async fn take_over_changes(&self) {
        drop(
            self.inner
                .policies
                .refresh(&*self.inner.store, self.inner.clock.now())
                .await,
        );
    }

    /// Changes a document, as it stands in the store.
    async fn change<T: Serialize + DeserializeOwned>(
        &self,
        kind: DocumentKind,
        id: &str,
        mut change: impl FnMut(&mut T) -> Result<(), PolicyError>,
    ) -> Result<T, PolicyError> {
        for _ in 0..TRIES {
            let document = self
                .inner
                .store
                .document(kind, id)
                .await?
                .ok_or(PolicyError::NotFound(word(kind)))?;
            let mut value: T = serde_json::from_str(&document.body)
                .map_err(|error| StoreError::Engine(error.to_string()))?;
            change(&mut value)?;
            if let Put::Written(_) = self
                .put(
                    kind,
                    (id, &document.name),
                    &value,
                    Some((document.version, document.body.len())),
                )
                .await?
            {
                return Ok(value);
            }
        }
        Err(PolicyError::Store(StoreError::Busy))
    }

    async fn delete(&self, kind: DocumentKind, id: &str) -> Result<(), PolicyError> {
        let deleted = self.inner.store.delete_document(kind, id, None).await?;
        self.take_over_changes().await;
        if deleted {
            Ok(())
        } else {
            Err(PolicyError::NotFound(word(kind)))
        }
    }
}

/// What it takes to take changes over, as bytes of a payload that take as long. To compile a pattern takes milliseconds.
fn cost(changes: &DocumentChanges) -> usize {
    let has_pattern = |document: &Document| {
        document.kind == DocumentKind::Silence && document.body.contains("regex")
    };
    let bytes = |document: &Document| {
        if has_pattern(document) {
            offload::LARGE
        } else {
            document.body.len()
        }
    };
    changes.documents.iter().map(bytes).sum()
}

const fn word(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Silence => "silence",
        DocumentKind::TimeInterval => "time interval",
        DocumentKind::Quota => "quota",
        DocumentKind::RuleToggle => "rule",
    }
}

/// What a document says; one that cannot be read is logged, and counts as absent.
fn parsed<T: DeserializeOwned>(document: &Document) -> Option<T> {
    match serde_json::from_str(&document.body) {
        Ok(value) => Some(value),
        Err(error) => {
            tracing::error!(kind = document.kind.as_str(), id = document.id, %error, "a document cannot be read and has no effect");
            None
        }
    }
}

/// A tenant, and by dots those above it, nearest first.
fn with_those_above(tenant: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(tenant), |tenant| {
        tenant.rfind('.').map(|dot| &tenant[..dot])
    })
}

/// Refuses a thing that belongs to a scope which the caller may not touch.
fn check_scope(
    scope: &Scope,
    namespace: &str,
    tenant: &str,
    what: &'static str,
) -> Result<(), PolicyError> {
    if scope.covers_scope(namespace, tenant) {
        Ok(())
    } else {
        Err(PolicyError::NotFound(what))
    }
}
