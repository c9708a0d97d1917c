//! Silences: what matches one does not leave.

use std::collections::HashMap;
use std::sync::Arc;

use acteon_core::limits::{MAX_DOCUMENTS, MAX_LABEL_BYTES, MAX_MATCHERS};
use acteon_core::{Action, ActionId, Scope, Timestamp, covers_tenant};
use acteon_rules::{Facts, Matcher, MatcherSpec};
use acteon_store::{Document, DocumentKind, HistoryFilter, PageRequest, Put};
use serde::{Deserialize, Serialize};

use super::{PolicyError, parsed};
use crate::gateway::Gateway;

/// A silence.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Silence {
    /// Its id.
    pub id: String,
    /// Exactly this namespace.
    pub namespace: String,
    /// This tenant and those below it.
    pub tenant: String,
    /// All must match.
    pub matchers: Vec<MatcherSpec>,
    /// From when it holds.
    pub starts_at: Timestamp,
    /// From when it no longer holds.
    pub ends_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// Why.
    pub comment: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// What of a silence may be changed.
#[derive(Clone, Debug, Default)]
pub struct SilenceChange {
    /// Another end.
    pub ends_at: Option<Timestamp>,
    /// Another comment.
    pub comment: Option<String>,
}

/// How many of the latest actions a silence would have held back.
#[derive(Clone, Debug, Serialize)]
pub struct SilencePreview {
    /// How many.
    pub matched: usize,
    /// Of how many.
    pub looked_at: usize,
    /// Some of them, newest first.
    pub examples: Vec<ActionId>,
}

/// Most ids that a preview shows.
const EXAMPLES: usize = 10;

#[derive(Clone, Default)]
pub(crate) struct Silences {
    all: Arc<Vec<Silence>>,
    compiled: Arc<HashMap<String, Vec<Compiled>>>,
}

struct Compiled {
    place: usize,
    matchers: Vec<Matcher>,
}

impl Silence {
    /// Whether it holds at `now`.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.starts_at <= now && now < self.ends_at
    }

    fn compile(&self) -> Result<Vec<Matcher>, PolicyError> {
        if self.matchers.is_empty() || self.matchers.len() > MAX_MATCHERS {
            return Err(PolicyError::invalid("matchers", format!("must be a list of 1 to {MAX_MATCHERS}")));
        }
        let compile = |(index, spec): (usize, &MatcherSpec)| {
            Matcher::compile(spec).map_err(|error| PolicyError::invalid(&format!("matchers[{index}]:"), error.to_string()))
        };
        self.matchers.iter().enumerate().map(compile).collect()
    }

    fn check(&self) -> Result<Vec<Matcher>, PolicyError> {
        if self.ends_at <= self.starts_at {
            return Err(PolicyError::invalid("ends_at", format!("must be after starts_at, which is {}", self.starts_at)));
        }
        if self.comment.len() > MAX_LABEL_BYTES {
            return Err(PolicyError::invalid("comment", format!("must be at most {MAX_LABEL_BYTES} bytes long")));
        }
        self.compile()
    }
}

impl Silences {
    /// What has ended is kept for looking, and not compiled.
    pub(super) fn read(documents: &[Document], now: Timestamp) -> Self {
        let all: Vec<Silence> = parsed(documents).collect();
        let mut compiled: HashMap<String, Vec<Compiled>> = HashMap::new();
        for (place, silence) in all.iter().enumerate().filter(|(_, silence)| now < silence.ends_at) {
            match silence.compile() {
                Ok(matchers) => compiled.entry(silence.namespace.clone()).or_default().push(Compiled { place, matchers }),
                Err(error) => tracing::error!(silence = silence.id, %error, "a silence cannot be read and has no effect"),
            }
        }
        Self { all: Arc::new(all), compiled: Arc::new(compiled) }
    }

    pub(crate) fn is_empty_for(&self, action: &Action) -> bool {
        self.compiled.is_empty() || !self.compiled.contains_key(action.namespace.as_str())
    }

    /// The first silence that holds an action back.
    pub(crate) fn matching(&self, facts: &Facts<'_>) -> Option<&Silence> {
        let action = facts.action();
        let candidates = self.compiled.get(action.namespace.as_str())?;
        let found = candidates.iter().find(|candidate| {
            let silence = &self.all[candidate.place];
            silence.is_active(facts.now())
                && covers_tenant(&silence.tenant, action.tenant.as_str())
                && candidate.matchers.iter().all(|matcher| matcher.matches(facts))
        });
        found.map(|candidate| &self.all[candidate.place])
    }
}

