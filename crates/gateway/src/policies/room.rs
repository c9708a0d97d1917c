//! Room for documents: what those of a kind take together, and the patterns of silences. It is taken before a document is written and given back
//! when the gateway has taken the document over, so that changes at the same time do not pass the limits together.

use std::sync::PoisonError;

use acteon_core::limits::{
    MAX_CHAINS, MAX_CHAINS_BYTES, MAX_DOCUMENTS, MAX_DOCUMENTS_BYTES, MAX_PATTERNS_BYTES,
    MAX_TEMPLATES_BYTES, MAX_UNFILED_SILENCES,
};
use acteon_rules::{Matcher, is_filed_by_some};
use acteon_store::DocumentKind;

use super::document::kind_name;
use crate::policies::current::{CurrentPolicies, Policies};
use crate::policies::error::PolicyError;
use crate::policies::pending::Pending;

/// Room for a document, or for more of it. Given back when it is dropped.
pub(super) struct DocumentRoom<'a> {
    policies: &'a CurrentPolicies,
    kind: DocumentKind,
    count: usize,
    bytes: usize,
}

/// Room for the patterns of a silence, and for itself where no value leads to it. Given back when it is dropped.
pub(super) struct SilenceRoom<'a> {
    policies: &'a CurrentPolicies,
    matchers: Vec<Matcher>,
    unfiled: Option<(String, String)>,
}

impl CurrentPolicies {
    /// Takes room for so many more documents and bytes. What grows by nothing always has it.
    pub(super) fn document_room(
        &self,
        kind: DocumentKind,
        count: usize,
        bytes: usize,
    ) -> Result<DocumentRoom<'_>, PolicyError> {
        let mut pending = self.pending();
        let (there, there_bytes) = self.load().sizes(kind);
        let (coming, coming_bytes) = pending.documents.entry(kind.as_str()).or_default();
        let what = kind_name(kind);
        let most = max_count(kind);
        if count > 0 && there + *coming + count > most {
            return Err(PolicyError::Conflict(format!(
                "there are {most} {what}s, which is the limit"
            )));
        }
        if bytes > 0 && there_bytes + *coming_bytes + bytes > max_bytes(kind) {
            let limit = max_bytes(kind) / (1024 * 1024);
            return Err(PolicyError::Conflict(format!(
                "the {what}s together take {limit} MiB, which is the limit"
            )));
        }
        *coming += count;
        *coming_bytes += bytes;
        Ok(DocumentRoom {
            policies: self,
            kind,
            count,
            bytes,
        })
    }

    /// Takes room for a silence that is to hold, and does not yet.
    pub(super) fn silence_room(
        &self,
        namespace: &str,
        tenant: &str,
        matchers: Vec<Matcher>,
    ) -> Result<SilenceRoom<'_>, PolicyError> {
        let mut pending = self.pending();
        let policies = self.load();
        let silences = &policies.silences;
        let unfiled =
            (!is_filed_by_some(&matchers)).then(|| (namespace.to_owned(), tenant.to_owned()));
        if let Some(scope) = &unfiled {
            let coming = pending.unfiled.get(scope).copied().unwrap_or(0);
            if silences.unfiled(namespace, tenant) + coming >= MAX_UNFILED_SILENCES {
                return Err(PolicyError::Conflict(format!(
                    "{MAX_UNFILED_SILENCES} silences of namespace {namespace:?} and tenant {tenant:?} are held against each of its actions, which is \
                     the limit; give this one a matcher with \"op\": \"equal\", or end others"
                )));
            }
        }
        let before = pending.patterns.bytes();
        for matcher in &matchers {
            if matcher
                .pattern()
                .is_some_and(|(text, _)| silences.pattern(text).is_none())
            {
                pending.patterns.add(matcher);
            }
        }
        let grows = pending.patterns.bytes() > before;
        let too_many =
            grows && silences.patterns_bytes() + pending.patterns.bytes() > MAX_PATTERNS_BYTES;
        let matchers = matchers.into_iter().filter(|matcher| {
            matcher
                .pattern()
                .is_some_and(|(text, _)| silences.pattern(text).is_none())
        });
        let matchers: Vec<Matcher> = matchers.collect();
        if too_many {
            for matcher in &matchers {
                pending.patterns.remove(matcher);
            }
            let limit = MAX_PATTERNS_BYTES / (1024 * 1024);
            return Err(PolicyError::Conflict(format!(
                "the patterns of all silences take {limit} MiB compiled, which is the limit"
            )));
        }
        if let Some(scope) = &unfiled {
            *pending.unfiled.entry(scope.clone()).or_default() += 1;
        }
        Ok(SilenceRoom {
            policies: self,
            matchers,
            unfiled,
        })
    }

    /// A pattern of a document that is being written.
    pub(super) fn pending_pattern(&self, text: &str) -> Option<Matcher> {
        self.pending().patterns.find(text)
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Most documents of a kind.
const fn max_count(kind: DocumentKind) -> usize {
    match kind {
        DocumentKind::Silence
        | DocumentKind::TimeInterval
        | DocumentKind::Quota
        | DocumentKind::RuleToggle
        | DocumentKind::Template
        | DocumentKind::TemplateProfile
        | DocumentKind::Person
        | DocumentKind::PeopleGroup => MAX_DOCUMENTS,
        DocumentKind::Chain => MAX_CHAINS,
    }
}

/// Most bytes that the documents of a kind take together.
const fn max_bytes(kind: DocumentKind) -> usize {
    match kind {
        DocumentKind::Silence
        | DocumentKind::TimeInterval
        | DocumentKind::Quota
        | DocumentKind::RuleToggle
        | DocumentKind::Person
        | DocumentKind::PeopleGroup => MAX_DOCUMENTS_BYTES,
        DocumentKind::Template | DocumentKind::TemplateProfile => MAX_TEMPLATES_BYTES,
        DocumentKind::Chain => MAX_CHAINS_BYTES,
    }
}

impl Policies {
    /// Number of documents of a kind, and their bytes.
    fn sizes(&self, kind: DocumentKind) -> (usize, usize) {
        match kind {
            DocumentKind::Silence => self.silences.sizes(),
            DocumentKind::TimeInterval => self.intervals.sizes(),
            DocumentKind::Quota => self.quotas.sizes(),
            // There is one for a rule, and rules are files.
            DocumentKind::RuleToggle => (0, 0),
            DocumentKind::Template => self.templates.sizes()[0],
            DocumentKind::TemplateProfile => self.templates.sizes()[1],
            DocumentKind::Person => self.directory.sizes()[0],
            DocumentKind::PeopleGroup => self.directory.sizes()[1],
            DocumentKind::Chain => self.chains.sizes(),
        }
    }
}

impl Drop for DocumentRoom<'_> {
    fn drop(&mut self) {
        if let Some((coming, bytes)) = self
            .policies
            .pending()
            .documents
            .get_mut(self.kind.as_str())
        {
            *coming -= self.count;
            *bytes -= self.bytes;
        }
    }
}

impl Drop for SilenceRoom<'_> {
    fn drop(&mut self) {
        let mut pending = self.policies.pending();
        for matcher in &self.matchers {
            pending.patterns.remove(matcher);
        }
        if let Some(scope) = &self.unfiled
            && let Some(count) = pending.unfiled.get_mut(scope)
        {
            *count -= 1;
            if *count == 0 {
                pending.unfiled.remove(scope);
            }
        }
    }
}
