//! Silences: what matches one does not leave.

use std::sync::Arc;

use acteon_core::limits::{MAX_MATCHED_FIELD_BYTES, MAX_PATTERNS_BYTES};
use acteon_core::{Action, Scope, Timestamp, covers_tenant};
use acteon_rules::{Facts, Matcher, MatcherIndex};
use acteon_store::{Document, DocumentKind, Put, StoreError};
use rpds::RedBlackTreeMapSync;

use super::patterns::Patterns;
use super::silence::{Silence, SilenceChange};
use super::{ByTenant, PolicyError, parsed, with_those_above};
use crate::gateway::Gateway;

#[derive(Clone, Default)]
pub(crate) struct Silences {
    all: RedBlackTreeMapSync<Arc<str>, Arc<Entry>>,
    /// Those that have not ended, by namespace and tenant.
    held: ByTenant<MatcherIndex<Arc<Entry>>>,
    /// The same by their ends.
    ends: RedBlackTreeMapSync<(Timestamp, Arc<str>), ()>,
    /// The same by their beginnings.
    starts: RedBlackTreeMapSync<(Timestamp, Arc<str>), ()>,
    patterns: Patterns,
    bytes: usize,
}

struct Entry {
    silence: Silence,
    /// Empty for one that has ended or cannot be read.
    matchers: Vec<Matcher>,
    bytes: usize,
}

impl Entry {
    fn holds_back(&self, facts: &Facts<'_>) -> bool {
        self.silence.is_active(facts.now())
            && self
                .matchers
                .iter()
                .all(|matcher| matcher.matches(facts) == Some(true))
    }
}

impl Silences {
    /// Takes a silence over. What has ended is kept for looking, and not compiled.
    pub(super) fn put(
        &mut self,
        document: &Document,
        now: Timestamp,
        compiled: &dyn Fn(&str) -> Option<Matcher>,
    ) {
        let before = self.all.get(document.id.as_str()).cloned();
        self.remove(&document.id);
        let Some(silence) = parsed::<Silence>(document) else {
            return;
        };
        let of_before = |text: &str| {
            let matchers = before.iter().flat_map(|entry| &entry.matchers);
            matchers
                .into_iter()
                .find(|matcher| {
                    matcher
                        .pattern()
                        .is_some_and(|(pattern, _)| pattern == text)
                })
                .cloned()
        };
        let mut known = |text: &str| {
            self.patterns
                .find(text)
                .or_else(|| of_before(text))
                .or_else(|| compiled(text))
        };
        let compiled = if now < silence.ends_at {
            silence.compile(&mut known)
        } else {
            Ok(Vec::new())
        };
        let compiled = compiled.and_then(|matchers| self.check_patterns(matchers));
        let matchers = compiled.unwrap_or_else(|error| {
            tracing::error!(silence = silence.id, %error, "a silence cannot be used and has no effect");
            Vec::new()
        });
        let id: Arc<str> = document.id.as_str().into();
        let entry = Arc::new(Entry {
            silence,
            matchers,
            bytes: document.body.len(),
        });
        self.bytes += entry.bytes;
        self.all.insert_mut(Arc::clone(&id), Arc::clone(&entry));
        if !entry.matchers.is_empty() {
            entry
                .matchers
                .iter()
                .for_each(|matcher| self.patterns.add(matcher));
            self.ends
                .insert_mut((entry.silence.ends_at, Arc::clone(&id)), ());
            self.starts
                .insert_mut((entry.silence.starts_at, Arc::clone(&id)), ());
            self.index(&entry, |index| index.insert(&id, &entry.matchers, &entry));
        }
    }

    /// Holds an action back again by what held at an instant and has ended. Patterns beyond the limit are left out.
    pub(super) fn hold_as_of(&mut self, at: Timestamp, action: &Action) {
        let concerns = |silence: &Silence| {
            silence.namespace == action.namespace.as_str()
                && covers_tenant(&silence.tenant, action.tenant.as_str())
                && silence.is_active(at)
        };
        let ended = self
            .all
            .values()
            .filter(|entry| entry.matchers.is_empty() && concerns(&entry.silence));
        let ended: Vec<Silence> = ended.map(|entry| entry.silence.clone()).collect();
        for silence in ended {
            // What cannot be read held nothing back then either.
            let Ok(matchers) = silence.compile(&mut |text| self.patterns.find(text)) else {
                continue;
            };
            let Ok(matchers) = self.check_patterns(matchers) else {
                return;
            };
            for matcher in &matchers {
                self.patterns.add(matcher);
            }
            let id: Arc<str> = silence.id.as_str().into();
            let entry = Arc::new(Entry {
                silence,
                matchers,
                bytes: 0,
            });
            self.index(&entry, |index| index.insert(&id, &entry.matchers, &entry));
        }
    }

