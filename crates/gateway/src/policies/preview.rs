//! Preview of a silence: what it would have held back, by a bounded look at the journal, off the
//! threads that serve others.

use acteon_core::limits::{MAX_PATTERN_STEPS, MAX_PREVIEW_BYTES};
use acteon_core::{ActionId, Scope, covers_tenant};
use acteon_rules::{Facts, Matcher, Steps};
use acteon_store::{HistoryFilter, PageRequest, Record, StoreError};
use serde::Serialize;

use super::Silence;
use crate::policies::error::PolicyError;
use crate::shared::Gateway;

/// Most ids that a preview shows.
const EXAMPLES: usize = 10;
/// Rows read at a time.
const PAGE: usize = 50;

/// Preview of a silence: how many of the latest actions it would have held back.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SilencePreview {
    /// Number of actions that it would have held back.
    pub matched: usize,
    /// Number of actions that were looked at.
    pub looked_at: usize,
    /// Ids of some of those that match, newest first.
    pub examples: Vec<ActionId>,
    /// Names of matchers of which none of those has anything: probably misspelt.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub on_none: Vec<String>,
    /// Whether fewer were looked at than was asked for, because they or the patterns are too large.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// Preview under way, and what it found.
struct PreviewPass {
    matchers: Vec<Matcher>,
    /// Whether an action was seen that has something at a matcher's name, for each of them.
    seen: Vec<bool>,
    tenant: String,
    /// Steps of pattern searches, for all records together.
    steps: Steps,
    bytes: usize,
    preview: SilencePreview,
}

impl Gateway {
    /// Preview of a silence over the latest actions.
    pub async fn preview_silence(
        &self,
        scope: &Scope,
        silence: &Silence,
        last: usize,
    ) -> Result<SilencePreview, PolicyError> {
        let (silence, matchers) = self.compiled(silence.clone()).await?;
        let mut filter = HistoryFilter::of(scope.clone());
        filter.scope.namespace = acteon_core::Namespace::parse(&silence.namespace).ok();
        let steps = Steps::new(MAX_PATTERN_STEPS);
        let seen = vec![false; matchers.len()];
        let mut look = PreviewPass {
            matchers,
            seen,
            tenant: silence.tenant.clone(),
            steps,
            bytes: 0,
            preview: SilencePreview::default(),
        };
        let (mut after, mut left) = (None, last);
        while left > 0 && !look.preview.cut {
            let request = PageRequest {
                after,
                offset: 0,
                limit: left.min(PAGE),
                count: false,
            };
            let page = self.inner.store.history(filter.clone(), request).await?;
            left = left.saturating_sub(page.records.len());
            let looked = self.aside(move || look.at(&page.records)).await;
            look = looked.ok_or_else(|| StoreError::Engine("the preview broke off".into()))?;
            let Some(next) = page.next else { break };
            after = Some(next);
        }
        let unseen = silence
            .matchers
            .iter()
            .zip(&look.seen)
            .filter(|(_, seen)| !**seen && look.preview.looked_at > 0);
        look.preview.on_none = unseen.map(|(matcher, _)| matcher.name.clone()).collect();
        Ok(look.preview)
    }
}

impl PreviewPass {
    fn at(mut self, records: &[Record]) -> Self {
        for record in records {
            self.bytes += record.action.payload.get().len();
            if self.bytes > MAX_PREVIEW_BYTES {
                self.preview.cut = true;
                return self;
            }
            if covers_tenant(&self.tenant, record.action.tenant.as_str()) {
                self.one(record);
            }
        }
        self
    }

    fn one(&mut self, record: &Record) {
        let facts = Facts::through(&record.action, &record.provider, record.accepted_at);
        for (matcher, seen) in self.matchers.iter().zip(&mut self.seen) {
            *seen = *seen || matcher.is_on(&facts);
        }
        for matcher in &self.matchers {
            match matcher.matches_within(&facts, &self.steps) {
                Some(true) => {}
                Some(false) => {
                    self.preview.looked_at += 1;
                    return;
                }
                None => {
                    self.preview.cut = true;
                    return;
                }
            }
        }
        self.preview.looked_at += 1;
        self.preview.matched += 1;
        if self.preview.examples.len() < EXAMPLES {
            self.preview.examples.push(record.action.id.clone());
        }
    }
}
