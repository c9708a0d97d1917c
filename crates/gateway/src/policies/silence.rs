//! Silences: what one is, and what may be wrong with it.

use acteon_core::limits::{
    MAX_DOCUMENT_BYTES, MAX_DOCUMENT_TEXT_BYTES, MAX_MATCHERS, MAX_NAME_BYTES,
};
use acteon_core::{Timestamp, check_ends};
use acteon_rules::{MatchOp, Matcher, MatcherSpec};
use serde::{Deserialize, Serialize};

use crate::history::redaction::Redaction;
use crate::policies::error::PolicyError;

/// Silence, as the store keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Silence {
    /// Id, made by the gateway.
    pub id: String,
    /// Namespace whose actions it holds back.
    pub namespace: String,
    /// Tenant whose actions it holds back, with those below it.
    pub tenant: String,
    /// Matchers, all of which must match.
    pub matchers: Vec<MatcherSpec>,
    /// Instant from which it holds.
    pub starts_at: Timestamp,
    /// Instant from which it no longer holds.
    pub ends_at: Timestamp,
    /// Name of the API key that made it.
    pub created_by: String,
    /// Comment that says why it was made.
    pub comment: String,
    /// Instant at which it was made.
    pub created_at: Timestamp,
    /// Instant at which it was changed last.
    pub updated_at: Timestamp,
    /// Instant at which somebody ended it for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
}

/// Change of a silence; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct SilenceChange {
    /// Instant from which it no longer holds.
    pub ends_at: Option<Timestamp>,
    /// Comment that says why it was made.
    pub comment: Option<String>,
}

impl Silence {
    /// Whether it holds at `now`.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.starts_at <= now && now < self.ends_at
    }

    /// Refuses another end to what somebody ended for good: who did so does not expect it back.
    pub(super) fn may_end_at(&self, ends_at: Option<Timestamp>) -> Result<(), PolicyError> {
        match self.deleted_at.filter(|_| ends_at.is_some()) {
            Some(deleted_at) => Err(PolicyError::Conflict(format!(
                "the silence was deleted at {deleted_at}; make a new one"
            ))),
            None => Ok(()),
        }
    }

    /// Compiles its matchers. `known` may have a matcher with a pattern of that text.
    pub(super) fn compile(
        &self,
        known: &mut dyn FnMut(&str) -> Option<Matcher>,
    ) -> Result<Vec<Matcher>, PolicyError> {
        if self.matchers.is_empty() || self.matchers.len() > MAX_MATCHERS {
            return Err(PolicyError::invalid(
                "matchers",
                format!("must be a list of 1 to {MAX_MATCHERS}"),
            ));
        }
        let compile = |(index, spec): (usize, &MatcherSpec)| {
            Matcher::compile_with(spec, known).map_err(|error| {
                PolicyError::invalid(&format!("matchers[{index}]"), error.to_string())
            })
        };
        self.matchers.iter().enumerate().map(compile).collect()
    }

    /// Compiles it, unless something is wrong. What is redacted cannot be looked at: whoever sees what a silence holds back would read it.
    pub(super) fn check(
        &self,
        redaction: &Redaction,
        known: &mut dyn FnMut(&str) -> Option<Matcher>,
    ) -> Result<Vec<Matcher>, PolicyError> {
        self.check_times()?;
        let bytes: usize = self
            .matchers
            .iter()
            .map(|matcher| matcher.name.len() + matcher.value.len())
            .sum();
        if bytes > MAX_DOCUMENT_BYTES / 2 {
            let limit = MAX_DOCUMENT_BYTES / 2;
            return Err(PolicyError::invalid(
                "matchers",
                format!("must be at most {limit} bytes together, are {bytes}"),
            ));
        }
        for (index, matcher) in self.matchers.iter().enumerate() {
            check_ends(&matcher.name).map_err(|error| {
                PolicyError::invalid(&format!("matchers[{index}]"), format!("name {error}"))
            })?;
        }
        let matchers = self.compile(known)?;
        for (index, matcher) in matchers.iter().enumerate() {
            let (field, keys) = matcher.field();
            if redaction.touches(field, keys) {
                let name: String = self.matchers[index]
                    .name
                    .chars()
                    .take(MAX_NAME_BYTES)
                    .collect();
                return Err(PolicyError::invalid(
                    &format!("matchers[{index}]"),
                    format!("{name:?} is redacted, so it cannot be matched"),
                ));
            }
        }
        Ok(matchers)
    }

    pub(super) fn has_patterns(&self) -> bool {
        self.matchers
            .iter()
            .any(|matcher| matches!(matcher.op, MatchOp::Regex | MatchOp::NotRegex))
    }

    pub(super) fn check_times(&self) -> Result<(), PolicyError> {
        if self.ends_at <= self.starts_at {
            return Err(PolicyError::invalid(
                "ends_at",
                format!("must be after starts_at, which is {}", self.starts_at),
            ));
        }
        if self.comment.len() > MAX_DOCUMENT_TEXT_BYTES {
            let message = format!(
                "must be at most {MAX_DOCUMENT_TEXT_BYTES} bytes long, is {}",
                self.comment.len()
            );
            return Err(PolicyError::invalid("comment", message));
        }
        Ok(())
    }
}