    /// Leaves out a silence whose patterns would take far more than the limit, wherever it came from: the others must go on. Gateways that make
    /// silences at the same time may pass the limit together, by little, and what one of them uses all must use.
    fn check_patterns(&self, matchers: Vec<Matcher>) -> Result<Vec<Matcher>, PolicyError> {
        let patterns = matchers.iter().filter_map(Matcher::pattern);
        let more: usize = patterns
            .filter(|(text, _)| self.patterns.find(text).is_none())
            .map(|(_, bytes)| bytes)
            .sum();
        if more > 0 && self.patterns.bytes() + more > 2 * MAX_PATTERNS_BYTES {
            let limit = 2 * MAX_PATTERNS_BYTES / (1024 * 1024);
            return Err(PolicyError::Conflict(format!(
                "the patterns of all silences take {limit} MiB compiled, twice the limit; end other silences, then change this one"
            )));
        }
        Ok(matchers)
    }

    pub(super) fn remove(&mut self, id: &str) {
        let Some(entry) = self.all.get(id).cloned() else {
            return;
        };
        self.bytes -= entry.bytes;
        self.all.remove_mut(id);
        self.release(id, &entry);
    }

    /// No longer holds back by what has ended.
    pub(super) fn forget_ended(&mut self, now: Timestamp) {
        while let Some((ends_at, id)) = self
            .ends
            .first()
            .map(|(end, ())| end.clone())
            .filter(|(ends_at, _)| *ends_at <= now)
        {
            match self.all.get(&id).cloned() {
                Some(entry) => self.release(&id, &entry),
                None => drop(self.ends.remove_mut(&(ends_at, id))),
            }
        }
    }

    fn release(&mut self, id: &str, entry: &Entry) {
        if self.ends.remove_mut(&(entry.silence.ends_at, id.into())) {
            self.starts
                .remove_mut(&(entry.silence.starts_at, id.into()));
            entry
                .matchers
                .iter()
                .for_each(|matcher| self.patterns.remove(matcher));
            self.index(entry, |index| index.remove(id, &entry.matchers));
        }
    }

    /// Changes the index that an entry belongs to.
    fn index(&mut self, entry: &Entry, change: impl FnOnce(&mut MatcherIndex<Arc<Entry>>)) {
        let Silence {
            namespace, tenant, ..
        } = &entry.silence;
        let mut tenants = self
            .held
            .get(namespace.as_str())
            .cloned()
            .unwrap_or_default();
        let mut index = tenants.get(tenant.as_str()).cloned().unwrap_or_default();
        change(&mut index);
        if index.is_empty() {
            tenants.remove_mut(tenant.as_str());
        } else {
            tenants.insert_mut(tenant.as_str().into(), index);
        }
        if tenants.is_empty() {
            self.held.remove_mut(namespace.as_str());
        } else {
            self.held.insert_mut(namespace.as_str().into(), tenants);
        }
    }

    #[cfg(test)]
    pub(super) fn all_count(&self) -> usize {
        self.all.size()
    }

