//! What decides about actions, as one value in memory: rules, switches, silences, time intervals, quotas.
//!
//! The hot path loads it without a lock. It is made anew from the store's documents whenever one changes, here or in another process, and
//! whenever rules are loaded.

mod intervals;
mod quotas;
mod silences;
mod toggles;

use std::collections::BTreeMap;
use std::sync::Arc;

use acteon_core::{Action, Outcome, ProviderName, Scope, Timestamp};
use acteon_rules::{Facts, Rule, RuleSet};
use acteon_store::{Document, DocumentKind, Put, Store, StoreError};
use arc_swap::ArcSwap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use crate::gateway::{Gateway, Inner};
use intervals::Intervals;
use quotas::Quotas;
use silences::Silences;

pub use intervals::StoredInterval;
pub use quotas::{OverageSpec, Quota, QuotaChange, QuotaUsage, Window};
pub use silences::{Silence, SilenceChange, SilencePreview};

/// Everything that decides.
#[derive(Default)]
pub(crate) struct Policies {
    /// The rules as their files say.
    loaded: RuleSet,
    /// The rules with what was switched on and off.
    pub(crate) rules: RuleSet,
    toggles: BTreeMap<String, bool>,
    pub(crate) silences: Silences,
    pub(crate) intervals: Intervals,
    pub(crate) quotas: Quotas,
    revision: i64,
}

/// The current policies.
#[derive(Default)]
pub(crate) struct CurrentPolicies {
    current: ArcSwap<Policies>,
    changing: Mutex<()>,
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
    /// It stands against another.
    #[error("{0}")]
    Conflict(String),
    /// The store did not take it.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl PolicyError {
    pub(crate) fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), message: message.into() }
    }
}

impl CurrentPolicies {
    pub(crate) fn load(&self) -> arc_swap::Guard<Arc<Policies>> {
        self.current.load()
    }

    pub(crate) fn load_full(&self) -> Arc<Policies> {
        self.current.load_full()
    }

    /// Reads the documents and takes them over.
    pub(crate) async fn refresh(&self, store: &dyn Store, revision: i64, now: Timestamp) -> Result<(), StoreError> {
        let _changing = self.changing.lock().await;
        let loaded = self.current.load().loaded.clone();
        let policies = Policies::read(store, loaded, revision.max(self.current.load().revision), now).await?;
        self.current.store(Arc::new(policies));
        Ok(())
    }

    /// Takes over other rules.
    pub(crate) async fn set_rules(&self, rules: RuleSet) {
        let _changing = self.changing.lock().await;
        let before = self.current.load_full();
        self.current.store(Arc::new(Policies {
            rules: rules.with_toggles(&before.toggles),
            loaded: rules,
            toggles: before.toggles.clone(),
            silences: before.silences.clone(),
            intervals: before.intervals.clone(),
            quotas: before.quotas.clone(),
            revision: before.revision,
        }));
    }
}

impl Policies {
    async fn read(store: &dyn Store, loaded: RuleSet, revision: i64, now: Timestamp) -> Result<Self, StoreError> {
        let toggles = toggles::read(&store.documents(DocumentKind::RuleToggle).await?);
        Ok(Self {
            rules: loaded.with_toggles(&toggles),
            loaded,
            toggles,
            silences: Silences::read(&store.documents(DocumentKind::Silence).await?, now),
            intervals: Intervals::read(&store.documents(DocumentKind::TimeInterval).await?),
            quotas: Quotas::read(&store.documents(DocumentKind::Quota).await?),
            revision,
        })
    }

    /// What holds an action back that goes through `provider` because of `rule`: looked at before every attempt.
    pub(crate) fn hold_back(&self, action: &Action, provider: &ProviderName, rule: Option<&Rule>, now: Timestamp) -> Option<Outcome> {
        let name = rule.map(|rule| rule.name().to_string());
        if !self.silences.is_empty_for(action) {
            let facts = Facts::through(action, provider, now);
            if let Some(silence) = self.silences.matching(&facts) {
                return Some(Outcome::Silenced { silence_id: silence.id.clone(), matched_rule: name });
            }
        }
        let (interval, reason) = self.muting(action, rule?, now)?;
        Some(Outcome::Muted { interval, reason: reason.into(), matched_rule: name })
    }

