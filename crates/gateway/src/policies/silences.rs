//! Silences: what matches one does not leave.

use std::sync::Arc;

use acteon_core::limits::{MAX_MATCHED_FIELD_BYTES, MAX_PATTERNS_BYTES};
use acteon_core::{Action, Timestamp, covers_tenant};
use acteon_rules::{Facts, Matcher, MatcherIndex};
use acteon_store::Document;
use rpds::RedBlackTreeMapSync;

use super::by_tenant::{ByTenant, change_of};
use super::patterns::Patterns;
use super::silence::Silence;
use crate::policies::document::{parsed, with_those_above};
use crate::policies::error::PolicyError;

#[derive(Clone, Default)]
pub(crate) struct Silences {
    pub(super) all: RedBlackTreeMapSync<Arc<str>, Arc<SilenceEntry>>,
    /// Silences that have not ended, by namespace and tenant.
    pub(super) held: ByTenant<MatcherIndex<Arc<SilenceEntry>>>,
    /// Silences by their ends.
    pub(super) ends: RedBlackTreeMapSync<(Timestamp, Arc<str>), ()>,
    /// Silences by their beginnings.
    pub(super) starts: RedBlackTreeMapSync<(Timestamp, Arc<str>), ()>,
    pub(super) patterns: Patterns,
    pub(super) bytes: usize,
}

pub(super) struct SilenceEntry {
    pub(super) silence: Silence,
    /// Matchers; empty for a silence that has ended or cannot be read.
    pub(super) matchers: Vec<Matcher>,
    pub(super) bytes: usize,
}

impl SilenceEntry {
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
        let entry = Arc::new(SilenceEntry {
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
            let entry = Arc::new(SilenceEntry {
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

    fn release(&mut self, id: &str, entry: &SilenceEntry) {
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
    fn index(
        &mut self,
        entry: &SilenceEntry,
        change: impl FnOnce(&mut MatcherIndex<Arc<SilenceEntry>>),
    ) {
        let Silence {
            namespace, tenant, ..
        } = &entry.silence;
        change_of(
            &mut self.held,
            (namespace, tenant),
            change,
            MatcherIndex::is_empty,
        );
    }

    #[cfg(test)]
    pub(super) fn all_count(&self) -> usize {
        self.all.size()
    }

    /// Number of the documents, and their bytes.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.all.size(), self.bytes)
    }

    /// Number of silences of a namespace and tenant that no value leads to.
    pub(super) fn unfiled(&self, namespace: &str, tenant: &str) -> usize {
        self.held
            .get(namespace)
            .and_then(|tenants| tenants.get(tenant))
            .map_or(0, MatcherIndex::unfiled)
    }

    /// Compiled pattern of a silence that has not ended.
    pub(super) fn pattern(&self, text: &str) -> Option<Matcher> {
        self.patterns.find(text)
    }

    pub(super) const fn patterns_bytes(&self) -> usize {
        self.patterns.bytes()
    }

    /// Whether a silence is looked at, now or later.
    pub(super) fn is_held(&self, id: &str) -> bool {
        self.all
            .get(id)
            .is_some_and(|entry| self.ends.contains_key(&(entry.silence.ends_at, id.into())))
    }

    /// Cost of a look at an action at most, in bytes of a payload that take as long to read.
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

    /// Instant at which the next silence begins that has not.
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

    /// Silence that holds an action back; of several the one with the lowest id, so that all
    /// gateways name the same.
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