    /// How many there are, and their bytes.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.all.size(), self.bytes)
    }

    /// How many of a namespace and tenant no value leads to.
    pub(super) fn unfiled(&self, namespace: &str, tenant: &str) -> usize {
        self.held
            .get(namespace)
            .and_then(|tenants| tenants.get(tenant))
            .map_or(0, MatcherIndex::unfiled)
    }

    /// A compiled pattern of a silence that has not ended.
    pub(super) fn pattern(&self, text: &str) -> Option<Matcher> {
        self.patterns.find(text)
    }

    pub(super) const fn patterns_bytes(&self) -> usize {
        self.patterns.bytes()
    }

    /// Whether a silence is looked at, now or later.
    fn is_held(&self, id: &str) -> bool {
        self.all
            .get(id)
            .is_some_and(|entry| self.ends.contains_key(&(entry.silence.ends_at, id.into())))
    }

    /// What a look at an action takes at most, as bytes of a payload that take as long to read.
    pub(super) fn cost(&self, action: &Action) -> usize {
        let Some(tenants) = self.held.get(action.namespace.as_str()) else {
            return 0;
        };
        let searching = |tenant: &str| tenants.get(tenant).map_or(0, MatcherIndex::searching);
        let searching: usize = with_those_above(action.tenant.as_str())
            .map(searching)
            .sum();
        let bytes = action.payload.get().len();
        bytes + bytes.min(MAX_MATCHED_FIELD_BYTES) * searching / 4
    }

    /// When the next silence begins that has not.
    pub(super) fn next_start(&self, now: Timestamp) -> Option<Timestamp> {
        let after = now + std::time::Duration::from_millis(1);
        self.starts
            .range((after, Arc::<str>::from(""))..)
            .next()
            .map(|((starts_at, _), ())| *starts_at)
    }

    pub(crate) fn is_empty_for(&self, action: &Action) -> bool {
        self.held.is_empty() || !self.held.contains_key(action.namespace.as_str())
    }

    /// The silence that holds an action back; of several the one with the lowest id, so that all gateways name the same.
    pub(crate) fn matching(&self, facts: &Facts<'_>) -> Option<&Silence> {
        let tenants = self.held.get(facts.action().namespace.as_str())?;
        let of = |tenant: &str| {
            tenants
                .get(tenant)?
                .first(facts, |entry| entry.holds_back(facts))
        };
        // The outermost first: those below cannot use up what its silences need.
        let levels: Vec<&str> = with_those_above(facts.action().tenant.as_str()).collect();
        let found = levels.into_iter().rev().filter_map(of);
        found
            .min_by_key(|(id, _)| *id)
            .map(|(_, entry)| &entry.silence)
    }
}

impl Gateway {
    /// The silences of a scope: those that hold now, or all.
    pub fn silences(&self, scope: &Scope, all: bool) -> Vec<Silence> {
        let now = self.inner.clock.now();
        let policies = self.inner.policies.load();
        let covered = policies.silences.all.values().map(|entry| &entry.silence);
        let covered =
            covered.filter(|silence| scope.covers_scope(&silence.namespace, &silence.tenant));
        covered
            .filter(|silence| all || silence.is_active(now))
            .cloned()
            .collect()
    }

    /// One silence.
    pub fn silence(&self, scope: &Scope, id: &str) -> Result<Silence, PolicyError> {
        let policies = self.inner.policies.load();
        let found = policies.silences.all.get(id).map(|entry| &entry.silence);
        let covered =
            found.filter(|silence| scope.covers_scope(&silence.namespace, &silence.tenant));
        covered.cloned().ok_or(PolicyError::NotFound("silence"))
    }

    /// Makes a silence; its id is made here.
    pub async fn create_silence(&self, new: Silence) -> Result<Silence, PolicyError> {
        self.create_silence_within(&Scope::everything(), new).await
    }

    /// Makes a silence, if a scope covers all that it can hold back.
    pub async fn create_silence_within(
        &self,
        scope: &Scope,
        new: Silence,
    ) -> Result<Silence, PolicyError> {
        let (mut new, matchers) = self.compiled(new).await?;
        self.may_change_silence(scope, &new, &matchers)?;
        let _room = self
            .inner
            .policies
            .silence_room(&new.namespace, &new.tenant, matchers)?;
        new.id = self
            .inner
            .entropy
            .action_id(self.inner.clock.now())
            .to_string();
        match self
            .put(DocumentKind::Silence, (&new.id, &new.id), &new, None)
            .await?
        {
            Put::Written(_) => Ok(new),
            Put::Changed | Put::NameTaken => {
                Err(PolicyError::Conflict("a silence has this id".into()))
            }
        }
    }