    /// The time interval by which a rule mutes at `now`. One that is not defined for the tenant mutes nothing: no message is lost to a name.
    fn muting(&self, action: &Action, rule: &Rule, now: Timestamp) -> Option<(String, &'static str)> {
        let interval = |name: &str| self.intervals.find(action, name).or_else(|| self.rules.interval(name));
        let matching = rule.mute_intervals().iter().find(|name| interval(name).is_some_and(|interval| interval.matches(now)));
        if let Some(name) = matching {
            return Some((name.to_string(), "mute_time_interval"));
        }
        let active = rule.active_intervals();
        let inside = active.iter().any(|name| interval(name).is_none_or(|interval| interval.matches(now)));
        (!active.is_empty() && !inside).then(|| (active[0].to_string(), "active_time_interval"))
    }
}

/// Follows the documents as they change, here or in another process.
pub(crate) async fn follow(inner: Arc<Inner>) {
    let mut known = inner.policies.load().revision;
    loop {
        let stopped = inner.stopped.notified();
        if inner.is_stopping() {
            return;
        }
        let changed = tokio::select! {
            biased;
            changed = inner.store.documents_changed(known) => changed,
            () = stopped => return,
        };
        let refreshed = match changed {
            Ok(revision) => {
                known = revision;
                inner.policies.refresh(&*inner.store, revision, inner.clock.now()).await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = refreshed {
            tracing::error!(%error, "changes of silences, quotas and time intervals could not be read; the earlier ones hold");
            inner.clock.sleep(std::time::Duration::from_secs(1)).await;
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

    async fn put<T: Serialize>(&self, kind: DocumentKind, id: &str, name: &str, body: &T, version: i64) -> Result<Put, PolicyError> {
        let body = serde_json::to_string(body).map_err(|error| StoreError::Engine(error.to_string()))?;
        let document = Document { kind, id: id.into(), name: name.into(), body, version };
        let put = self.inner.note_store(self.inner.store.put_document(document).await)?;
        self.take_over_changes().await;
        Ok(put)
    }

    /// Takes over what was just written. Should that fail, `follow` tries on: what is written stays written.
    async fn take_over_changes(&self) {
        if let Err(error) = self.inner.policies.refresh(&*self.inner.store, 0, self.inner.clock.now()).await {
            tracing::error!(%error, "a change was written but could not be read back; it holds as soon as it can");
        }
    }

    /// Changes a document that the scope covers, as it stands in the store.
    async fn change<T: Serialize + DeserializeOwned>(
        &self,
        kind: DocumentKind,
        id: &str,
        mut change: impl FnMut(&mut T) -> Result<(), PolicyError>,
    ) -> Result<T, PolicyError> {
        for _ in 0..TRIES {
            let documents = self.inner.store.documents(kind).await?;
            let document = documents.into_iter().find(|document| document.id == id).ok_or(PolicyError::NotFound(word(kind)))?;
            let mut value: T = serde_json::from_str(&document.body).map_err(|error| StoreError::Engine(error.to_string()))?;
            change(&mut value)?;
            if let Put::Written(_) = self.put(kind, id, &document.name, &value, document.version).await? {
                return Ok(value);
            }
        }
        Err(PolicyError::Store(StoreError::Busy))
    }

    async fn delete(&self, kind: DocumentKind, id: &str) -> Result<(), PolicyError> {
        let deleted = self.inner.note_store(self.inner.store.delete_document(kind, id).await)?;
        self.take_over_changes().await;
        if deleted { Ok(()) } else { Err(PolicyError::NotFound(word(kind))) }
    }
}

const fn word(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Silence => "silence",
        DocumentKind::TimeInterval => "time interval",
        DocumentKind::Quota => "quota",
        DocumentKind::RuleToggle => "rule",
    }
}

/// The documents that can be read; one that cannot is logged, and counts as absent.
fn parsed<T: DeserializeOwned>(documents: &[Document]) -> impl Iterator<Item = T> {
    documents.iter().filter_map(|document| match serde_json::from_str(&document.body) {
        Ok(value) => Some(value),
        Err(error) => {
            tracing::error!(kind = document.kind.as_str(), id = document.id, %error, "a document cannot be read and has no effect");
            None
        }
    })
}

/// Refuses a thing that belongs to a scope which the caller may not touch.
fn check_scope(scope: &Scope, namespace: &str, tenant: &str, what: &'static str) -> Result<(), PolicyError> {
    if scope.covers_scope(namespace, tenant) { Ok(()) } else { Err(PolicyError::NotFound(what)) }
}