impl Gateway {
    /// The silences of a scope: those that hold now, or all.
    pub fn silences(&self, scope: &Scope, all: bool) -> Vec<Silence> {
        let now = self.inner.clock.now();
        let policies = self.inner.policies.load();
        let covered = policies.silences.all.iter().filter(|silence| scope.covers_scope(&silence.namespace, &silence.tenant));
        covered.filter(|silence| all || silence.is_active(now)).cloned().collect()
    }

    /// One silence.
    pub fn silence(&self, scope: &Scope, id: &str) -> Result<Silence, PolicyError> {
        self.silences(scope, true).into_iter().find(|silence| silence.id == id).ok_or(PolicyError::NotFound("silence"))
    }

    /// Makes a silence; its id is made here.
    pub async fn create_silence(&self, mut new: Silence) -> Result<Silence, PolicyError> {
        new.check()?;
        if self.inner.policies.load().silences.all.len() >= MAX_DOCUMENTS {
            return Err(PolicyError::Conflict(format!("there are {MAX_DOCUMENTS} silences, which is the limit")));
        }
        new.id = self.inner.entropy.action_id(self.inner.clock.now()).to_string();
        match self.put(DocumentKind::Silence, &new.id, &new.id, &new, 0).await? {
            Put::Written(_) => Ok(new),
            Put::Changed | Put::NameTaken => Err(PolicyError::Conflict("a silence has this id".into())),
        }
    }

    /// Changes end or comment of a silence.
    pub async fn update_silence(&self, scope: &Scope, id: &str, change: SilenceChange) -> Result<Silence, PolicyError> {
        self.silence(scope, id)?;
        let now = self.inner.clock.now();
        let apply = |silence: &mut Silence| {
            silence.ends_at = change.ends_at.unwrap_or(silence.ends_at);
            silence.comment = change.comment.clone().unwrap_or_else(|| silence.comment.clone());
            silence.updated_at = now;
            silence.check().map(drop)
        };
        self.change(DocumentKind::Silence, id, apply).await
    }

    /// Ends a silence now. It stays on record.
    pub async fn expire_silence(&self, scope: &Scope, id: &str) -> Result<(), PolicyError> {
        self.silence(scope, id)?;
        let now = self.inner.clock.now();
        let apply = |silence: &mut Silence| {
            silence.ends_at = silence.ends_at.min(now);
            silence.starts_at = silence.starts_at.min(now);
            silence.updated_at = now;
            Ok(())
        };
        self.change(DocumentKind::Silence, id, apply).await.map(drop)
    }

    /// How many of the latest actions a silence would have held back.
    pub async fn preview_silence(&self, scope: &Scope, silence: &Silence, last: usize) -> Result<SilencePreview, PolicyError> {
        let matchers = silence.check()?;
        let mut filter = HistoryFilter::of(scope.clone());
        filter.scope.namespace = acteon_core::Namespace::parse(&silence.namespace).ok();
        let page = self.inner.store.history(filter, PageRequest { after: None, offset: 0, limit: last, count: false }).await?;
        let records: Vec<_> = page.records.iter().filter(|record| covers_tenant(&silence.tenant, record.action.tenant.as_str())).collect();
        let matched = records.iter().filter(|record| {
            let facts = Facts::through(&record.action, &record.provider, record.accepted_at);
            matchers.iter().all(|matcher| matcher.matches(&facts))
        });
        let ids: Vec<ActionId> = matched.map(|record| record.action.id.clone()).collect();
        Ok(SilencePreview { matched: ids.len(), looked_at: records.len(), examples: ids.into_iter().take(EXAMPLES).collect() })
    }

    /// Forgets silences that ended before `before`.
    pub(crate) async fn forget_silences(&self, before: Timestamp) -> Result<(), PolicyError> {
        let policies = self.inner.policies.load_full();
        let over = |silence: &&Silence| silence.ends_at < before;
        let old: Vec<String> = policies.silences.all.iter().filter(over).map(|silence| silence.id.clone()).collect();
        if old.is_empty() {
            return Ok(());
        }
        for id in &old {
            self.inner.store.delete_document(DocumentKind::Silence, id).await?;
        }
        self.take_over_changes().await;
        Ok(())
    }
}