    /// Checks and compiles a silence, off the threads that serve others where it has patterns.
    pub(super) async fn compiled(
        &self,
        silence: Silence,
    ) -> Result<(Silence, Vec<Matcher>), PolicyError> {
        let inner = Arc::clone(&self.inner);
        let has_patterns = silence.has_patterns();
        let compile = move || {
            let policies = inner.policies.load_full();
            let matchers = silence.check(&inner.options.redaction, &mut |text| {
                policies.silences.pattern(text)
            })?;
            Ok((silence, matchers))
        };
        if !has_patterns {
            return compile();
        }
        self.aside(compile)
            .await
            .ok_or_else(|| StoreError::Engine("the silence could not be compiled".into()))?
    }

    /// Changes end or comment of a silence.
    pub async fn update_silence(
        &self,
        scope: &Scope,
        id: &str,
        change: SilenceChange,
    ) -> Result<Silence, PolicyError> {
        let (silence, matchers) = self.of_silence(scope, id).await?;
        silence.may_end_at(change.ends_at)?;
        let now = self.inner.clock.now();
        let begins_again = change.ends_at.is_some_and(|ends_at| now < ends_at)
            && !self.inner.policies.load().silences.is_held(id);
        let room = begins_again.then(|| {
            self.inner
                .policies
                .silence_room(&silence.namespace, &silence.tenant, matchers)
        });
        let _room = room.transpose()?;
        let apply = |silence: &mut Silence| {
            silence.may_end_at(change.ends_at)?;
            silence.ends_at = change.ends_at.unwrap_or(silence.ends_at);
            silence.comment = change
                .comment
                .clone()
                .unwrap_or_else(|| silence.comment.clone());
            silence.updated_at = now;
            silence.check_times()
        };
        self.change(DocumentKind::Silence, id, apply).await
    }

    /// Ends a silence now. It stays on record.
    pub async fn expire_silence(&self, scope: &Scope, id: &str) -> Result<(), PolicyError> {
        self.of_silence(scope, id).await?;
        let now = self.inner.clock.now();
        let apply = |silence: &mut Silence| {
            silence.ends_at = silence.ends_at.min(now);
            silence.starts_at = silence.starts_at.min(now);
            silence.deleted_at = silence.deleted_at.or(Some(now));
            silence.updated_at = now;
            Ok(())
        };
        self.change(DocumentKind::Silence, id, apply)
            .await
            .map(drop)
    }

    /// A silence that a scope may change, with its matchers.
    async fn of_silence(
        &self,
        scope: &Scope,
        id: &str,
    ) -> Result<(Silence, Vec<Matcher>), PolicyError> {
        let silence = self.silence(scope, id)?;
        let kept = self
            .inner
            .policies
            .load()
            .silences
            .all
            .get(id)
            .map(|entry| entry.matchers.clone())
            .unwrap_or_default();
        let matchers = if kept.is_empty() {
            self.recompiled(&silence).await?
        } else {
            kept
        };
        self.may_change_silence(scope, &silence, &matchers)?;
        Ok((silence, matchers))
    }

    /// The matchers of a silence that has ended.
    async fn recompiled(&self, silence: &Silence) -> Result<Vec<Matcher>, PolicyError> {
        let (inner, silence) = (Arc::clone(&self.inner), silence.clone());
        let compile =
            move || silence.compile(&mut |text| inner.policies.load().silences.pattern(text));
        self.aside(compile)
            .await
            .ok_or_else(|| StoreError::Engine("the silence could not be compiled".into()))?
    }

    /// Forgets silences that ended before `before`.
    pub(crate) async fn forget_silences(&self, before: Timestamp) -> Result<(), PolicyError> {
        let policies = self.inner.policies.load_full();
        let over = |(_, entry): &(&Arc<str>, &Arc<Entry>)| entry.silence.ends_at < before;
        let old: Vec<Arc<str>> = policies
            .silences
            .all
            .iter()
            .filter(over)
            .map(|(id, _)| Arc::clone(id))
            .collect();
        if old.is_empty() {
            return Ok(());
        }
        for id in &old {
            // Somebody may have given it another end since, or may do so now: only what was looked at is deleted.
            let Some(found) = self.inner.store.document(DocumentKind::Silence, id).await? else {
                continue;
            };
            if parsed::<Silence>(&found).is_some_and(|silence| silence.ends_at < before) {
                self.inner
                    .store
                    .delete_document(DocumentKind::Silence, id, Some(found.version))
                    .await?;
            }
        }
        self.take_over_changes().await;
        Ok(())
    }
}
